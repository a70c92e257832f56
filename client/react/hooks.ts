'use client';

// What is known of a document and its connection, as values that a component is rendered with.

import { useCallback, useRef, useSyncExternalStore } from 'react';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { ConnectionState } from '../connection/connection-state.js';
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

/** The state of the connection that the document shares with others. */
export function useConnectionState(provider?: HeddleProvider): ConnectionState {
  const { connection } = useProvider(provider);
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

/** Somebody who has the document open. */
export interface Present {
  readonly clientId: number;
  readonly isSelf: boolean;
  /** As they have set it; not to be believed. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** Everybody who has the document open, oneself included, by client id. The same array until somebody changes. */
export function usePresence(provider?: HeddleProvider): readonly Present[] {
  const { awareness } = useProvider(provider);
  const seen = useRef<{ readonly of: object; readonly all: readonly Present[] }>(undefined);
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
  const read = (): readonly Present[] => {
    if (seen.current?.of !== awareness) seen.current = { of: awareness, all: everybody(awareness) };
    return seen.current.all;
  };
  return useSyncExternalStore(subscribe, read, read);
}

function everybody({ clientID, states }: Awareness): readonly Present[] {
  return [...states]
    .map(([clientId, state]) => ({ clientId, isSelf: clientId === clientID, state }))
    .sort((a, b) => a.clientId - b.clientId);
}

/** Sets one field of what the others see of oneself. The same function at each render. */
export function useSetPresence(provider?: HeddleProvider): (field: string, value: unknown) => void {
  const { awareness } = useProvider(provider);
  return useCallback((field, value) => awareness.setLocalStateField(field, value), [awareness]);
}
