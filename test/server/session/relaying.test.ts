// What readers get, when, and in how many frames: over sockets in memory, with stock clients and native ones.

import * as Y from 'yjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Limits } from '../../../shared/limits.js';
import type { MemoryPeer } from '../../support/memory-peer.js';
import { NativePeer } from '../../support/native-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

function start(limits: Partial<Limits> = {}, isBusy = false): void {
  server = createSessionServer({ limits, registry: { isBusy: () => isBusy } });
}

afterEach(() => server.close());

/** The client ids whose structs an update holds. */
function authorsIn(update: Uint8Array): Set<number> {
  return new Set(Y.decodeUpdate(update).structs.map(({ id }) => id.client));
}

describe('edits of several writers that come close behind each other', () => {
  it('R4: reach the others within milliseconds, not with the commit, and no stock writer hears its own', async () => {
    start();
    const writers = await Promise.all([1, 2, 3, 4].map(() => server.connected()));
    const reader = await server.connected();
    const native = new NativePeer(server.transport);
    const opened = native.open('doc');
    await server.run(50);
    server.store.hold('append');
    for (const { heard } of [...writers, reader]) heard.length = 0;
    for (const [i, writer] of writers.entries()) {
      writer.insert(`<${i}>`);
      await server.settle();
    }
    await server.run(6, 1);
    const expected = writers[0]!.text;
    expect(expected.length).toBe(12);
    for (const { text } of [...writers, reader, opened]) expect(text).toBe(expected);
    for (const { doc, heardOf } of writers) {
      const heard = heardOf.call(
        writers.find((writer) => writer.doc === doc)!,
        'update',
      );
      expect(heard.some((update) => authorsIn(update).has(doc.clientID))).toBe(false);
    }
    // The first leaves alone, the other three in one frame.
    expect(reader.heardOf('update').length).toBe(2);
    server.store.release('append');
    await server.run(50);
    for (const writer of writers) {
      const own = writer.heardOf('update').filter((update) => authorsIn(update).has(writer.doc.clientID));
      expect(own.length).toBe(1);
    }
  });

  it('C1: under one client id that two connections share, leave no gap for either', async () => {
    start();
    const first = await server.connected({ token: 'other' });
    const second = await server.connected({ token: 'other' });
    const reader = await server.connected();
    const doc = new Y.Doc();
    doc.clientID = 7;
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const letter of 'abcde') doc.getText('text').insert(doc.getText('text').length, letter);
    for (const [i, update] of updates.entries()) {
      (i % 2 === 0 ? first : second).update(update);
      await server.settle();
    }
    await server.run(100);
    expect(reader.text).toBe('abcde');
    for (const { doc: heard } of [first, second, reader]) expect(heard.store.pendingStructs).toBeNull();
  });
});

describe('on a busy server', () => {
  it('N3, R3: a writer that leaves the live stream between two acknowledgements hears of both', async () => {
    start({ softBufferedBytes: 2_000, maxBufferedBytes: 200_000 }, true);
    const native = new NativePeer(server.transport);
    const opened = native.open('doc');
    const others = await Promise.all([1, 2, 3].map(() => server.connected()));
    await server.run(50);
    for (let round = 0; round < 40; round++) {
      native.end.kernelBytes = 0;
      native.end.isReading = round % 3 === 0;
      others[round % 3]!.insert('x'.repeat(300));
      native.insert(opened, 'a');
      native.insert(opened, 'b');
      await server.run(7, 1);
    }
    native.end.isReading = true;
    await server.run(500);
    expect(native.closed).toBeUndefined();
    expect(opened.acked).toBe(opened.seq);
    expect(opened.text).toBe(others[0]!.text);
  });
});

describe('catching up', () => {
  it('O2: takes few frames, however many updates were missed', async () => {
    start({ softBufferedBytes: 20_000, maxBufferedBytes: 100_000, syncPartBytes: 10_000 });
    const [writer, slow] = [await server.connected(), await server.connected()];
    slow.end.kernelBytes = 0;
    slow.end.isReading = false;
    writer.doc.getMap('map').set('large', 'x'.repeat(19_000));
    writer.doc.getMap('map').set('next', 'x'.repeat(19_000));
    await server.run(50);
    for (let i = 0; i < 1_500; i++) writer.insert(String(i % 10));
    await server.run(50);
    slow.heard.length = 0;
    slow.end.isReading = true;
    await server.run(100);
    expect(slow.text).toBe(writer.text);
    expect(slow.heardOf('update').length).toBeLessThan(15);
  });

  it('O2: a join of a document without a checkpoint is sent parts, not its whole log in one frame', async () => {
    start({ syncPartBytes: 4_000 });
    const writer = await server.connected();
    for (let i = 0; i < 60; i++) {
      writer.doc.getMap('map').set(`k${i}`, 'x'.repeat(1_000));
      await server.run(1);
    }
    await server.run(100);
    const joiner = await server.connected();
    expect(joiner.doc.getMap('map').size).toBe(60);
    expect(Math.max(...joiner.end.received.map(({ length }) => length))).toBeLessThan(4_100);
    // One who has the first half is sent the other half in parts as well.
    const half = new Y.Doc();
    const map = half.getMap('map');
    for (const update of joiner.heardOf('update').slice(0, 8)) Y.applyUpdate(half, update);
    expect(map.size).toBeGreaterThan(20);
    const back = await server.connected({ doc: half });
    expect(map.size).toBe(60);
    expect(Math.max(...back.end.received.map(({ length }) => length))).toBeLessThan(4_100);
  });
});

describe('a request that comes while another one is answered', () => {
  it('D1, R7: shows its client nothing that the client has written meanwhile and that is not durable', async () => {
    start({ softBufferedBytes: 20_000, maxBufferedBytes: 200_000, syncPartBytes: 10_000 });
    const writer = await server.connected();
    for (let i = 0; i < 20; i++) writer.doc.getMap('map').set(`k${i}`, 'x'.repeat(5_000));
    await server.run(50);
    const slow = server.connect({ greets: false });
    await server.run(50);
    [slow.end.kernelBytes, slow.end.isReading] = [0, false];
    for (let request = 0; request < 2; request++) {
      slow.step1();
      await server.run(10);
    }
    server.store.hold('append');
    slow.insert('own');
    await server.run(20);
    slow.end.isReading = true;
    await server.run(100);
    const own = (): Uint8Array[] =>
      [...slow.heardOf('update'), ...slow.heardOf('step2')].filter((update) =>
        authorsIn(update).has(slow.doc.clientID),
      );
    expect(own()).toEqual([]);
    expect(slow.heardOf('step2').length).toBe(1);
    server.store.release('append');
    await server.run(50);
    expect(own().length).toBeGreaterThan(0);
    expect(slow.heardOf('step2').length).toBe(2);
    expect(slow.doc.getMap('map').size).toBe(20);
  });
});

describe('edits that arrive on a dead connection after their client came back on a new one', () => {
  /** A client that was connected as `old`, lost that, and is connected again: it brings nothing of its own accord. */
  function comeBack({ doc }: MemoryPeer, greets = true): MemoryPeer {
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    copy.clientID = doc.clientID;
    const back = server.connect({ doc: copy, token: 'ann', greets });
    back.step2 = () => {};
    return back;
  }
  async function dead(): Promise<MemoryPeer> {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'write' });
    const old = await server.connected({ token: 'ann' });
    old.end.onMessage = undefined;
    return old;
  }
  const own = (peer: MemoryPeer): Uint8Array[] =>
    [...peer.heardOf('update'), ...peer.heardOf('step2')].filter((update) =>
      authorsIn(update).has(peer.doc.clientID),
    );
  /** What a client sends of its edits, later than it makes them. */
  function delayed(peer: MemoryPeer): () => void {
    const late: Uint8Array[] = [];
    const { update } = peer;
    peer.update = (bytes) => void late.push(bytes);
    return () => {
      peer.update = update;
      for (const bytes of late) peer.update(bytes);
    };
  }

  it('D1: come to that client when they are durable, and not before', async () => {
    start();
    const old = await dead();
    const others = [await server.connected(), await server.connected({ token: 'other' })];
    const arrive = delayed(old);
    old.insert('typed');
    const back = comeBack(old);
    await server.run(50);
    server.store.hold('append');
    arrive();
    await server.run(200);
    expect(back.isSynced).toBe(true);
    expect(own(back)).toEqual([]);
    server.store.release('append');
    await server.run(50);
    expect(own(back).length).toBe(1);
    for (const { text } of others) expect(text).toBe('typed');
  });

  it('D1: and are deletions are not in the answer to that client before they are durable', async () => {
    start();
    const old = await dead();
    old.insert('typed');
    await server.run(50);
    const arrive = delayed(old);
    old.doc.getText('text').delete(0, 1);
    const back = comeBack(old, false);
    await server.run(50);
    server.store.hold('append');
    arrive();
    await server.run(20);
    back.step1();
    await server.run(100);
    expect(back.heardOf('step2')).toEqual([]);
    server.store.release('append');
    await server.run(50);
    expect(back.heardOf('step2').length).toBe(1);
  });

  it('D1: that waited for the document to be loaded, or for what they depend on, do so as well', async () => {
    start();
    server.store.hold('load');
    const old = await dead();
    const other = await server.connected();
    const missing = new Y.Doc();
    missing.getText('text').insert(0, 'before ');
    Y.applyUpdate(old.doc, Y.encodeStateAsUpdate(missing), old);
    old.insert('typed');
    const back = comeBack(old);
    await server.run(20);
    server.store.hold('append');
    server.store.release('load');
    await server.run(100);
    other.update(Y.encodeStateAsUpdate(missing));
    await server.run(600);
    expect(own(back)).toEqual([]);
    server.store.release('append');
    await server.run(50);
    expect(own(back).length).toBe(1);
    expect(other.text).toBe('before typed');
  });

  it('R4: of another client of the user reach the others without waiting for the store', async () => {
    start();
    const old = await dead();
    const other = await server.connected();
    const tab = server.connect({ token: 'ann' });
    const offline = server.connect({ token: 'ann' });
    offline.step2 = () => {};
    await server.run(50);
    server.store.hold('append');
    old.insert('typed');
    await server.run(10, 1);
    for (const { text } of [other, tab, offline]) expect(text).toBe('typed');
  });
});

describe('R8: while others offer what they have without a pause', () => {
  it('a client that asks is answered after two commits, and every offer is taken', async () => {
    start();
    const { clock, store } = server;
    store.delay = (operation) =>
      operation === 'append' ? new Promise((resolve) => void clock.after(8, resolve)) : undefined;
    const writers = await Promise.all([1, 2, 3].map(() => server.connected()));
    const docs = writers.map((writer) => {
      const doc = new Y.Doc();
      doc.on('update', (update: Uint8Array) => writer.step2(update));
      return doc;
    });
    const offer = async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn++) {
        docs[turn % 3]!.getText('text').insert(0, 'x');
        await server.run(2, 1);
      }
    };
    await offer(30);
    const joiner = server.connect();
    await server.run(3, 1);
    const before = store.batches.length;
    for (let turn = 0; turn < 100 && !joiner.isSynced; turn++) await offer(1);
    expect(joiner.isSynced).toBe(true);
    expect(store.batches.length - before).toBeLessThanOrEqual(2);
    await offer(30);
    await server.run(100);
    const offered = docs.reduce((length, doc) => length + doc.getText('text').length, 0);
    expect(joiner.text.length).toBe(offered);
  });
});

describe('a client that never asks for the document', () => {
  it('P2: hears who comes, changes and goes, and is sent nothing of the document', async () => {
    start();
    const watcher = server.connect({ greets: false });
    await server.run(20);
    watcher.announce([watcher.doc.clientID]);
    await server.run(50);
    const writer = await server.connected();
    expect(watcher.others.size).toBe(1);
    writer.awareness.setLocalStateField('cursor', 3);
    writer.insert('secret');
    await server.run(100);
    expect([...watcher.others.values()]).toEqual([{ cursor: 3 }]);
    expect(writer.others.size).toBe(1);
    expect([...watcher.heardOf('update'), ...watcher.heardOf('step2')]).toEqual([]);
    writer.terminate();
    await server.run(100);
    expect(watcher.others.size).toBe(0);
    // It may still ask later, and is live then.
    watcher.step1();
    await server.run(50);
    expect(watcher.text).toBe('secret');
  });

  it('P6: does not hear its own state from further ahead, which would overwrite what it has said since', async () => {
    start();
    const other = await server.connected();
    const before = server.connect({ greets: false });
    await server.run(20);
    for (let cursor = 0; cursor < 10; cursor++) before.awareness.setLocalStateField('cursor', cursor);
    await server.run(100);
    before.terminate();
    await server.run(50);
    const doc = new Y.Doc();
    doc.clientID = before.doc.clientID;
    const again = server.connect({ greets: false, doc });
    await server.run(20);
    again.heard.length = 0;
    again.awareness.setLocalStateField('cursor', 11);
    await server.run(100);
    expect(again.heardOf('awareness')).toEqual([]);
    expect([...other.others.values()]).toEqual([{ cursor: 11 }]);
  });
});
