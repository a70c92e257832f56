// A client's document and its connection, over a network that can be cut, to a server in memory.

import * as Y from 'yjs';
import { Connection } from '../../../client/connection/connection.js';
import { SyncedDoc } from '../../support/synced-doc.js';
import type { SyncedDocDeps } from '../../support/synced-doc.js';
import type { Network } from '../../support/client-sockets.js';
import type { SessionServer } from '../../support/session-server.js';

export interface Device {
  readonly doc: Y.Doc;
  readonly connection: Connection;
  readonly sync: SyncedDoc;
  readonly text: Y.Text;
  destroy(): void;
}

export type DeviceOptions = Partial<SyncedDocDeps> & { token?: string; session?: string };

let lastId = 0;

export function openDevice(
  { clock }: Pick<SessionServer, 'clock'>,
  { openSocket }: Network,
  options: DeviceOptions = {},
): Device {
  const { doc = new Y.Doc(), token = 'write', session, ...deps } = options;
  if (options.doc === undefined) doc.clientID = ++lastId;
  const random = (): number => 0.5;
  const connection = new Connection({
    url: 'ws://server/',
    token: async () => token,
    device: 'device',
    agent: 'test/1',
    ...(session !== undefined && { newSession: () => session }),
    openSocket,
    clock,
    random,
  });
  const sync = new SyncedDoc({
    doc,
    name: 'doc',
    connection,
    clock,
    random,
    ...deps,
  });
  sync.start();
  connection.connect();
  return {
    doc,
    connection,
    sync,
    text: doc.getText('text'),
    destroy() {
      sync.destroy();
      connection.destroy();
    },
  };
}
