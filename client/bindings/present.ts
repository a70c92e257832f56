// Who has a document open, and what they show of themselves.

import type { Awareness } from 'y-protocols/awareness';
import type { PresenceState } from '../provider/presence-state.js';
import type { Reading } from './reading.js';
import { Snapshot } from './snapshot.js';

/** Somebody who has the document open. `State`: what the application sets; others may have set anything, or nothing. */
export interface Present<State extends object = PresenceState> {
  readonly clientId: number;
  readonly isSelf: boolean;
  /** As they have set it; not to be believed. */
  readonly state: Readonly<Partial<State>>;
}

/** Sets one field of what the others see of oneself. */
export type SetPresence<State extends object = PresenceState> = <Field extends keyof State & string>(
  field: Field,
  value: State[Field],
) => void;

/** Everybody who has the document open, oneself included, by client id. The same array until somebody changes. */
export function presenceOf<State extends object>(awareness: Awareness): Reading<readonly Present<State>[]> {
  return new Snapshot(
    () => allPresent<State>(awareness),
    (changed) => {
      const listener = (): void => changed();
      awareness.on('change', listener);
      return () => awareness.off('change', listener);
    },
  );
}

export const everybody = <All>(all: All): All => all;

export const others = <State extends object>(all: readonly Present<State>[]): readonly Present<State>[] =>
  all.filter(({ isSelf }) => !isSelf);

export const self = <State extends object>(all: readonly Present<State>[]): Present<State> | undefined =>
  all.find(({ isSelf }) => isSelf);

function allPresent<State extends object>({ clientID, states }: Awareness): readonly Present<State>[] {
  return [...states]
    .map(([clientId, state]) => ({
      clientId,
      isSelf: clientId === clientID,
      state: state as Readonly<Partial<State>>,
    }))
    .sort((a, b) => a.clientId - b.clientId);
}
