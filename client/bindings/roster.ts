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
 * The roster joined with awareness: each person with the states of the clients that show the person's id as `user.id`, and with that
 * of this client, which is the user's own whatever it shows. The others' can be believed where the server stamps them (its option
 * `stampUser`).
 */
export function peopleOf<State extends object>(
  provider: HeddleProvider,
): Reading<readonly PersonPresent<State>[]> {
  const roster = rosterOf(provider);
  const presence = presenceOf<State>(provider.awareness);
  return new Snapshot(
    () => joined(roster.read().people, presence.read(), provider.awareness.clientID),
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
  ownId: number,
): readonly PersonPresent<State>[] {
  const self = people.find(({ isSelf }) => isSelf)?.user;
  const clients = new Map<unknown, PersonPresent<State>['clients'][number][]>();
  for (const { clientId, state } of present) {
    const shown = (state as { readonly user?: { readonly id?: unknown } | null }).user?.id;
    // A client does not hear what the server writes into its own state.
    const user = clientId === ownId ? self : shown;
    const ofUser = clients.get(user) ?? [];
    clients.set(user, ofUser);
    ofUser.push({ clientId, state });
  }
  return people.map((person) => ({ ...person, clients: clients.get(person.user) ?? [] }));
}
