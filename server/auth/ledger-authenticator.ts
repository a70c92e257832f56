// An authenticator whose word is not the last one: the ledger is asked after it.

import type { AccessLedger } from './access-ledger.js';
import type { Authenticator } from './authenticator.js';

/** Believes what `inner` believes and the ledger has not ended. What the ledger says about access is stronger than `inner`. */
export function createLedgerAuthenticator(inner: Authenticator, ledger: AccessLedger): Authenticator {
  return {
    async authenticate(token) {
      const claims = await inner.authenticate(token);
      const refusal = ledger.refusal(claims);
      if (refusal !== undefined) throw refusal;
      return claims;
    },
    authorize: (claims, document) => ledger.access(claims, document) ?? inner.authorize(claims, document),
    refusal: (claims, deviceId) => ledger.refusal(claims, deviceId),
    isStale: (claims) => ledger.isStale(claims),
  };
}
