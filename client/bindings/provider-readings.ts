// What a provider knows of its document and its connection, as values that change.

import type { ConnectionState } from '../connection/connection-state.js';
import type { HeddleConnection } from '../provider/heddle-connection.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { SyncStatus } from '../provider/sync-status.js';
import type { Reading } from './reading.js';

/** Where the document is kept, and why not. */
export function statusOf(provider: HeddleProvider): Reading<SyncStatus> {
  return {
    read: () => provider.status,
    listen: (changed) => provider.listen('sync-status', () => changed()),
  };
}

/** The connection that the document shares with others. */
export function connectionOf(provider: HeddleProvider): Reading<HeddleConnection> {
  return {
    read: () => provider.connection,
    listen: (changed) => provider.listen('connection', () => changed()),
  };
}

/** The state of the connection that the document is on, whichever that is. */
export function connectionStateOf(provider: HeddleProvider): Reading<ConnectionState> {
  return {
    read: () => provider.connection.state,
    listen: (changed) => {
      const listenToIt = (): (() => void) => provider.connection.listen('state', () => changed());
      let stop = listenToIt();
      const stopMoves = provider.listen('connection', () => {
        stop();
        stop = listenToIt();
        changed();
      });
      return () => {
        stopMoves();
        stop();
      };
    },
  };
}
