// Several issuers behind one door: the demo's own key beside the operator's.

import { SyncError, toSyncError, type ErrorCode } from '../../shared/errors.js';
import type { Claims } from '../../shared/permission.js';
import type { Authenticator } from './authenticator.js';

// Only the right key can tell that a token has expired, so that says most; "not signed by me" says least.
const telling: readonly ErrorCode[] = ['TOKEN_MISSING', 'TOKEN_INVALID', 'INTERNAL', 'TOKEN_EXPIRED'];

/**
 * Believes what any of the authenticators believes, asked in order. Rights are decided by the one that knew the token,
 * never by another. When none does, the most telling refusal is thrown.
 */
export function createSeveralAuthenticator(authenticators: readonly Authenticator[]): Authenticator {
  const knower = new WeakMap<Claims, Authenticator>();
  return {
    async authenticate(token) {
      // Made when it is thrown: an error takes a stack trace, which costs more than looking up a token that is known.
      let refusal: SyncError | undefined;
      for (const authenticator of authenticators) {
        try {
          const claims = await authenticator.authenticate(token);
          knower.set(claims, authenticator);
          return claims;
        } catch (error) {
          const failure = toSyncError(error);
          if (isMoreTelling(failure, refusal)) refusal = failure;
        }
      }
      throw refusal ?? new SyncError('TOKEN_MISSING');
    },
    authorize(claims, document) {
      const authenticator = knower.get(claims);
      if (authenticator === undefined)
        throw new SyncError('INTERNAL', '', { cause: new TypeError('unknown claims') });
      return authenticator.authorize(claims, document);
    },
  };
}

function isMoreTelling({ code }: SyncError, than: SyncError | undefined): boolean {
  return telling.indexOf(code) > telling.indexOf(than?.code ?? 'TOKEN_MISSING');
}
