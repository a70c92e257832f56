// X9: a connection goes on with another socket, which was opened beside the one in use. With a real server in memory.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenSocket } from '../../../client/connection/socket.js';
import { SyncError } from '../../../shared/errors.js';
import { encodeServerFrame } from '../../../shared/native/frame.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device } from '../provider/device.js';

const session = '0123456789abcdef';

let server: SessionServer;
let network: Network;
/** The way of the socket beside. */
let other: Network;
let device: Device;
let states: string[];
let results: boolean[];

beforeEach(async () => {
  server = createSessionServer();
  network = new Network(() => server.transport);
  other = new Network(() => server.transport);
  device = openDevice(server, network, { session });
  states = [];
  results = [];
  await server.run(100);
  device.connection.on('state', (state) => void states.push(state));
});

afterEach(async () => {
  device.destroy();
  await server.run(10);
  await server.close();
});

const move = (openSocket: OpenSocket = other.openSocket): void =>
  device.connection.moveTo(openSocket, (hasMoved) => void results.push(hasMoved));

/** What comes on it is late; `cut` ends it. */
function late(ms: number): { openSocket: OpenSocket; cut(): void } {
  let cut = (): void => {};
  const openSocket: OpenSocket = (url, events, token) => {
    cut = () => events.closed(1006, '');
    const frame = (bytes: Uint8Array): void => void server.clock.after(ms, () => events.frame(bytes));
    return other.openSocket(url, { ...events, frame }, token);
  };
  return { openSocket, cut: () => cut() };
}

async function isInSync(text: string): Promise<void> {
  await server.run(100);
  expect([device.connection.state, device.sync.phase, device.sync.unsynced]).toEqual(['open', 'synced', 0]);
  expect(server.sessions.size).toBe(1);
  const reader = await server.connected({ path: '/doc' });
  expect(reader.text).toBe(text);
}

describe('X9: a connection that moves', () => {
  it('is open all the time, and its documents go on', async () => {
    device.text.insert(0, 'before');
    await server.run(100);
    move();
    device.text.insert(6, ', meanwhile');
    await server.run(100);
    expect([results, states, other.attempts]).toEqual([[true], [], 1]);
    device.text.insert(0, 'after, ');
    await isInSync('after, before, meanwhile');
    network.state = 'down';
    await server.run(100);
    expect(states).toEqual([]);
  });

  it('sends again what was not acknowledged', async () => {
    server.store.hold('append');
    device.text.insert(0, 'text');
    await server.run(50);
    move();
    await server.run(100);
    expect([results, device.sync.unsynced]).toEqual([[true], 1]);
    server.store.release('append');
    await isInSync('text');
  });

  it('stays where it is while nothing comes through on the other socket', async () => {
    other.state = 'silent';
    move();
    await server.run(9_900, 50);
    expect(results).toEqual([]);
    await server.run(200);
    expect([results, states]).toEqual([[false], []]);
    other.state = 'down';
    move();
    await server.run(50);
    expect(results).toEqual([false, false]);
    device.text.insert(0, 'text');
    await isInSync('text');
  });

  it('waits for the welcome when it hears first that its session has moved', async () => {
    move(late(200).openSocket);
    await server.run(150);
    expect([results, states]).toEqual([[], []]);
    device.text.insert(0, 'text');
    await server.run(1_000, 50);
    expect([results, states]).toEqual([[true], []]);
    await isInSync('text');
  });

  it('is tried again when its session has moved and the other socket is lost before the welcome', async () => {
    const { openSocket, cut } = late(200);
    move(openSocket);
    await server.run(150);
    cut();
    expect([results, states]).toEqual([[false], ['waiting']]);
    device.text.insert(0, 'text');
    await server.run(5_000, 50);
    await isInSync('text');
  });

  it('is tried again when the server says goodbye in the frame with the welcome', async () => {
    const goodbye = encodeServerFrame({
      type: 'goodbye',
      ...new SyncError('DRAINING').fault,
      retryAfterMs: 0,
    });
    move((url, events, token) => {
      const frame = (bytes: Uint8Array): void => events.frame(Buffer.concat([bytes, goodbye]));
      return other.openSocket(url, { ...events, frame }, token);
    });
    device.text.insert(0, 'text');
    await server.run(50);
    expect([results, states, device.sync.phase]).toEqual([[true], ['waiting'], 'closed']);
    expect(device.connection.reason?.code).toBe('DRAINING');
    await server.run(5_000, 50);
    await isInSync('text');
  });

  it('uses the token that came meanwhile', async () => {
    server.bearers.byToken.set('rich', { access: 'write', exp: server.clock.now() / 1000 + 60 });
    const ends: number[] = [];
    device.connection.on('authenticated', (expiresAt) => void ends.push((expiresAt ?? 0) > 0 ? 1 : 0));
    move(late(200).openSocket);
    await server.run(20);
    device.connection.renewed('rich');
    await server.run(1_000, 50);
    expect([results, states, ends.at(-1)]).toEqual([[true], [], 1]);
  });

  it('leaves no socket when it is not wanted any more', async () => {
    move(late(200).openSocket);
    device.connection.disconnect();
    await server.run(1_000, 50);
    expect([results, states, server.sessions.size]).toEqual([[], ['idle'], 0]);
    expect(device.connection.reason).toBeUndefined();
  });

  it('does not begin while a call is not answered, nor twice at once', async () => {
    void device.connection.call('unknown', new Uint8Array()).catch(() => {});
    move();
    expect(results).toEqual([false]);
    await server.run(50);
    move();
    move();
    expect(results).toEqual([false, false]);
    await server.run(100);
    expect(results).toEqual([false, false, true]);
  });
});
