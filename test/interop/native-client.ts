// Our own client, as far as documents go: a Y.Doc that is kept equal to the server's, over a connection of its own.

import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { Connection } from '../../client/connection/connection.js';
import { webSockets, type OpenSocket } from '../../client/connection/socket.js';
import { SyncedDoc } from '../support/synced-doc.js';
import { systemClock } from '../../shared/clock.js';

/** A client that is destroyed when the running test ends. */
export function nativeClient(
  url: string,
  name: string,
  token = '',
  openSocket: OpenSocket = webSockets(WebSocket),
): { doc: Y.Doc; connection: Connection; sync: SyncedDoc } {
  const doc = new Y.Doc();
  const connection = new Connection({
    url,
    token: async () => token,
    device: 'device',
    agent: 'test/1',
    openSocket,
    clock: systemClock,
    random: Math.random,
  });
  const deps = {
    doc,
    name,
    connection,
    clock: systemClock,
    random: Math.random,
  };
  const sync = new SyncedDoc(deps);
  sync.start();
  connection.connect();
  onTestFinished(() => {
    sync.destroy();
    connection.destroy();
  });
  return { doc, connection, sync };
}
