// A server whose store was put back to an earlier state, by a file copy say, which no epoch tells.

import { afterEach, beforeEach, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Position } from '../../../shared/native/position.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice } from './device.js';

let server: SessionServer;
let network: Network;

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(() => server.close());

it('N5, K3: a document is offered again where the server was put back to an earlier state and cannot resume there', async () => {
  const first = openDevice(server, network);
  let position: Position | undefined;
  first.sync.on('position', (at) => (position = at));
  first.text.insert(0, 'kept');
  await server.run(100);
  first.destroy();
  // What the server acknowledged after that, and has lost: the offset is one that it has not given out again.
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
  doc.getText('text').insert(4, ' and lost');
  const positions: Position[] = [];
  const second = openDevice(server, network, {
    doc,
    position: { epoch: position!.epoch, offset: position!.offset + 7 },
  });
  second.sync.on('position', (at) => void positions.push(at));
  await server.run(300);
  expect(second.sync.phase).toBe('synced');
  expect((await server.connected({ path: '/doc' })).text).toBe('kept and lost');
  // It stands where the server stands now.
  expect(positions.at(-1)?.offset).toBeLessThan(position!.offset + 7);
  second.destroy();
  await server.run(10);
});
