// The times of rulings about a user's tokens: up to which the tokens are concerned, and when the last of them has expired.

import type { Clock } from '../../shared/clock.js';
import type { SessionRegistry } from '../session/session-registry.js';
import type { Whose } from '../session/session-index.js';

/**
 * The time up to which tokens are concerned, ms since the epoch: now; later, where the issuer's clock is ahead and has made a
 * token that is in use.
 */
export function issuedUpTo(whose: Whose, sessions: Pick<SessionRegistry, 'find'>, clock: Clock): number {
  const issued = sessions.find(whose).map(({ claims }) => (claims?.iat ?? 0) * 1000);
  return issued.reduce((latest, at) => Math.max(latest, at), clock.now());
}

/**
 * When the last token has expired that was issued up to `at`, ms since the epoch. `maxTokenLifeS`: no token lives longer;
 * undefined where nobody knows, and then the answer is too.
 */
export function lastExpiry(at: number, maxTokenLifeS: number | undefined): number | undefined {
  return maxTokenLifeS === undefined ? undefined : at + maxTokenLifeS * 1000;
}
