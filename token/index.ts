// `heddle/token`: makes tokens for a Heddle server, in Node, in a worker or at the edge.

import { systemClock } from '../shared/clock.js';
import { signToken, type TokenOptions } from './sign-token.js';

export { expressTokenRoute, tokenRoute, type TokenRouteOptions, type WhoIs } from './token-route.js';
export type { TokenOptions, TokenSigning, TokenUser } from './sign-token.js';
export type { KeySource } from './signing-key.js';
export type { DocumentGrant } from '../shared/permission.js';

/**
 * Makes a token that the server believes. Rejects with TypeError for what no server would accept.
 *
 *     await createToken({ secret, sub: 'ada', docs: [{ pattern: 'notes/**', access: 'write' }], ttlS: 600 })
 */
export function createToken(options: TokenOptions): Promise<string> {
  return signToken(options, systemClock);
}
