// Callbacks that are handed in as options, as Hocuspocus' provider takes them: each listens to the event of its name, with
// Hocuspocus' arguments.

import type { Awareness } from 'y-protocols/awareness';
import type { Access } from '../../shared/permission.js';

/** Somebody who has the document open: their Yjs client id beside what they have set of themselves. */
export type PresentState = { readonly clientId: number } & Readonly<Record<string, unknown>>;

interface ClosedEvent {
  readonly code: number;
  readonly reason: string;
}

export interface ProviderCallbacks {
  readonly onStatus?: ((event: { status: 'connected' | 'connecting' | 'disconnected' }) => void) | undefined;
  readonly onConnect?: (() => void) | undefined;
  readonly onDisconnect?: ((data: { event: ClosedEvent }) => void) | undefined;
  readonly onClose?: ((data: { event: ClosedEvent }) => void) | undefined;
  /** With a state in an object, as Hocuspocus has it; the event `synced` tells a boolean, as y-websocket has it. */
  readonly onSynced?: ((data: { state: boolean }) => void) | undefined;
  readonly onAuthenticated?: ((data: { scope: 'readonly' | 'read-write' }) => void) | undefined;
  readonly onAuthenticationFailed?: ((data: { reason: string }) => void) | undefined;
  readonly onAwarenessUpdate?: ((data: { states: PresentState[] }) => void) | undefined;
  readonly onAwarenessChange?: ((data: { states: PresentState[] }) => void) | undefined;
  readonly onUnsyncedChanges?: ((data: { number: number }) => void) | undefined;
  readonly onDestroy?: (() => void) | undefined;
}

/** What the callbacks listen to. */
interface Listenable {
  on(name: 'status', listener: NonNullable<ProviderCallbacks['onStatus']>): unknown;
  on(name: 'connect', listener: () => void): unknown;
  on(name: 'disconnect' | 'close', listener: (data: { event: ClosedEvent }) => void): unknown;
  on(name: 'synced', listener: (isSynced: boolean) => void): unknown;
  on(name: 'authenticated', listener: NonNullable<ProviderCallbacks['onAuthenticated']>): unknown;
  on(
    name: 'authenticationFailed',
    listener: NonNullable<ProviderCallbacks['onAuthenticationFailed']>,
  ): unknown;
  on(name: 'awarenessUpdate', listener: NonNullable<ProviderCallbacks['onAwarenessUpdate']>): unknown;
  on(name: 'awarenessChange', listener: NonNullable<ProviderCallbacks['onAwarenessChange']>): unknown;
  on(name: 'unsyncedChanges', listener: (count: number) => void): unknown;
  on(name: 'destroy', listener: () => void): unknown;
}

export const callbackNames = {
  onStatus: true,
  onConnect: true,
  onDisconnect: true,
  onClose: true,
  onSynced: true,
  onAuthenticated: true,
  onAuthenticationFailed: true,
  onAwarenessUpdate: true,
  onAwarenessChange: true,
  onUnsyncedChanges: true,
  onDestroy: true,
} as const satisfies Record<keyof ProviderCallbacks, true>;

/** The callbacks among options, and all other options. */
export function splitCallbacks<Options extends ProviderCallbacks>(
  options: Options,
): [callbacks: ProviderCallbacks, others: Omit<Options, keyof ProviderCallbacks>] {
  const isCallback = ([name]: [string, unknown]): boolean => Object.hasOwn(callbackNames, name);
  const entries = Object.entries(options);
  const others = Object.fromEntries(entries.filter((one) => !isCallback(one)));
  return [Object.fromEntries(entries.filter(isCallback)), others as Omit<Options, keyof ProviderCallbacks>];
}

/** Has each callback called from now on, until the provider is destroyed. */
export function listenWith(callbacks: ProviderCallbacks, provider: Listenable): void {
  const { onStatus, onConnect, onDisconnect, onClose, onSynced, onUnsyncedChanges, onDestroy } = callbacks;
  const { onAuthenticated, onAuthenticationFailed, onAwarenessUpdate, onAwarenessChange } = callbacks;
  if (onStatus) provider.on('status', onStatus);
  if (onConnect) provider.on('connect', onConnect);
  if (onDisconnect) provider.on('disconnect', onDisconnect);
  if (onClose) provider.on('close', onClose);
  if (onSynced) provider.on('synced', (state) => onSynced({ state }));
  if (onAuthenticated) provider.on('authenticated', onAuthenticated);
  if (onAuthenticationFailed) provider.on('authenticationFailed', onAuthenticationFailed);
  if (onAwarenessUpdate) provider.on('awarenessUpdate', onAwarenessUpdate);
  if (onAwarenessChange) provider.on('awarenessChange', onAwarenessChange);
  if (onUnsyncedChanges) provider.on('unsyncedChanges', (number) => onUnsyncedChanges({ number }));
  if (onDestroy) provider.on('destroy', () => onDestroy());
}

/** The right as Hocuspocus' provider calls it; undefined for none. */
export function scopeOf(access: Access | undefined): 'readonly' | 'read-write' | undefined {
  if (access === undefined || access === 'none') return undefined;
  return access === 'write' ? 'read-write' : 'readonly';
}

type AwarenessEvent = 'awarenessChange' | 'awarenessUpdate';

interface WithAwareness {
  readonly awareness: Awareness;
  /** Who listens, by event. */
  readonly _observers: ReadonlyMap<string, unknown>;
  emit(event: AwarenessEvent, data: [{ states: PresentState[] }]): void;
}

/**
 * Tells everybody's states under Hocuspocus' names: they are put together for those alone who listen. Returns what ends that.
 */
export function listenToAwareness(provider: WithAwareness): () => void {
  const { awareness } = provider;
  const telling = (event: AwarenessEvent) => (): void => {
    if (provider._observers.has(event)) provider.emit(event, [{ states: presentStates(awareness) }]);
  };
  const [onChange, onUpdate] = [telling('awarenessChange'), telling('awarenessUpdate')];
  awareness.on('change', onChange);
  awareness.on('update', onUpdate);
  return () => {
    awareness.off('change', onChange);
    awareness.off('update', onUpdate);
  };
}

/** Everybody who has the document open, oneself included, as Hocuspocus' provider tells it. */
function presentStates({ states }: Awareness): PresentState[] {
  return [...states].map(([clientId, state]) => ({ ...state, clientId }));
}
