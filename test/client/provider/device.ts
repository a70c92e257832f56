// A client's document and its connection, over a network that can be cut, to a server in memory.

import * as Y from 'yjs';
import { Connection } from '../../../client/connection/connection.js';
import { Tidying } from '../../../client/crdt/tidying.js';
import { DocumentSync } from '../../../client/provider/document-sync.js';
import type { DocumentSyncDeps } from '../../../client/provider/document-sync-deps.js';
import type { Network } from '../../support/client-sockets.js';
import type { SessionServer } from '../../support/session-server.js';

export interface Device {
  readonly doc: Y.Doc;
  readonly connection: Connection;
  readonly sync: DocumentSync;
  readonly text: Y.Text;
  destroy(): void;
}

export type DeviceOptions = Partial<DocumentSyncDeps> & { token?: string; session?: string };

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
  const sync = new DocumentSync({
    doc,
    name: 'doc',
    connection,
    clock,
    random,
    isEdit: () => true,
    tidying: new Tidying(doc),
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
