// What a supervisor and a load balancer ask.

import { jsonReply } from '../json-reply.js';
import { type Routes } from './router.js';

export interface Health {
  /** Whether the server takes connections and writes. */
  readonly isReady: () => boolean;
  /** How many documents load slowly for their size. Their names are in the log alone: who asks has shown no token (A1). */
  readonly costlyDocuments: () => number;
}

/** `/healthz`: the process answers, and how many documents are costly. `/readyz`: it takes connections and writes. */
export function healthRoutes({ isReady, costlyDocuments }: Health): Routes {
  return {
    'GET /healthz': () => jsonReply(200, { status: 'ok', costlyDocuments: costlyDocuments() }),
    'GET /readyz': () =>
      isReady() ? jsonReply(200, { status: 'ready' }) : jsonReply(503, { status: 'not ready' }),
  };
}
