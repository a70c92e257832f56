// Makes tokens: for applications, for `heddle token`, for the demo. The server (`server/auth/`) reads them.

import { SignJWT } from 'jose';
import type { Clock } from '../shared/clock.js';
import { readGrants } from '../shared/grants.js';
import { hasHalfCharacter } from '../shared/half-character.js';
import { maxTokenBytes, type DocumentGrant } from '../shared/permission.js';
import { signingKeyOf, type KeySource } from './signing-key.js';

/** Whom a token is for, and what it opens. */
export interface TokenUser {
  /** The user's id. It must stay the same for the same user: Yjs client ids belong to it. */
  readonly sub: string;
  /** Documents that the token opens: `*` stays within a segment of the name, `**` crosses slashes. At most 200. */
  readonly docs?: readonly DocumentGrant[] | undefined;
  /** A name to show to others. */
  readonly name?: string | undefined;
  /** The device or session of the user, so that the server can end this one alone. */
  readonly sid?: string | undefined;
  /** Further claims, for the server's `authorize` hook. JSON values. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** How tokens are signed, and for how long they are valid. */
export interface TokenSigning extends KeySource {
  /** Seconds until a token expires. Default 600: clients fetch another one before that. */
  readonly ttlS?: number | undefined;
  /** `kid` of the header, where the server knows several keys (`--jwks-url`). Default: that of a JWK. */
  readonly keyId?: string | undefined;
  /** `iss`, where the server checks it. */
  readonly issuer?: string | undefined;
  /** `aud`, where the server checks it. */
  readonly audience?: string | undefined;
}

export interface TokenOptions extends TokenUser, TokenSigning {}

const defaultTtlS = 600;
/** Claims that have an option of their own, or that are set here. */
const ownClaims = ['sub', 'docs', 'name', 'sid', 'iss', 'aud', 'exp', 'iat', 'jti', 'nbf'];

/** Signs a token. Rejects with TypeError for what no server would accept; the message never holds a key. */
export async function signToken(options: TokenOptions, clock: Clock): Promise<string> {
  const { ttlS = defaultTtlS, issuer, audience, keyId, privateKey } = options;
  const { key, algorithm } = await signingKeyOf(options);
  const user = claimsOf(options);
  if (!Number.isSafeInteger(ttlS) || ttlS < 1)
    throw new TypeError('`ttlS` must be a whole number of seconds, at least 1');
  const iat = Math.floor(clock.now() / 1000);
  const claims = { ...user, iss: issuer, aud: audience, iat, exp: iat + ttlS, jti: crypto.randomUUID() };
  const kid = keyId ?? (typeof privateKey === 'object' ? privateKey.kid : undefined);
  const token = await new SignJWT(JSON.parse(JSON.stringify(claims)))
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .sign(key);
  if (token.length > maxTokenBytes)
    throw new TypeError(
      `the token is longer than ${maxTokenBytes} characters: leave out claims, or join patterns`,
    );
  return token;
}

function claimsOf({ sub, docs, name, sid, claims = {} }: TokenUser): Record<string, unknown> {
  if (typeof sub !== 'string' || sub === '') throw new TypeError('`sub` is missing: the id of the user');
  for (const [claim, value] of Object.entries({ sub, name, sid }))
    if (value !== undefined && (typeof value !== 'string' || hasHalfCharacter(value)))
      throw new TypeError(`\`${claim}\` must be a text without halves of characters`);
  const reserved = Object.keys(claims).find((claim) => ownClaims.includes(claim));
  if (reserved !== undefined) throw new TypeError(`\`claims\` cannot set ${reserved}`);
  if (docs === undefined) return { ...claims, sub, name, sid };
  const grants = readGrants(docs);
  if (!grants.ok) throw new TypeError(grants.problem);
  return { ...claims, sub, name, sid, docs: grants.grants };
}
