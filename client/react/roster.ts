'use client';

// Who is in a document, with the identity that the server has verified, as values that a component is rendered with.

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import { openRoster, type Roster, type RosterStatus } from '../provider/roster.js';
import type { RosterPerson } from '../provider/roster-person.js';
import { useProvider } from './server-context.js';

/** What the server tells of who is in a document. One object until something of it changes. */
export interface RosterView {
  readonly status: RosterStatus;
  /** Those who are here, then those who were, the last one first. */
  readonly people: readonly RosterPerson[];
}

const nothing: RosterView = { status: 'waiting', people: [] };

/** Who is in the document, and who was: see `openRoster`. The server tells it as long as a component shows it. */
export function useRoster(provider?: HeddleProvider): RosterView {
  const of = useProvider(provider);
  const [roster, setRoster] = useState<Roster>();
  useEffect(() => {
    const opened = openRoster(of);
    setRoster(opened);
    return () => {
      setRoster(undefined);
      opened.close();
    };
  }, [of]);
  const subscribe = useCallback(
    (changed: () => void) => {
      roster?.on('change', changed);
      return () => roster?.off('change', changed);
    },
    [roster],
  );
  const people = useSyncExternalStore(
    subscribe,
    () => roster?.people ?? nothing.people,
    () => nothing.people,
  );
  const status = useSyncExternalStore(
    subscribe,
    () => roster?.status ?? nothing.status,
    () => nothing.status,
  );
  return useMemo(() => ({ status, people }), [status, people]);
}

/** A person with what each of the person's clients shows of itself. `State`: what the application sets there. */
export interface PersonPresent<State extends object = Record<string, unknown>> extends RosterPerson {
  readonly clients: readonly { readonly clientId: number; readonly state: Readonly<Partial<State>> }[];
}

/**
 * The roster joined with awareness: each person with the states of the clients that show the person's id as `user.id`. They can be
 * believed where the server stamps them (its option `stampUser`).
 */
export function usePeople<State extends object = Record<string, unknown>>(
  provider?: HeddleProvider,
): readonly PersonPresent<State>[] {
  const of = useProvider(provider);
  const { people } = useRoster(of);
  const { awareness } = of;
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const changed = (): void => setTurn((before) => before + 1);
    changed();
    awareness.on('change', changed);
    return () => awareness.off('change', changed);
  }, [awareness]);
  return useMemo(() => joined<State>(people, awareness.states), [people, awareness, turn]);
}

function joined<State extends object>(
  people: readonly RosterPerson[],
  states: ReadonlyMap<number, Record<string, unknown>>,
): readonly PersonPresent<State>[] {
  const clients = new Map<unknown, PersonPresent<State>['clients'][number][]>();
  for (const [clientId, state] of [...states].sort(([a], [b]) => a - b)) {
    const user = (state['user'] as { readonly id?: unknown } | null | undefined)?.id;
    const ofUser = clients.get(user) ?? [];
    clients.set(user, ofUser);
    ofUser.push({ clientId, state: state as Readonly<Partial<State>> });
  }
  return people.map((person) => ({ ...person, clients: clients.get(person.user) ?? [] }));
}
