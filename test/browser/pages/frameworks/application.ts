// What the same application needs in each framework, and what the test looks at.

import type { HeddleProvider, OwnDevice } from '../../../../client/index.js';
import type { PersonPresent } from '../../../../client/react/index.js';

export interface ToDo {
  readonly title: string;
  readonly done: boolean;
}

export interface Shown {
  readonly name: string;
  readonly caret: number;
  readonly user: { readonly id: string };
}

/** A mounted application. */
export interface Application {
  /** Shows the document of another name; none: takes the document out of the page. */
  readonly show: (name: string | undefined) => void;
  readonly unmount: () => void;
}

/** Everything that was ever shown. */
export const providers = new Set<HeddleProvider>();

/** How often the token was asked for, and the names of the others were rendered. */
export const counts = { asked: 0, names: 0 };

const query = new URLSearchParams(location.search);
export const user = query.get('user')!;
export const url = query.get('server')!;

export function token(): string {
  counts.asked++;
  return query.get('token')!;
}

/** Who is here, each with the names that their windows show. */
export function peopleText(people: readonly PersonPresent<Shown>[]): string {
  return people
    .filter(({ isHere }) => isHere)
    .map(({ user, clients }) => `${user} as ${clients.map(({ state }) => state.name).join(' and ')}`)
    .sort()
    .join(', ');
}

export function devicesText(devices: readonly OwnDevice[] | undefined): string {
  return devices?.map(({ name, isThis }) => `${name || 'none'}${isThis ? ' (this)' : ''}`).join(', ') ?? '';
}

export const firstTitle = ['todos', 0, 'title'] as const;
