'use client';

// Who is in a document, with the identity that the server has verified, as values that a component is rendered with.

import { peopleOf, rosterOf, type PersonPresent, type RosterView } from '../bindings/roster.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { PresenceState } from '../provider/presence-state.js';
import { useReadingOf } from './hooks.js';

/** Who is in the document, and who was: see `openRoster`. The server tells it as long as a component shows it. */
export function useRoster(provider?: HeddleProvider): RosterView {
  return useReadingOf(rosterOf, provider);
}

/**
 * The roster joined with awareness: each person with the states of the clients that show the person's id as `user.id`, and with that
 * of this client, which is the user's own whatever it shows. The others' can be believed where the server stamps them (its option
 * `stampUser`).
 */
export function usePeople<State extends object = PresenceState>(
  provider?: HeddleProvider,
): readonly PersonPresent<State>[] {
  return useReadingOf(peopleOf<State>, provider);
}
