// The connections of a running server, for the application that runs it.

import { SyncError } from '../shared/errors.js';
import type { ConnectionSummary } from './session/session.js';
import type { SessionRegistry } from './session/session-registry.js';

/** What `server.connections` offers. Throws an Error before `listen`. */
export interface ServerConnections {
  /** Those that are open now, also those whose token is not believed yet. */
  list(): ConnectionSummary[];
  /**
   * Ends one. `error` is what its client is told, and says whether it comes back: by default TOKEN_EXPIRED, after which a client
   * asks the application for a new token, which may refuse it. FORBIDDEN keeps it away until somebody connects it again, DRAINING lets
   * it come back at once. Returns whether there was one with this id.
   */
  end(id: string, error?: SyncError): boolean;
}

export function serverConnections(sessions: () => SessionRegistry): ServerConnections {
  return {
    list: () =>
      sessions()
        .all()
        .map(({ summary }) => summary),
    end: (id, error = new SyncError('TOKEN_EXPIRED', 'the application has ended the connection')) => {
      const session = sessions()
        .all()
        .find(({ connectionId }) => connectionId === id);
      session?.refuse(error);
      return session !== undefined;
    },
  };
}
