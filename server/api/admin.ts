// Whether a request over HTTP comes from an operator: by a claim of its token.

import { SyncError } from '../../shared/errors.js';
import { isAdmin } from '../../shared/permission.js';
import type { Authenticator } from '../auth/authenticator.js';
import { bearerToken } from '../auth/credentials.js';
import type { HttpRequest } from '../transport/transport.js';

export interface AdminCheck {
  readonly authenticator: Authenticator;
  /** The claim that is `true` in the token of an operator. */
  readonly adminClaim: string;
}

/** Rejects with SyncError TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED or FORBIDDEN. */
export async function checkAdmin(
  { authenticator, adminClaim }: AdminCheck,
  request: HttpRequest,
): Promise<void> {
  const claims = await authenticator.authenticate(bearerToken(request.header('authorization')));
  if (!isAdmin(claims, adminClaim))
    throw new SyncError('FORBIDDEN', `the token does not say ${adminClaim}: true`);
}
