// What is known of a document and its connection, as refs. Each function takes the provider, a ref of it or a function that
// gives it, and without that the document around.

import { computed, type ComputedRef, type MaybeRefOrGetter } from 'vue';
import type * as Y from 'yjs';
import { deviceChanges, devicesOf, type DeviceChanges } from '../bindings/devices.js';
import { everybody, others, presenceOf, self, type Present, type SetPresence } from '../bindings/present.js';
import { connectionOf, connectionStateOf, statusOf } from '../bindings/provider-readings.js';
import type { Reading } from '../bindings/reading.js';
import { reuse } from '../bindings/reuse.js';
import { peopleOf, rosterOf, type PersonPresent, type RosterView } from '../bindings/roster.js';
import type { ConnectionState } from '../connection/connection-state.js';
import type { HeddleConnection } from '../provider/heddle-connection.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { OwnDevice } from '../provider/own-devices.js';
import type { PresenceState } from '../provider/presence-state.js';
import type { SyncStatus } from '../provider/sync-status.js';
import { useReading } from './reading.js';
import { providerFor } from './server.js';

type GivenProvider = MaybeRefOrGetter<HeddleProvider>;

/** The Y.Doc of the document around, or of the provider handed in as it is now. Not a ref: a Y.Doc must not be made reactive. */
export function useDoc(provider?: GivenProvider): Y.Doc {
  return providerFor(provider)().doc;
}

/** Where the document is kept, and why not. */
export function useSyncStatus(provider?: GivenProvider): ComputedRef<SyncStatus> {
  return useReadingOf(statusOf, provider);
}

/** The connection that the document shares with others. Another one once, when the document has moved. */
export function useConnection(provider?: GivenProvider): ComputedRef<HeddleConnection> {
  return useReadingOf(connectionOf, provider);
}

/** The state of that connection. */
export function useConnectionState(provider?: GivenProvider): ComputedRef<ConnectionState> {
  return useReadingOf(connectionStateOf, provider);
}

/** Everybody who has the document open, oneself included, by client id. The same array until somebody changes. */
export function usePresence<State extends object = PresenceState>(
  provider?: GivenProvider,
): ComputedRef<readonly Present<State>[]> {
  return useSelected<State, readonly Present<State>[]>(everybody, provider);
}

/** Oneself, as the others see it; undefined while they see nothing. The same object until something of it changes. */
export function useSelf<State extends object = PresenceState>(
  provider?: GivenProvider,
): ComputedRef<Present<State> | undefined> {
  return useSelected<State, Present<State> | undefined>(self, provider);
}

/**
 * The others who have the document open, or what `select` makes of them, which may depend on refs. It changes only when it is different
 * in depth.
 */
export function useOthers<State extends object = PresenceState>(
  select?: undefined,
  provider?: GivenProvider,
): ComputedRef<readonly Present<State>[]>;
export function useOthers<Selected, State extends object = PresenceState>(
  select: (others: readonly Present<State>[]) => Selected,
  provider?: GivenProvider,
): ComputedRef<Selected>;
export function useOthers<State extends object>(
  select: (others: readonly Present<State>[]) => unknown = everybody,
  provider?: GivenProvider,
): unknown {
  return useSelected<State, unknown>((all) => select(others(all)), provider);
}

/** A function that sets one field of what the others see of oneself. */
export function useSetPresence<State extends object = PresenceState>(
  provider?: GivenProvider,
): SetPresence<State> {
  const of = providerFor(provider);
  return (field, value) => of().awareness.setLocalStateField(field, value);
}

/** Who is in the document, and who was: see `openRoster`. The server tells it as long as a component shows it. */
export function useRoster(provider?: GivenProvider): ComputedRef<RosterView> {
  return useReadingOf(rosterOf, provider);
}

/**
 * The roster joined with awareness: each person with the states of the clients that show the person's id as `user.id`. They can be
 * believed where the server stamps them (its option `stampUser`).
 */
export function usePeople<State extends object = PresenceState>(
  provider?: GivenProvider,
): ComputedRef<readonly PersonPresent<State>[]> {
  return useReadingOf(peopleOf<State>, provider);
}

export interface DevicesRefs extends DeviceChanges {
  /** Undefined until the server has told them, and where it has no list. The same array until the list is another. */
  readonly devices: ComputedRef<readonly OwnDevice[] | undefined>;
}

/** The devices of the user of the document, live while a component shows them. */
export function useDevices(provider?: GivenProvider): DevicesRefs {
  return { devices: useReadingOf(devicesOf, provider), ...deviceChanges(providerFor(provider)) };
}

function useReadingOf<Value>(
  readingOf: (provider: HeddleProvider) => Reading<Value>,
  provider: GivenProvider | undefined,
): ComputedRef<Value> {
  const of = providerFor(provider);
  return useReading<Value, Reading<Value>>(() => readingOf(of())).value;
}

function useSelected<State extends object, Selected>(
  select: (all: readonly Present<State>[]) => Selected,
  provider: GivenProvider | undefined,
): ComputedRef<Selected> {
  const presence = useReadingOf(({ awareness }) => presenceOf<State>(awareness), provider);
  return computed<Selected>((before) => reuse(before, select(presence.value)));
}
