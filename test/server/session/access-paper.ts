// The plain model of the ledger and of tokens: what may be delivered to whom, as it would be written on paper.

import type { Access } from '../../../shared/permission.js';

export const names = ['one', 'two'] as const;
export const people = ['ann', 'bob'] as const;
export const devices = ['phone', 'desk'] as const;

export type Name = (typeof names)[number];
export type Person = (typeof people)[number];

export interface Token {
  readonly name: string;
  readonly user: Person;
  readonly device: string | undefined;
  readonly jti: string | undefined;
  /** Seconds, as all times of tokens. */
  readonly iat: number | undefined;
  readonly exp: number;
  readonly documents: Readonly<Record<Name, Access>>;
}

/** Ends tokens. Times in ms. */
export interface Ended {
  /** The same for rulings that take each other's place. */
  readonly about: string;
  readonly concerns: (token: Token) => boolean;
  readonly isByAge: boolean;
  readonly at: number;
  readonly until: number;
}

export interface Overruled {
  readonly user: Person;
  readonly name: Name | '**';
  readonly access: Access;
  readonly isForEveryToken: boolean;
  readonly at: number;
  readonly until: number;
}

/** All that the ledger says, as it would be written on paper. */
export interface Paper {
  readonly ended: readonly Ended[];
  /** The last one first. */
  readonly overruled: readonly Overruled[];
}

export function isUpTo(token: Token, at: number): boolean {
  return token.iat === undefined || token.iat * 1000 <= at;
}

export function isEnded({ ended }: Paper, token: Token, now: number): boolean {
  return ended.some(
    (one) => now < one.until && one.concerns(token) && (!one.isByAge || isUpTo(token, one.at)),
  );
}

export function accessOn({ overruled }: Paper, token: Token, name: Name, now: number): Access {
  const set = overruled.find(
    (one) =>
      one.user === token.user &&
      (one.name === '**' || one.name === name) &&
      now < one.until &&
      (one.isForEveryToken || isUpTo(token, one.at)),
  );
  return set?.access ?? token.documents[name];
}
