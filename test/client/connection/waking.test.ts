// What a connection makes of a page that has slept, with a server in memory.

import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { Connection } from '../../../client/connection/connection.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device } from '../provider/device.js';

let server: SessionServer;
let network: Network;
let device: Device | undefined;

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(async () => {
  device?.destroy();
  device = undefined;
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

it.each(['waiting', 'asking', 'greeting'] as const)(
  'K38: is tried again soon where the attempt fails that is under way when the page wakes (%s)',
  async (state) => {
    let isAsking = false;
    let refuse = (): void => {};
    const refused = (): Promise<string> =>
      new Promise((_, reject) => (refuse = () => reject(new Error('no network'))));
    const connection = new Connection({
      url: 'ws://server/',
      token: async () => (isAsking ? refused() : 'write'),
      device: 'device',
      agent: 'test/1',
      openSocket: network.openSocket,
      clock: server.clock,
      random: () => 0.99,
    });
    onTestFinished(() => connection.destroy());
    network.state = 'down';
    connection.connect();
    await server.run(60_000, 100);
    isAsking = state === 'asking';
    if (state === 'greeting') network.state = 'silent';
    if (state !== 'waiting') await server.run(30_000, 100);
    for (let left = 300; connection.state !== state && left > 0; left--) await server.run(100);
    expect(connection.state).toBe(state);
    connection.nudge();
    await server.run(10);
    [isAsking, network.state] = [false, 'down'];
    refuse();
    await server.run(5);
    expect(connection.state).toBe('waiting');
    network.state = 'up';
    await server.run(600);
    expect(connection.state).toBe('open');
  },
);
