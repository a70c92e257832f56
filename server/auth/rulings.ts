// What the server has been told about tokens that were issued already: which are over, which are to be replaced, and which
// documents have another access than the tokens say. Pure: knows no store and no clock.

import { hash } from 'node:crypto';

import type { Access, Claims } from '../../shared/permission.js';

/** What all rulings have in common. Times are ms since the epoch. */
export interface Timed {
  /** The ruling concerns the tokens that were issued (`iat`) up to this time, and those that do not say when they were issued. */
  readonly at: number;
  /** From this time on the ruling means nothing, and is forgotten. Undefined: it is kept for good. */
  readonly until: number | undefined;
}

/** Tokens of this user are over. */
export interface UserRevoked extends Timed {
  readonly kind: 'user';
  readonly user: string;
}

/** Tokens with this `sid` are over; those of one user only, if the ruling names the user. */
export interface DeviceRevoked extends Timed {
  readonly kind: 'device';
  readonly device: string;
  readonly user: string | undefined;
}

/**
 * A device of a user was signed out: over are its own tokens, the user's tokens with one of these `sid`, and those with one of
 * these `jti`, whenever they were issued.
 */
export interface DeviceSignedOut extends Timed {
  readonly kind: 'signed-out';
  readonly user: string;
  /** Its id among the user's devices. */
  readonly device: string;
  readonly sids: readonly string[];
  readonly jtis: readonly string[];
}

/** The token with this `jti` is over, whenever it was issued. */
export interface TokenRevoked extends Timed {
  readonly kind: 'token';
  readonly token: string;
}

/** Tokens of this user still count, and clients are asked for newer ones. */
export interface UserRefreshed extends Timed {
  readonly kind: 'refresh';
  readonly user: string;
}

/** The user has this access to documents whose name fits the pattern, whatever the token says. */
export interface AccessSet extends Timed {
  readonly kind: 'access';
  readonly user: string;
  readonly pattern: string;
  readonly access: Access;
  /** The access was set until a stated time: then it counts for every token, also for those issued after `at`. */
  readonly isForEveryToken: boolean;
  /** Where several patterns fit a name, the ruling with the highest number counts. */
  readonly order: number;
}

export type Ruling = UserRevoked | DeviceRevoked | DeviceSignedOut | TokenRevoked | UserRefreshed | AccessSet;

/** Keys of rulings in the store begin with this. */
export const rulingPrefix = 'access/';

/** The key of a ruling in the store. A ruling about the same thing has the same key, and takes its place. */
export function keyOf(ruling: Ruling): string {
  return `${rulingPrefix}${ruling.kind}/${hash('sha256', JSON.stringify(subjectOf(ruling)), 'base64url')}`;
}

function subjectOf(ruling: Ruling): readonly (string | null)[] {
  switch (ruling.kind) {
    case 'user':
    case 'refresh':
      return [ruling.user];
    case 'device':
      return [ruling.device, ruling.user ?? null];
    case 'signed-out':
      return [ruling.user, ruling.device];
    case 'token':
      return [ruling.token];
    case 'access':
      return [ruling.user, ruling.pattern];
  }
}

/** The times of a ruling that is made when another one counts: it concerns and lasts at least as much as either. */
export function notWeaker(one: Timed, other: Timed): Timed {
  const isForGood = one.until === undefined || other.until === undefined;
  const until = isForGood ? undefined : Math.max(one.until, other.until);
  return { at: Math.max(one.at, other.at), until };
}

/** Whether a token is one of those that a ruling of this time concerns. */
export function isUpTo({ iat }: Claims, at: number): boolean {
  return iat === undefined || iat * 1000 <= at;
}

const version = 1;

export function encodeRuling(ruling: Ruling): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version, ...ruling }));
}

/** Throws TypeError for what `encodeRuling` has not written: to pass over a ruling would be to forget it. */
export function decodeRuling(bytes: Uint8Array): Ruling {
  const { version: written, ...ruling } = JSON.parse(new TextDecoder().decode(bytes)) as Record<
    string,
    unknown
  >;
  if (written !== version || !isRuling(ruling)) throw new TypeError('a stored ruling cannot be read');
  return ruling;
}

const textFields: Readonly<Record<Ruling['kind'], readonly string[]>> = {
  user: ['user'],
  device: ['device'],
  'signed-out': ['user', 'device'],
  token: ['token'],
  refresh: ['user'],
  access: ['user', 'pattern', 'access'],
};

function isRuling(value: Record<string, unknown>): value is Record<string, unknown> & Ruling {
  const { kind, at, until } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(textFields, kind)) return false;
  const isTimed = typeof at === 'number' && (until === undefined || typeof until === 'number');
  const isNumbered = kind !== 'access' || typeof value['order'] === 'number';
  const isListing = kind !== 'signed-out' || (isTextList(value['sids']) && isTextList(value['jtis']));
  return (
    isTimed &&
    isNumbered &&
    isListing &&
    textFields[kind as Ruling['kind']].every((name) => typeof value[name] === 'string')
  );
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
