// Bad frames, silence, shutdown and a failing store.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import { SyncError } from '../../../shared/errors.js';
import { frameOf } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

describe('O1: bad input ends its own connection with a code that says what, and nobody else’s', () => {
  it.each<[what: string, frame: Uint8Array | string, code: number, reason: string]>([
    ['a text frame', 'hello', 4400, 'FRAME_MALFORMED'],
    ['an empty frame', new Uint8Array(), 4400, 'FRAME_MALFORMED'],
    ['half a message', Uint8Array.of(0, 0, 5, 1), 4400, 'FRAME_MALFORMED'],
    ['an unknown type', Uint8Array.of(99), 4400, 'MESSAGE_UNKNOWN'],
    ['an unknown sync type', Uint8Array.of(0, 3, 0), 4400, 'MESSAGE_UNKNOWN'],
    ['a state vector that is none', frameOf([0, 0], Uint8Array.of(5)), 4400, 'STATE_VECTOR_INVALID'],
    ['an update that is none', frameOf([0, 2], Uint8Array.of(1, 2, 3)), 4422, 'UPDATE_INVALID'],
    ['awareness that is none', frameOf([1], Uint8Array.of(1)), 4400, 'AWARENESS_INVALID'],
  ])('%s', async (_what, frame, code, reason) => {
    const other = await server.connected();
    const client = await server.connected();
    client.end.send(frame);
    await server.run(50);
    expect(client.closed?.code).toBe(code);
    expect(client.closed?.reason.split(':')[0]).toBe(reason);
    expect(other.closed).toBeUndefined();
    expect(other.others.size).toBe(0);
    other.insert('a');
    await server.run(50);
    expect(other.heardOf('update').length).toBe(1);
  });

  it('what was good before it in the same frame counts, what comes after it does not', async () => {
    const client = await server.connected();
    const frame = (bytes: readonly number[]): number[] => [...frameOf([0, 2], Uint8Array.from(bytes))];
    const update = [1, 1, 5, 0, 4, 1, 1, 0x74, 1, 0x61, 0];
    client.end.send(Uint8Array.from([...frame(update), ...frame([9, 9]), ...frame(update)]));
    await server.run(50);
    expect(client.closed?.code).toBe(4422);
    expect(server.store.batches.length).toBe(1);
  });
});

describe('silence', () => {
  it('everybody hears something within 15 s, in or out of sync', async () => {
    server.store.hold('load');
    const waiting = server.connect({ path: '/slow', isPresent: false });
    await server.settle();
    server.store.release('load');
    const quiet = await Promise.all(Array.from({ length: 20 }, () => server.connected({ isPresent: false })));
    await server.run(50);
    for (let round = 0; round < 3; round++) {
      const before = quiet.map(({ end }) => end.received.length);
      await server.run(15_000, 500);
      quiet.forEach(({ end }, i) => expect(end.received.length).toBeGreaterThan(before[i]!));
      quiet.forEach(({ end }, i) => expect(end.received.length).toBeLessThanOrEqual(before[i]! + 2));
    }
    expect(waiting.end.received.length).toBeGreaterThan(2);
  });
});

describe('O3: shutdown', () => {
  it('everybody is told to come back with 1012, after all that was accepted is durable and acknowledged', async () => {
    const [client, other] = [await server.connected(), await server.connected()];
    server.store.hold('append');
    client.insert('last words');
    await server.settle();
    server.gateway.stopAdmission();
    const drained = server.registry.settle();
    server.store.release('append');
    await drained;
    server.sessions.refuseAll(new SyncError('DRAINING'));
    await server.run(50);
    expect(client.heardOf('update').length).toBe(1);
    expect([client.closed, other.closed]).toEqual([
      { code: 1012, reason: 'DRAINING' },
      { code: 1012, reason: 'DRAINING' },
    ]);
    expect(server.sessions.size).toBe(0);
  });

  it('is no offence: nobody is made to wait', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => server.connected()));
    server.sessions.refuseAll(new SyncError('DRAINING'));
    await server.settle();
    expect(all.every(({ closed }) => closed?.code === 1012)).toBe(true);
  });

  it('one that does not answer the goodbye is cut off after 5 s', async () => {
    const client = await server.connected();
    client.end.send('text');
    await server.run(5_100, 100);
    expect(client.closed?.code).toBe(4400);
    expect(server.sessions.size).toBe(0);
  });

  it('a connection that the client ends leaves no timer behind', async () => {
    server.bearers.byToken.set('long', { access: 'write', exp: server.clock.now() / 1000 + 3_600 });
    const before = server.clock.pending;
    const client = await server.connected({ token: 'long' });
    client.terminate();
    await server.run(50);
    expect(server.clock.pending).toBe(before);
  });

  it('a connection that has ended leaves no timer behind', async () => {
    server.bearers.byToken.set('long', { access: 'write', exp: server.clock.now() / 1000 + 3_600 });
    const before = server.clock.pending;
    const client = await server.connected({ token: 'long' });
    client.end.send('text');
    await server.run(50);
    expect(server.sessions.size).toBe(0);
    expect(server.clock.pending).toBe(before);
  });
});

describe('D1: a store that fails', () => {
  it('sends everybody away with their edits, unacknowledged, with a code that says to come back', async () => {
    const [client, other] = [await server.connected(), await server.connected()];
    server.store.failures.set('append', new StoreError('STORE_FULL', 'no space at /var/lib/heddle'));
    client.insert('not lost');
    await server.run(100);
    expect(server.failures.length).toBe(1);
    for (const { closed } of [client, other])
      expect(closed).toEqual({ code: 4503, reason: 'STORE_UNAVAILABLE' });
    expect(client.heardOf('update')).toEqual([]);
    expect(client.text).toBe('not lost');
    const late = await server.connected();
    expect(late.end.refusal?.status).toBe(503);
  });

  it('one that does not keep up refuses writers, and keeps readers', async () => {
    await server.close();
    server = createSessionServer({ limits: { maxUncommittedBytes: 2_000 } });
    const [client, reader] = [await server.connected(), await server.connected()];
    server.store.hold('append');
    client.insert('x'.repeat(3_000));
    await server.run(50);
    client.insert('y');
    await server.run(50);
    expect(client.closed?.code).toBe(4503);
    expect(reader.closed).toBeUndefined();
    server.store.release('append');
    await server.run(100);
    reader.insert('z');
    await server.run(100);
    expect(reader.heardOf('update').length).toBe(2);
  });
});
