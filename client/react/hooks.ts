'use client';

// What is known of a document and its connection, as values that a component is rendered with.

import { useCallback, useMemo, useRef, useSyncExternalStore } from 'react';
import type * as Y from 'yjs';
import { everybody, others, presenceOf, self, type Present, type SetPresence } from '../bindings/present.js';
import { connectionOf, connectionStateOf, statusOf } from '../bindings/provider-readings.js';
import type { Reading } from '../bindings/reading.js';
import { reuse } from '../bindings/reuse.js';
import type { ConnectionState } from '../connection/connection-state.js';
import type { HeddleConnection } from '../provider/heddle-connection.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { PresenceState } from '../provider/presence-state.js';
import type { SyncStatus } from '../provider/sync-status.js';
import { useProvider } from './server-context.js';

/** The Y.Doc of the document around, or of the provider handed in. */
export function useDoc(provider?: HeddleProvider): Y.Doc {
  return useProvider(provider).doc;
}

/** Where the document is kept, and why not. */
export function useSyncStatus(provider?: HeddleProvider): SyncStatus {
  return useReadingOf(statusOf, provider);
}

/** The connection that the document shares with others. Another one once, when the document has moved. */
export function useConnection(provider?: HeddleProvider): HeddleConnection {
  return useReadingOf(connectionOf, provider);
}

/** The state of that connection. */
export function useConnectionState(provider?: HeddleProvider): ConnectionState {
  return useReadingOf(connectionStateOf, provider);
}

/** What `readingOf` makes of the document around, or of the provider handed in. It is the same function at each render. */
export function useReadingOf<Value>(
  readingOf: (provider: HeddleProvider) => Reading<Value>,
  provider?: HeddleProvider,
): Value {
  const of = useProvider(provider);
  return useReading(useMemo(() => readingOf(of), [readingOf, of]));
}

/** The value of a reading, which is the same at each render. */
export function useReading<Value>({ read, listen }: Reading<Value>): Value {
  return useSyncExternalStore(listen, read, read);
}

/** Everybody who has the document open, oneself included, by client id. The same array until somebody changes. */
export function usePresence<State extends object = PresenceState>(
  provider?: HeddleProvider,
): readonly Present<State>[] {
  return useSelected<State, readonly Present<State>[]>(everybody, provider);
}

/** Oneself, as the others see it; undefined while they see nothing. The same object until something of it changes. */
export function useSelf<State extends object = PresenceState>(
  provider?: HeddleProvider,
): Present<State> | undefined {
  return useSelected<State, Present<State> | undefined>(self, provider);
}

/**
 * The others who have the document open, or what `select` makes of them. The component is rendered again only when that is
 * different, in depth: `select` may be a new function, and give a new object, each time.
 */
export function useOthers<State extends object = PresenceState>(
  select?: undefined,
  provider?: HeddleProvider,
): readonly Present<State>[];
export function useOthers<Selected, State extends object = PresenceState>(
  select: (others: readonly Present<State>[]) => Selected,
  provider?: HeddleProvider,
): Selected;
export function useOthers<State extends object>(
  select: (others: readonly Present<State>[]) => unknown = everybody,
  provider?: HeddleProvider,
): unknown {
  return useSelected<State, unknown>((all) => select(others(all)), provider);
}

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
  const presence = useMemo(() => presenceOf<State>(awareness), [awareness]);
  const selected = useRef<Selection<State, Selected>>(undefined);
  const read = (): Selected => {
    const all = presence.read();
    const before = selected.current;
    // What React asks for twice is the same, also where no two values are equal.
    if (before?.all === all && before.select === select) return before.value;
    const made = select(all);
    const value = before === undefined ? made : reuse(before.value, made);
    selected.current = { all, select, value };
    return value;
  };
  return useSyncExternalStore(presence.listen, read, read);
}

/** Sets one field of what the others see of oneself. The same function at each render. */
export function useSetPresence<State extends object = PresenceState>(
  provider?: HeddleProvider,
): SetPresence<State> {
  const { awareness } = useProvider(provider);
  return useCallback((field, value) => awareness.setLocalStateField(field, value), [awareness]);
}
