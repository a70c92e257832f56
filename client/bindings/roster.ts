// Who is in a document, with the identity that the server has verified, as values that change.

import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { PresenceState } from '../provider/presence-state.js';
import { openRoster, type Roster, type RosterStatus } from '../provider/roster.js';
import type { RosterPerson } from '../provider/roster-person.js';
import { presenceOf, type Present } from './present.js';
import type { Reading } from './reading.js';
import { Snapshot } from './snapshot.js';

/** What the server tells of who is in a document. One object until something of it changes. */
export interface RosterView {
  readonly status: RosterStatus;
  /** Those who are here, then those who were, the last one first. */
  readonly people: readonly RosterPerson[];
}

/** A person with what each of the person's clients shows of itself. `State`: what the application sets there. */
export interface PersonPresent<State extends object = PresenceState> extends RosterPerson {
  readonly clients: readonly { readonly clientId: number; readonly state: Readonly<Partial<State>> }[];
}

const nothing: RosterView = { status: 'waiting', people: [] };

/** The roster of the document. The server tells it as long as somebody listens. */
export function rosterOf(provider: HeddleProvider): Reading<RosterView> {
  let roster: Roster | undefined;
  return new Snapshot(
    () => (roster === undefined ? nothing : { status: roster.status, people: roster.people }),
    (changed) => {
      const opened = openRoster(provider);
      roster = opened;
      const listener = (): void => changed();
      opened.on('change', listener);
      return () => {
        roster = undefined;
        opened.off('change', listener);
        opened.close();
      };
    },
  );
}

/**
 * The roster joined with awareness: each person with the states of the clients that show the person's id as `user.id`. They can be
 * believed where the server stamps them (its option `stampUser`).
 */
export function peopleOf<State extends object>(
  provider: HeddleProvider,
): Reading<readonly PersonPresent<State>[]> {
  const roster = rosterOf(provider);
  const presence = presenceOf<State>(provider.awareness);
  return new Snapshot(
    () => joined(roster.read().people, presence.read()),
    (changed) => {
      const stops = [roster.listen(changed), presence.listen(changed)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  );
}

function joined<State extends object>(
  people: readonly RosterPerson[],
  present: readonly Present<State>[],
): readonly PersonPresent<State>[] {
  const clients = new Map<unknown, PersonPresent<State>['clients'][number][]>();
  for (const { clientId, state } of present) {
    const { user } = state as { readonly user?: { readonly id?: unknown } | null };
    const ofUser = clients.get(user?.id) ?? [];
    clients.set(user?.id, ofUser);
    ofUser.push({ clientId, state });
  }
  return people.map((person) => ({ ...person, clients: clients.get(person.user) ?? [] }));
}
