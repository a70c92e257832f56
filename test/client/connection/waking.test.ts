// What a connection makes of a page that has slept, with a server in memory.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device } from '../provider/device.js';

let server: SessionServer;
let network: Network;
let device: Device;

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(async () => {
  device.destroy();
  await server.run(10);
  await server.close();
});

it('K38: a page that wakes waits 4 s more for an opening, however often it wakes, and not longer than it would have', async () => {
  network.state = 'silent';
  device = openDevice(server, network);
  const { connection } = device;
  await server.run(5_000, 50);
  expect(connection.state).toBe('greeting');
  connection.nudge();
  await server.run(3_900, 50);
  connection.nudge();
  expect(connection.state).toBe('greeting');
  await server.run(200, 50);
  expect(connection.state).not.toBe('greeting');
  network.state = 'up';
  await server.run(5_000, 50);
  expect(connection.state).toBe('open');
});

it('K38: it is known when the server was last heard', async () => {
  device = openDevice(server, network);
  const { connection } = device;
  await server.run(100);
  const heardAt = connection.heardAt;
  expect(Math.abs(heardAt - server.clock.now())).toBeLessThanOrEqual(100);
  network.state = 'silent';
  device.text.insert(0, 'what is said in vain');
  await server.run(9_500, 50);
  expect([connection.state, connection.heardAt]).not.toContain('open');
  expect(connection.heardAt).toBe(heardAt);
});
