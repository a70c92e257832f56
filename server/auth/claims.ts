// A verified payload as Claims. The signature is checked by then; this checks shapes and makes the result safe to share
// between connections and hooks.

import { hasHalfCharacter } from '../../shared/half-character.js';
import { SyncError } from '../../shared/errors.js';
import type { Claims } from '../../shared/permission.js';
import { readGrants } from '../../shared/grants.js';

type Payload = Readonly<Record<string, unknown>>;

/**
 * Maps a payload. `isDocsOurs` is false when an embedder's hook reads it instead: a `docs` claim of another shape is then
 * left to the hook. Throws SyncError TOKEN_INVALID.
 */
export function claimsOf(parsed: Payload, isDocsOurs: boolean): Claims {
  const payload = freezeDeep(withoutPrototype(parsed));
  const sub = textClaim(payload, 'sub');
  if (sub === undefined || sub === '') throw new SyncError('TOKEN_INVALID', 'claim sub is missing');
  return Object.freeze({
    sub,
    exp: payload['exp'] as number,
    iat: payload['iat'] as number | undefined,
    jti: textClaim(payload, 'jti'),
    sid: textClaim(payload, 'sid'),
    name: textClaim(payload, 'name'),
    docs: grantsClaim(payload, isDocsOurs),
    payload,
  });
}

/** Own members only, so that `payload.constructor` is undefined, and no `__proto__` to spring on who copies it. */
function withoutPrototype(parsed: Payload): Payload {
  const payload: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(parsed)) if (key !== '__proto__') payload[key] = value;
  return payload;
}

/** Iterative: a payload can be nested some thousands deep. */
function freezeDeep(root: Payload): Payload {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    Object.freeze(value);
    for (const member of Object.values(value)) waiting.push(member);
  }
  return root;
}

/** Undefined when absent or null. Half characters are refused: they would make two users one where UTF-8 is written. */
function textClaim(payload: Payload, claim: string): string | undefined {
  const value = payload[claim];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || hasHalfCharacter(value)) {
    throw new SyncError('TOKEN_INVALID', `claim ${claim} is not text`);
  }
  return value;
}

function grantsClaim(payload: Payload, isDocsOurs: boolean): Claims['docs'] {
  if (payload['docs'] === undefined) return undefined;
  const result = readGrants(payload['docs']);
  if (result.ok) return Object.freeze(result.grants);
  if (isDocsOurs) throw new SyncError('TOKEN_INVALID', `claim ${result.problem}`);
  return undefined;
}
