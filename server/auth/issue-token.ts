// Makes tokens: for the demo, for `heddle token`, for tests. An application issues its own.

import { randomUUID } from 'node:crypto';

import { SignJWT } from 'jose';

import type { Clock } from '../../shared/clock.js';
import type { DocumentGrant } from '../../shared/permission.js';
import { readGrants } from './grants.js';
import { secretBytes } from './secret.js';

/** What a token is to say. */
export interface TokenRequest {
  readonly secret: string;
  readonly sub: string;
  readonly docs: readonly DocumentGrant[];
  /** Seconds until it expires. */
  readonly ttlS: number;
  readonly name?: string | undefined;
  readonly sid?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** A claim that is to be `true`, for what the server lets operators do. */
  readonly adminClaim?: string | undefined;
  readonly clock: Clock;
}

/** Signs a token with HS256. Throws TypeError for what no server would accept, ConfigError for a bad secret. */
export async function issueToken(request: TokenRequest): Promise<string> {
  const { sub, name, sid, issuer, audience, adminClaim, ttlS, clock } = request;
  const grants = readGrants(request.docs);
  if (!grants.ok) throw new TypeError(grants.problem);
  if (sub === '') throw new TypeError('sub is empty');
  if (!Number.isSafeInteger(ttlS) || ttlS < 1)
    throw new TypeError('ttlS must be a whole number of seconds, at least 1');
  const iat = Math.floor(clock.now() / 1000);
  const admin = adminClaim === undefined ? {} : { [adminClaim]: true };
  const claims = { ...admin, sub, name, sid, iss: issuer, aud: audience, docs: grants.grants };
  return new SignJWT({ ...JSON.parse(JSON.stringify(claims)), iat, exp: iat + ttlS, jti: randomUUID() })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(secretBytes(request.secret));
}
