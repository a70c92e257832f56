'use client';

// What is known of a document and its connection, as values that a component is rendered with.

import { equalityDeep } from 'lib0/function';
import { useCallback, useRef, useSyncExternalStore } from 'react';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { ConnectionState } from '../connection/connection-state.js';
import type { HeddleConnection } from '../provider/heddle-connection.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { SyncStatus } from '../provider/sync-status.js';
import { useProvider } from './server-context.js';

/** The Y.Doc of the document around, or of the provider handed in. */
export function useDoc(provider?: HeddleProvider): Y.Doc {
  return useProvider(provider).doc;
}

/** Where the document is kept, and why not. */
export function useSyncStatus(provider?: HeddleProvider): SyncStatus {
  const of = useProvider(provider);
  const subscribe = useCallback(
    (changed: () => void) => {
      of.on('sync-status', changed);
      return () => of.off('sync-status', changed);
    },
    [of],
  );
  const read = (): SyncStatus => of.status;
  return useSyncExternalStore(subscribe, read, read);
}

/** The connection that the document shares with others. Another one once, when the document has moved. */
export function useConnection(provider?: HeddleProvider): HeddleConnection {
  const of = useProvider(provider);
  const subscribe = useCallback(
    (changed: () => void) => {
      of.on('connection', changed);
      return () => of.off('connection', changed);
    },
    [of],
  );
  const read = (): HeddleConnection => of.connection;
  return useSyncExternalStore(subscribe, read, read);
}

/** The state of that connection. */
export function useConnectionState(provider?: HeddleProvider): ConnectionState {
  const connection = useConnection(provider);
  const subscribe = useCallback(
    (changed: () => void) => {
      connection.on('state', changed);
      return () => connection.off('state', changed);
    },
    [connection],
  );
  const read = (): ConnectionState => connection.state;
  return useSyncExternalStore(subscribe, read, read);
}

/** Somebody who has the document open. `State`: what the application sets; others may have set anything, or nothing. */
export interface Present<State extends object = Record<string, unknown>> {
  readonly clientId: number;
  readonly isSelf: boolean;
  /** As they have set it; not to be believed. */
  readonly state: Readonly<Partial<State>>;
}

/** Everybody who has the document open, oneself included, by client id. The same array until somebody changes. */
export function usePresence<State extends object = Record<string, unknown>>(
  provider?: HeddleProvider,
): readonly Present<State>[] {
  return useSelected<State, readonly Present<State>[]>(everybody, provider);
}

/** Oneself, as the others see it; undefined while they see nothing. The same object until something of it changes. */
export function useSelf<State extends object = Record<string, unknown>>(
  provider?: HeddleProvider,
): Present<State> | undefined {
  return useSelected<State, Present<State> | undefined>(self, provider);
}

/**
 * The others who have the document open, or what `select` makes of them. The component is rendered again only when that is
 * different, in depth: `select` may be a new function, and give a new object, each time.
 */
export function useOthers<State extends object = Record<string, unknown>>(
  select?: undefined,
  provider?: HeddleProvider,
): readonly Present<State>[];
export function useOthers<Selected, State extends object = Record<string, unknown>>(
  select: (others: readonly Present<State>[]) => Selected,
  provider?: HeddleProvider,
): Selected;
export function useOthers(
  select: (others: readonly Present[]) => unknown = everybody,
  provider?: HeddleProvider,
): unknown {
  return useSelected<Record<string, unknown>, unknown>((all) => select(others(all)), provider);
}

const everybody = <All>(all: All): All => all;
const others = (all: readonly Present[]): readonly Present[] => all.filter(({ isSelf }) => !isSelf);
const self = <State extends object>(all: readonly Present<State>[]): Present<State> | undefined =>
  all.find(({ isSelf }) => isSelf);

interface Selection<State extends object, Selected> {
  readonly all: readonly Present<State>[];
  readonly select: (all: readonly Present<State>[]) => Selected;
  readonly value: Selected;
}

/** What `select` makes of everybody who is present: the same value as before until it is different in depth. */
function useSelected<State extends object, Selected>(
  select: (all: readonly Present<State>[]) => Selected,
  provider?: HeddleProvider,
): Selected {
  const { awareness } = useProvider(provider);
  const seen = useRef<{ readonly of: object; readonly all: readonly Present<State>[] }>(undefined);
  const selected = useRef<Selection<State, Selected>>(undefined);
  const subscribe = useCallback(
    (changed: () => void) => {
      const listener = (): void => {
        seen.current = undefined;
        changed();
      };
      // Somebody may have come between the rendering and this.
      listener();
      awareness.on('change', listener);
      return () => awareness.off('change', listener);
    },
    [awareness],
  );
  const read = (): Selected => {
    if (seen.current?.of !== awareness) seen.current = { of: awareness, all: allPresent(awareness) };
    const { all } = seen.current;
    const before = selected.current;
    // What React asks for twice is the same, also where no two values are equal.
    if (before?.all === all && before.select === select) return before.value;
    const made = select(all);
    const value = before !== undefined && equalityDeep(before.value, made) ? before.value : made;
    selected.current = { all, select, value };
    return value;
  };
  return useSyncExternalStore(subscribe, read, read);
}

function allPresent<State extends object>({ clientID, states }: Awareness): readonly Present<State>[] {
  return [...states]
    .map(([clientId, state]) => ({
      clientId,
      isSelf: clientId === clientID,
      state: state as Readonly<Partial<State>>,
    }))
    .sort((a, b) => a.clientId - b.clientId);
}

/** Sets one field of what the others see of oneself. The same function at each render. */
export function useSetPresence<State extends object = Record<string, unknown>>(
  provider?: HeddleProvider,
): <Field extends keyof State & string>(field: Field, value: State[Field]) => void {
  const { awareness } = useProvider(provider);
  return useCallback((field, value) => awareness.setLocalStateField(field, value), [awareness]);
}
