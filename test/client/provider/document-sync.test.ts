// One document over a connection that comes and goes, with a real server in memory.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Position } from '../../../shared/native/position.js';
import { Network } from '../../support/client-sockets.js';
import type { MemoryPeer } from '../../support/memory-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device({ on = network, ...options }: DeviceOptions & { on?: Network } = {}): Device {
  const one = openDevice(server, on, options);
  cleanup.push(() => one.destroy());
  return one;
}

function rejectionOf(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function stock(): Promise<MemoryPeer> {
  return server.connected({ path: '/doc' });
}

describe('a document', () => {
  it('D1: is synced, and counts what is not durable yet', async () => {
    const { sync, text } = device();
    const counts: number[] = [];
    sync.on('unsynced', (count) => void counts.push(count));
    text.insert(0, 'a');
    text.insert(1, 'b');
    expect(sync.unsynced).toBe(2);
    await server.run(100);
    expect(sync.phase).toBe('synced');
    expect(sync.unsynced).toBe(0);
    server.store.hold('append');
    text.insert(2, 'c');
    await server.run(500);
    expect(sync.unsynced).toBe(1);
    server.store.release('append');
    await server.run(50);
    expect(sync.unsynced).toBe(0);
    expect(counts.at(-1)).toBe(0);
    expect((await stock()).text).toBe('abc');
  });

  it('C1: is the same for two of ours and a stock client, as they type', async () => {
    const [one, two] = [device(), device()];
    const other = await stock();
    for (let i = 0; i < 30; i++) {
      one.text.insert(0, '1');
      two.text.insert(two.text.length, '2');
      other.insert('3');
      await server.run(3, 1);
    }
    await server.run(300);
    expect(one.text.toString().length).toBe(90);
    expect(two.text.toString()).toBe(one.text.toString());
    expect(other.text).toBe(one.text.toString());
    expect([one.sync.unsynced, two.sync.unsynced]).toEqual([0, 0]);
  });

  it('N5: comes back to what it missed and no more, and uploads what it has made and no more', async () => {
    const one = device();
    one.text.insert(0, 'start '.repeat(2_000));
    await server.run(100);
    const awayNetwork = new Network(() => server.transport);
    const away = device({ on: awayNetwork });
    await server.run(100);
    expect(away.text.length).toBe(12_000);
    one.text.insert(0, 'x');
    await server.run(100);
    one.text.insert(0, 'y');
    await server.run(1_000);
    awayNetwork.state = 'down';
    await server.run(20);
    for (let i = 0; i < 10; i++) {
      one.text.insert(i, 'missed');
      away.text.insert(away.text.length, 'made');
    }
    await server.run(200);
    expect(away.sync.unsynced).toBe(10);
    const [sent, heard] = [awayNetwork.sentBytes, awayNetwork.heardBytes];
    const batches = server.store.batches.length;
    awayNetwork.state = 'up';
    away.connection.nudge();
    await server.run(300);
    expect(away.text.toString()).toBe(one.text.toString());
    expect(away.sync.unsynced).toBe(0);
    expect(
      server.store.batches
        .slice(batches)
        .flat()
        .flatMap(({ records }) => records).length,
    ).toBe(1);
    expect(awayNetwork.sentBytes - sent).toBeLessThan(300);
    expect(awayNetwork.heardBytes - heard).toBeLessThan(600);
  });

  it('uploads nothing when it comes back with nothing', async () => {
    const one = device();
    one.text.insert(0, 'a');
    await server.run(100);
    const batches = server.store.batches.length;
    for (let i = 0; i < 3; i++) {
      network.state = 'down';
      await server.run(20);
      network.state = 'up';
      one.connection.nudge();
      await server.run(200);
    }
    expect(one.sync.phase).toBe('synced');
    expect(server.store.batches.length).toBe(batches);
  });

  it('sends again what was on its way when the connection was lost', async () => {
    const one = device();
    await server.run(100);
    server.store.hold('append');
    one.text.insert(0, 'a');
    await server.run(20);
    network.state = 'down';
    await server.run(20);
    expect(one.sync.unsynced).toBe(1);
    server.store.release('append');
    network.state = 'up';
    one.connection.nudge();
    await server.run(200);
    expect(one.sync.unsynced).toBe(0);
    expect((await stock()).text).toBe('a');
  });

  it('joins what was written for long without a connection', async () => {
    network.state = 'down';
    const one = device();
    for (let i = 0; i < 500; i++) one.text.insert(i, 'x');
    expect(one.sync.unsynced).toBe(500);
    network.state = 'up';
    one.connection.nudge();
    await server.run(300);
    expect(one.sync.unsynced).toBe(0);
    expect(server.store.batches.flat().flatMap(({ records }) => records).length).toBe(1);
  });
});

describe('a document that came from elsewhere', () => {
  it('is compared once: what the server lacks is offered, deletions too, and nothing else', async () => {
    const first = device();
    first.text.insert(0, 'shared text '.repeat(500));
    for (let i = 0; i < 50; i++) first.text.delete(i * 20, 2);
    await server.run(200);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
    doc.getText('text').delete(0, 3);
    doc.getText('text').insert(5, 'NEW');
    const on = new Network(() => server.transport);
    const second = device({ doc, on });
    await server.run(200);
    expect(first.text.toString()).toBe(doc.getText('text').toString());
    expect(on.sentBytes).toBeLessThan(200);
    expect(second.sync.unsynced).toBe(0);
  });

  it('D1: is compared again when the connection was lost before what it offered was durable', async () => {
    const first = device();
    first.text.insert(0, 'shared');
    await server.run(100);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
    doc.getText('text').insert(0, 'NEW ');
    const on = new Network(() => server.transport);
    const second = device({ doc, on });
    const positions: Position[] = [];
    second.sync.on('position', (position) => void positions.push(position));
    // What it offers then is on its way, and never comes.
    second.sync.once('phase', function lose(phase) {
      if (phase === 'synced') on.state = 'silent';
      else second.sync.once('phase', lose);
    });
    await server.run(100);
    expect(second.sync.phase).toBe('synced');
    expect(positions).toEqual([]);
    on.state = 'down';
    await server.run(20);
    on.state = 'up';
    second.connection.nudge();
    await server.run(300);
    expect((await stock()).text).toBe('NEW shared');
    expect(positions.length).toBeGreaterThan(0);
  });

  it('C1: is compared also if that turns out to be needed while it is being opened', async () => {
    const one = device({ isEdit: (origin) => origin !== 'tab' });
    one.text.insert(0, 'a');
    await server.run(100);
    network.state = 'down';
    await server.run(20);
    const dead = new Y.Doc();
    dead.getText('text').insert(0, 'b');
    Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(dead), 'tab');
    one.sync.on('phase', (phase) => {
      if (phase === 'opening') queueMicrotask(() => one.sync.compare());
    });
    network.state = 'up';
    one.connection.nudge();
    await server.run(300);
    expect(one.sync.phase).toBe('synced');
    expect((await stock()).text).toBe(one.text.toString());
  });

  it('that holds nothing new uploads nothing', async () => {
    const first = device();
    first.text.insert(0, 'abc');
    first.text.delete(1, 1);
    await server.run(100);
    const batches = server.store.batches.length;
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
    const second = device({ doc });
    await server.run(100);
    expect(second.sync.phase).toBe('synced');
    expect(server.store.batches.length).toBe(batches);
  });

  it('N5: and knows where it stood resumes there, with what was never acknowledged', async () => {
    const first = device();
    let position: Position | undefined;
    first.sync.on('position', (at) => (position = at));
    first.text.insert(0, 'abc');
    await server.run(500);
    const stood = position!;
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
    first.text.insert(3, 'def');
    await server.run(100);
    const pending: Uint8Array[] = [];
    doc.once('update', (update: Uint8Array) => pending.push(update));
    doc.getText('text').insert(0, '123');
    const second = device({ doc, position: stood });
    for (const update of pending) second.sync.restore(update);
    await server.run(200);
    expect(doc.getText('text').toString()).toBe('123abcdef');
    expect(first.text.toString()).toBe('123abcdef');
  });
});

it('N5: a server that was set back to before gets what it once had, from whoever has it', async () => {
  const one = device();
  one.text.insert(0, 'acknowledged, and lost');
  await server.run(200);
  expect(one.sync.unsynced).toBe(0);
  one.connection.disconnect();
  await server.run(20);
  await server.close();
  // Without what was stored; the clock goes on.
  server = createSessionServer({ clock: server.clock });
  one.connection.connect();
  await server.run(300);
  expect((await stock()).text).toBe('acknowledged, and lost');
});

describe('rights', () => {
  it('A4: a reader keeps what it may not write, says so, and sends it when it may', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'read' });
    const one = device({ token: 'ann' });
    const reasons: (string | undefined)[] = [];
    one.sync.on('refused', ({ code }) => void reasons.push(code));
    await server.run(100);
    expect(one.sync.access).toBe('read');
    one.text.insert(0, 'kept');
    await server.run(100);
    expect(one.sync.unsynced).toBe(1);
    expect(server.store.batches).toEqual([]);
    server.bearers.byToken.set('ann2', { sub: 'ann', access: 'write' });
    one.connection.renewed('ann2');
    await server.run(200);
    expect(one.sync.access).toBe('write');
    expect(one.sync.unsynced).toBe(0);
    expect((await stock()).text).toBe('kept');
  });

  it('A4: an edit that was refused is offered when the rights come back', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'write' });
    server.bearers.byToken.set('ann-reads', { sub: 'ann', access: 'read' });
    const one = device({ token: 'ann' });
    const reasons: (string | undefined)[] = [];
    one.sync.on('refused', ({ code }) => void reasons.push(code));
    await server.run(100);
    one.connection.renewed('ann-reads');
    one.text.insert(0, 'too late');
    await server.run(200);
    expect(reasons).toEqual(['READ_ONLY']);
    one.connection.renewed('ann');
    await server.run(200);
    expect((await stock()).text).toBe('too late');
  });

  it('N2: one that is forbidden is blocked with the reason, until it is tried again', async () => {
    server.bearers.byToken.set('write', { access: 'write', documents: { doc: 'none' } });
    const one = device();
    one.text.insert(0, 'a');
    await server.run(60_000, 500);
    expect(one.sync.phase).toBe('blocked');
    expect(one.sync.reason?.code).toBe('FORBIDDEN');
    expect(one.connection.state).toBe('open');
    server.bearers.byToken.set('write', { access: 'write' });
    one.sync.retry();
    await server.run(100);
    expect(one.sync.unsynced).toBe(0);
  });

  it('N6: one that is closed by a token whose successor is on its way is asked for again when that comes into force', async () => {
    for (const [token, access] of [
      ['ann', 'write'],
      ['ann-out', 'none'],
      ['ann-back', 'write'],
    ] as const)
      server.bearers.byToken.set(token, { sub: 'ann', access });
    const one = device({ token: 'ann' });
    const reasons: (string | undefined)[] = [];
    one.sync.on('refused', ({ code }) => void reasons.push(code));
    await server.run(100);
    one.connection.renewed('ann-out');
    one.connection.renewed('ann-back');
    one.sync.retry();
    one.text.insert(0, 'typed');
    await server.run(200);
    expect(reasons).toEqual(['FORBIDDEN']);
    expect([one.sync.phase, one.sync.unsynced]).toEqual(['synced', 0]);
  });

  it('one whose store was away is asked for again', async () => {
    server.store.failures.set('load', new Error('disk'));
    const one = device();
    await server.run(50);
    expect(one.sync.phase).toBe('closed');
    expect(one.sync.reason?.code).toBe('STORE_UNAVAILABLE');
    await server.run(2_000, 50);
    expect(one.sync.phase).toBe('synced');
  });
});

describe('synced()', () => {
  it('N7: resolves when what is here is durable there, and what is there is here', async () => {
    const one = device();
    const other = await stock();
    await server.run(100);
    server.store.hold('append');
    one.text.insert(0, 'mine');
    other.insert('theirs');
    let isDone = false;
    void one.sync.synced().then(() => (isDone = true));
    await server.run(300);
    expect(isDone).toBe(false);
    server.store.release('append');
    await server.run(100);
    expect(isDone).toBe(true);
    expect(one.text.toString()).toContain('theirs');
  });

  it('rejects when something of it is refused, or the document is not opened', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'write' });
    server.bearers.byToken.set('ann-reads', { sub: 'ann', access: 'read' });
    const one = device({ token: 'ann' });
    await server.run(100);
    one.connection.renewed('ann-reads');
    one.text.insert(0, 'too late');
    const refused = rejectionOf(one.sync.synced());
    await server.run(200);
    expect(await refused).toMatchObject({ code: 'READ_ONLY' });
    server.bearers.byToken.set('nothing', { access: 'none' });
    const two = device({ token: 'nothing' });
    const forbidden = rejectionOf(two.sync.synced());
    await server.run(200);
    expect(await forbidden).toMatchObject({ code: 'FORBIDDEN' });
    await expect(two.sync.synced()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('waits for the connection', async () => {
    network.state = 'down';
    const one = device();
    one.text.insert(0, 'a');
    let isDone = false;
    void one.sync.synced().then(() => (isDone = true));
    await server.run(1_000, 50);
    expect(isDone).toBe(false);
    network.state = 'up';
    one.connection.nudge();
    await server.run(200);
    expect(isDone).toBe(true);
  });
});

it('N4: a cursor that comes while the document is not open is not kept', () => {
  network.state = 'down';
  const { sync } = device();
  const positions: Position[] = [];
  sync.on('position', (position) => void positions.push(position));
  sync.channel.hear({ type: 'update', document: 1, cursor: 5, acks: [], update: Uint8Array.of(0, 0) });
  expect(positions).toEqual([]);
});

it('a destroyed one is closed on the server, and leaves nothing behind', async () => {
  const [one, other] = [device(), await stock()];
  await server.run(100);
  one.sync.destroy();
  await server.run(50);
  expect(server.visitors.went.length).toBe(1);
  other.insert('x');
  await server.run(50);
  expect(one.text.toString()).toBe('');
});
