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
  return ofConnection(provider, {
    read: ({ state }) => state,
    listen: (connection, changed) => connection.listen('state', () => changed()),
  });
}

interface ConnectionReading<Value> {
  readonly read: (connection: HeddleConnection) => Value;
  readonly listen: (connection: HeddleConnection, changed: () => void) => () => void;
}

/** Something of the connection that the document is on, whichever that is. */
export function ofConnection<Value>(
  provider: HeddleProvider,
  { read, listen }: ConnectionReading<Value>,
): Reading<Value> {
  return {
    read: () => read(provider.connection),
    listen: (changed) => {
      let stop = listen(provider.connection, changed);
      const stopMoves = provider.listen('connection', (connection) => {
        stop();
        stop = listen(connection, changed);
        changed();
      });
      return () => {
        stopMoves();
        stop();
      };
    },
  };
}
