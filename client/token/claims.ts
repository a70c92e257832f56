// What a token says of itself, as far as a client may guess: it checks nothing, the server does.

import { equalityDeep } from 'lib0/function';

type Claims = Readonly<Record<string, unknown>>;

/** The payload of a JWT; undefined for anything else, which is opaque to us. */
export function claimsOf(token: string): Claims | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Until when it counts by its own word, ms since the epoch; undefined when it does not say. */
export function expiryOf(token: string): number | undefined {
  const exp = claimsOf(token)?.['exp'];
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/** Whom it is for; '' for nobody, where there is none. Undefined when it does not say. */
export function userOf(token: string): string | undefined {
  const sub = token === '' ? '' : claimsOf(token)?.['sub'];
  return typeof sub === 'string' ? sub : undefined;
}

/** Whether both are for the same user. One that does not say whom it is for is like another one in nothing but times. */
export function areOfOneUser(one: string, other: string): boolean {
  const user = userOf(one);
  return one === other || (user === undefined ? isSameThing(one, other) : user === userOf(other));
}

/** Whether both are for the same user with the same rights: they differ in nothing but times and number. */
export function isSameThing(one: string, other: string): boolean {
  const [a, b] = [claimsOf(one), claimsOf(other)];
  return a !== undefined && b !== undefined && equalityDeep(lasting(a), lasting(b));
}

/** Whether `token` was made after `than`, or counts for longer. */
export function isNewer(token: string, than: string): boolean {
  const [a, b] = [claimsOf(token), claimsOf(than)];
  return ['exp', 'iat'].some((name) => Number(a?.[name]) > Number(b?.[name]));
}

function lasting(claims: Claims): Claims {
  const { exp: _exp, iat: _iat, nbf: _nbf, jti: _jti, ...rest } = claims;
  return rest;
}
