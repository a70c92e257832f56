// What a supervisor and a load balancer ask.

import type { KeysState } from '../auth/authenticator.js';
import { jsonReply } from '../json-reply.js';
import { type Routes } from './router.js';

export interface Health {
  /** Whether the server takes connections and writes. */
  readonly isReady: () => boolean;
  /** What tokens are checked with. */
  readonly keys: () => KeysState;
  /** How many documents load slowly for their size. Their names are in the log alone: who asks has shown no token (A1). */
  readonly costlyDocuments: () => number;
}

const keyProblems: Readonly<Record<KeysState, string | undefined>> = {
  'at hand': undefined,
  old: "the token issuer's keys cannot be fetched: those at hand are used",
  missing: "the token issuer's keys could not be fetched yet: nobody is let in",
};

/** `/healthz`: the process answers, and how many documents are costly. `/readyz`: it takes connections and writes. */
export function healthRoutes({ isReady, keys, costlyDocuments }: Health): Routes {
  return {
    'GET /healthz': () => jsonReply(200, { status: 'ok', costlyDocuments: costlyDocuments() }),
    'GET /readyz': () => {
      const problem = keyProblems[keys()];
      const isUp = isReady() && keys() !== 'missing';
      return jsonReply(isUp ? 200 : 503, {
        status: isUp ? 'ready' : 'not ready',
        ...(problem === undefined ? {} : { keys: problem }),
      });
    },
  };
}
