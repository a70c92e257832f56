// What a supervisor and a load balancer ask.

import { json, type Routes } from './router.js';

/** `/healthz`: the process answers. `/readyz`: it takes connections and writes. */
export function healthRoutes(isReady: () => boolean): Routes {
  return {
    'GET /healthz': () => json(200, { status: 'ok' }),
    'GET /readyz': () => (isReady() ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' })),
  };
}
