// Which HTTP resources a server has, by what it is configured to have.

import type { Clock } from '../shared/clock.js';
import { demoRoutes } from './api/demo.js';
import { healthRoutes } from './api/health.js';
import { presenceRoutes } from './api/presence.js';
import type { Routes } from './api/router.js';
import { userRoutes } from './api/users.js';
import { welcomeRoutes } from './api/welcome.js';
import type { Authenticator } from './auth/authenticator.js';
import type { ServerDocuments } from './server-documents.js';
import type { ServerPresence } from './server-presence.js';
import type { DocumentStore } from './store/store.js';
import type { UserControl } from './users/user-control.js';

export interface ServerRoutesDeps {
  readonly health: Parameters<typeof healthRoutes>[0];
  /** How the page at `/` names this server; undefined where that page is not. */
  readonly welcome: Parameters<typeof welcomeRoutes>[0] | undefined;
  /** Secret of the tokens that the demo hands out; undefined where there is no demo. */
  readonly demoKey: string | undefined;
  /** The claim of those who may use the resources of users and presence; undefined where these are not. */
  readonly adminClaim: string | undefined;
  readonly authenticator: Authenticator;
  readonly store: DocumentStore;
  readonly clock: Clock;
  readonly documents: ServerDocuments;
  readonly presence: ServerPresence;
  readonly users: UserControl;
}

export function serverRoutes(deps: ServerRoutesDeps): Routes {
  const { health, welcome, demoKey, adminClaim, authenticator, store, clock } = deps;
  const routes = [healthRoutes(health)];
  if (welcome !== undefined) routes.push(welcomeRoutes(welcome));
  if (demoKey !== undefined) {
    const deleteDocument = (name: string): Promise<boolean> => deps.documents.delete(name);
    routes.push(demoRoutes({ store, clock, key: demoKey, authenticator, deleteDocument }));
  }
  if (adminClaim !== undefined) {
    routes.push(userRoutes({ users: deps.users, authenticator, adminClaim }));
    routes.push(presenceRoutes({ presence: deps.presence, authenticator, adminClaim }));
  }
  return Object.assign({}, ...routes) as Routes;
}
