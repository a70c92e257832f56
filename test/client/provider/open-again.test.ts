// A document that is let go of and opened again on one connection, before the server has answered the first time.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseDocumentName } from '../../../shared/document-name.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice } from './device.js';

let server: SessionServer;
let network: Network;

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(async () => {
  await server.run(10);
  await server.close();
});

it.each([0, 1, 2, 5, 20])(
  'N2: one that is let go of and opened again while it is being opened is opened, after %i ms',
  async (afterMs) => {
    server.store.hold('load');
    const one = openDevice(server, network);
    const reasons: string[] = [];
    one.sync.on('refused', ({ message }) => void reasons.push(message));
    await server.run(20 + afterMs, 1);
    for (let i = 0; i < 3; i++) {
      one.sync.stop();
      one.sync.start();
      await server.run(afterMs, 1);
    }
    one.text.insert(0, 'a');
    server.store.release('load');
    await server.run(200);
    expect(reasons).toEqual([]);
    expect([one.sync.phase, one.sync.unsynced]).toEqual(['synced', 0]);
    expect((await server.connected({ path: '/doc' })).text).toBe('a');
    one.sync.stop();
    await server.run(20);
    expect((await server.registry.open(parseDocumentName('doc'))).memberCount, 'the stock client').toBe(1);
    one.destroy();
  },
);
