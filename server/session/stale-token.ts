// Why a client is asked for a token though the one it has is good.

import { SyncError } from '../../shared/errors.js';

export function staleToken(): SyncError {
  return new SyncError('TOKEN_STALE', 'the claims of the user have changed: a new token is wanted');
}
