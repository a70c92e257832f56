// Calls over one connection to a server in memory.

import { afterEach, expect, it } from 'vitest';
import { Connection, type Attached } from '../../../client/connection/connection.js';
import type { CallHook } from '../../../server/session/calls.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;
let network: Network;
let connection: Connection;

function create(call?: CallHook): void {
  server = createSessionServer({ gateway: { call } });
  network = new Network(() => server.transport);
  connection = new Connection({
    url: 'ws://server/',
    token: async () => 'write',
    device: 'device',
    agent: 'test/1',
    openSocket: network.openSocket,
    clock: server.clock,
    random: () => 0.5,
  });
}

afterEach(async () => {
  connection.destroy();
  await server.run(10);
  await server.close();
});

const document: Attached = {
  name: 'doc',
  known: () => ({ kind: 'nothing' }),
  connected: () => connection.open(document),
  disconnected() {},
  hear() {},
};
const body = Uint8Array.of(1);

it('N19: calls the application behind the server', async () => {
  create(async ({ body, document }) => (document === undefined ? undefined : body));
  await expect(connection.call('echo', body)).rejects.toThrow('not connected');
  connection.attach(document);
  connection.connect();
  await server.run(50);
  const answers = [connection.call('echo', body, 'doc'), connection.call('echo', body)];
  await server.run(20);
  expect(await Promise.all(answers)).toEqual([body, new Uint8Array(0)]);
  await expect(connection.call('echo', body, 'other')).rejects.toThrow('the document is not open');
});

it('N19: a call is told when the connection ends before its answer', async () => {
  create(() => new Promise(() => {}));
  connection.connect();
  await server.run(50);
  const failure = connection.call('wait', body).catch((error: unknown) => error);
  network.state = 'down';
  expect(await failure).toMatchObject({ message: 'the connection ended before the answer' });
});

it('N19: a call that is refused says so by its code', async () => {
  create();
  connection.connect();
  await server.run(50);
  const failure = connection.call('m', body).catch((error: unknown) => error);
  await server.run(20);
  expect(await failure).toMatchObject({
    code: 'CALL_UNKNOWN',
    reason: 'CALL_UNKNOWN: this server answers no calls',
  });
});
