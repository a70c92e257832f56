// Large messages that go deflated, as the server sends and takes them.

import { deflateRawSync } from 'node:zlib';
import * as Y from 'yjs';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOfSize } from '../../../bench/input/documents.js';
import { BoundedDeflation } from '../../../server/session/bounded-deflation.js';
import { FrameCache } from '../../../server/session/frame-cache.js';
import { Inflater } from '../../../server/session/inflater.js';
import { zlibDeflation } from '../../../server/session/zlib-deflation.js';
import { defaultLimits, type Limits } from '../../../shared/limits.js';
import { mostInflatedBytes, type Deflation } from '../../../shared/native/deflation.js';
import { decodeServerFrame, encodeClientFrame } from '../../../shared/native/frame.js';
import type { NativeClientMessage } from '../../../shared/native/messages.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { hello } from '../../support/hello.js';
import { NativePeer, nativePeer, openedBy, type PeerDocument } from '../../support/native-peer.js';
import { inflatedAtOnce, promptDeflation } from '../../support/prompt-deflation.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { settled } from '../../support/turns.js';

let server: SessionServer;

function start(deflation: Deflation = promptDeflation, limits: Partial<Limits> = {}): void {
  server = createSessionServer({ limits, gateway: { deflation } });
}

afterEach(() => server.close());

/** Deflations that settle when the test says so, oldest first. */
class SlowDeflation implements Deflation {
  readonly #due: (() => void)[] = [];
  deflations = 0;
  inflations = 0;

  get waiting(): number {
    return this.#due.length;
  }

  async deflate(plain: Uint8Array): Promise<Uint8Array> {
    this.deflations++;
    await new Promise<void>((resolve) => this.#due.push(resolve));
    return promptDeflation.deflate(plain);
  }

  async inflate(deflated: Uint8Array, size: number): Promise<Uint8Array> {
    this.inflations++;
    await new Promise<void>((resolve) => this.#due.push(resolve));
    return promptDeflation.inflate(deflated, size);
  }

  async goOn(count = 1): Promise<void> {
    for (const due of this.#due.splice(0, count)) due();
    await server.run(20);
  }

  async goOnToTheEnd(): Promise<void> {
    while (this.waiting > 0) await this.goOn();
  }
}

const content = documentOfSize(700_000, 1);
const random = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(i, i)) >>> 13);

async function write(update = content): Promise<NativePeer> {
  const writer = await nativePeer(server);
  writer.update(await openedBy(server, writer, 'doc'), update, 'offer');
  await server.run(100);
  return writer;
}

const joined = async (inflates: boolean): Promise<{ peer: NativePeer; document: PeerDocument }> => {
  const peer = await nativePeer(server, { inflates });
  return { peer, document: await openedBy(server, peer, 'doc') };
};

/** As a text: comparing large arrays takes long. */
const stateOf = (doc: Y.Doc): string => Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64');
const whole = (): string => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, content);
  return stateOf(doc);
};

const deflated = (
  ...messages: NativeClientMessage[]
): { type: 'deflated'; size: number; body: Uint8Array } => {
  const frame = encodeClientFrame(...messages);
  return { type: 'deflated', size: frame.length, body: deflateRawSync(frame) };
};

describe('what a client lacks', () => {
  it('N24, N27: comes deflated to who inflates, and plain to who does not; both have the same', async () => {
    start();
    await write();
    const [one, other] = [await joined(true), await joined(false)];
    expect(stateOf(one.document.doc) === whole()).toBe(true);
    expect(stateOf(other.document.doc) === whole()).toBe(true);
    expect(one.peer.heardBytes).toBeLessThan(0.7 * other.peer.heardBytes);
    expect(one.peer.heardDeflated).toBeGreaterThanOrEqual(3);
    expect(other.peer.heardDeflated).toBe(0);
    expect([one.document.isSynced, other.document.isSynced]).toEqual([true, true]);
  });

  it('N24, N25: is deflated once for all who want it meanwhile, and what is said of it comes behind it', async () => {
    const deflation = new SlowDeflation();
    start(deflation);
    const writer = await write();
    const all = [await joined(true), await joined(true), await joined(true)];
    expect(all.map(({ document }) => document.isSynced)).toEqual([false, false, false]);
    writer.insert(writer.documents[0]!, 'typed meanwhile');
    await server.run(100);
    await deflation.goOnToTheEnd();
    expect(deflation.deflations).toBe(Math.ceil(content.length / defaultLimits.syncPartBytes));
    for (const { document } of all) {
      expect(document.text).toMatch(/typed meanwhile$/);
      expect(document.isSynced).toBe(true);
    }
  });

  it('N24: is not waited for by who lets go of the document, or asks for something else', async () => {
    const deflation = new SlowDeflation();
    start(deflation);
    await write();
    const { peer, document } = await joined(true);
    peer.say({ type: 'close', document: document.number });
    const again = await openedBy(server, peer, 'doc', new Y.Doc());
    await deflation.goOnToTheEnd();
    expect(stateOf(again.doc) === whole()).toBe(true);
    expect(again.isSynced).toBe(true);
    expect(peer.closed).toBeUndefined();
  });

  it('N24: goes plain where deflating gains nothing, and that is not tried again', async () => {
    const deflation = new SlowDeflation();
    start(deflation);
    const doc = new Y.Doc();
    doc.getMap('m').set('image', random(100_000));
    await write(Y.encodeStateAsUpdate(doc));
    const first = await joined(true);
    await deflation.goOnToTheEnd();
    await server.run(2_000, 100);
    const second = await joined(true);
    expect(deflation.deflations).toBe(1);
    expect([first.peer.heardDeflated, second.peer.heardDeflated]).toEqual([0, 0]);
    expect(stateOf(second.document.doc) === stateOf(doc)).toBe(true);
  });

  it('O1: that cannot be deflated ends the document, and nothing else', async () => {
    const bug = new Error('no memory');
    start({ ...promptDeflation, deflate: () => Promise.reject(bug) });
    await write();
    const { peer } = await joined(true);
    expect(peer.heardOf('closed')).toMatchObject([{ code: 'INTERNAL' }]);
    expect(peer.closed).toBeUndefined();
  });
});

describe('frames for many', () => {
  it('N24: two are deflated at once, and a third goes as it is', async () => {
    start();
    const slow = new SlowDeflation();
    const frames = new FrameCache(createFakeClock(), new BoundedDeflation(slow));
    const encode = (payload: Uint8Array): Uint8Array => payload;
    const payloads = [1, 2, 3].map((n) => new Uint8Array(20_000).fill(n));
    const made = payloads.map((payload) => frames.deflatedFrame(encode, payload));
    expect(made.map((frame) => frame instanceof Promise)).toEqual([true, true, false]);
    expect(frames.deflatedFrame(encode, payloads[0]!)).toBe(made[0]);
    await slow.goOn(2);
    const [message] = decodeServerFrame(await made[0]!);
    if (message?.type !== 'deflated') throw new Error('it was not deflated');
    expect(inflatedAtOnce(message.body, message.size)).toEqual(payloads[0]);
    expect(frames.deflatedFrame(encode, payloads[0]!)).toBe(await made[0]);
    expect(frames.deflatedFrame(encode, payloads[2]!)).toBeInstanceOf(Promise);
    await slow.goOnToTheEnd();
  });
});

describe('what a client has deflated', () => {
  it('N25: counts in its place, whatever comes while it is inflated', async () => {
    const deflation = new SlowDeflation();
    start(deflation);
    const peer = await nativePeer(server);
    const document = await openedBy(server, peer, 'doc');
    const edits = ['a', 'b', 'c', 'd', 'e'].map((text) => {
      const before = Y.encodeStateVector(document.doc);
      document.doc.getText('text').insert(document.text.length, text);
      return Y.encodeStateAsUpdate(document.doc, before);
    });
    const say = (n: number): NativeClientMessage => ({
      type: 'update',
      document: document.number,
      seq: n,
      update: edits[n - 1]!,
    });
    peer.say(say(1), deflated(say(2), say(3)), say(4));
    peer.say(deflated(say(5)));
    peer.say({ type: 'ping', clientTime: 7 });
    await server.run(50);
    expect(document.acked).toBe(1);
    await deflation.goOnToTheEnd();
    await server.run(50);
    expect(document.acked).toBe(5);
    expect(peer.heardOf('pong')).toHaveLength(1);
    const other = await joined(false);
    expect(other.document.text).toBe('abcde');
  });

  it.each([
    ['less than it says', { size: 100, body: deflateRawSync(new Uint8Array(99)) }, 'FRAME_MALFORMED'],
    ['more than it says', { size: 100, body: deflateRawSync(new Uint8Array(101)) }, 'FRAME_MALFORMED'],
    ['nothing', { size: 0, body: deflateRawSync(new Uint8Array(0)) }, 'FRAME_MALFORMED'],
    ['what is no deflate', { size: 100, body: new Uint8Array(50).fill(255) }, 'FRAME_MALFORMED'],
    [
      'half of a deflate',
      { size: 9_000, body: deflateRawSync(random(9_000)).subarray(0, 500) },
      'FRAME_MALFORMED',
    ],
    ['what is no message', { size: 2, body: deflateRawSync(Uint8Array.of(63, 0)) }, 'MESSAGE_UNKNOWN'],
    [
      'more than a message may have',
      { size: defaultLimits.maxMessageBytes + 17, body: new Uint8Array(10) },
      'FRAME_TOO_LARGE',
    ],
    ['another deflated one', deflated(deflated({ type: 'ping', clientTime: 1 })), 'MESSAGE_UNKNOWN'],
  ])('N26, O1: that holds %s ends the connection', async (_what, { size, body }, code) => {
    start(zlibDeflation);
    const peer = await nativePeer(server);
    peer.say({ type: 'deflated', size, body });
    while (peer.closed === undefined) await server.run(5);
    expect(peer.heardOf('goodbye')).toMatchObject([{ code }]);
    expect(peer.heardOf('pong')).toEqual([]);
  });

  it('N26: is not inflated before a token was believed', async () => {
    const deflation = new SlowDeflation();
    start(deflation);
    let believe = (): void => {};
    server.bearers.gate = new Promise((resolve) => (believe = resolve));
    const early = new NativePeer(server.transport, { greets: false });
    early.say(deflated(hello()));
    const peer = new NativePeer(server.transport);
    peer.say(deflated({ type: 'ping', clientTime: 1 }));
    await server.run(50);
    expect(early.closed).toMatchObject({ code: 4400 });
    expect(deflation.inflations).toBe(0);
    believe();
    await server.run(50);
    expect(deflation.inflations).toBe(1);
    await deflation.goOnToTheEnd();
    expect(peer.heardOf('pong')).toHaveLength(1);
  });

  it.each([
    ['more than a client may have deflated', mostInflatedBytes + 1, 200_000],
    ['more than so few bytes may stand for', 200_000, 1_000],
    ['less than it is itself', 10, 2_000],
  ])('N26, O2: that says %s is not inflated, and ends the connection', async (_what, size, bytes) => {
    const deflation = new SlowDeflation();
    start(deflation);
    const peer = new NativePeer(server.transport);
    peer.say({ type: 'deflated', size, body: new Uint8Array(bytes) });
    await server.run(50);
    expect(peer.closed).toMatchObject({ code: 4413 });
    expect(deflation.inflations).toBe(0);
  });

  it('N26: a bomb is given up as soon as it holds more than it says', async () => {
    start();
    const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 1);
    await expect(zlibDeflation.inflate(bomb, 1_000_000)).rejects.toMatchObject({ code: 'FRAME_MALFORMED' });
    clearInterval(watch);
    expect(most - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('N26: waits in line while two others are inflated, and a failure ends only its own', async () => {
    const slow = new SlowDeflation();
    start();
    const inflater = new Inflater(new BoundedDeflation(slow), defaultLimits);
    const body = deflateRawSync(new Uint8Array(10));
    const done: string[] = [];
    for (const [name, size] of [
      ['a', 10],
      ['b', 11],
      ['c', 10],
      ['d', 10],
    ] as const)
      inflater.inflate(body, size).then(
        () => done.push(name),
        () => done.push(`not ${name}`),
      );
    await settled();
    expect([slow.inflations, slow.waiting]).toEqual([2, 2]);
    await slow.goOn();
    expect([slow.inflations, slow.waiting]).toEqual([3, 2]);
    await slow.goOnToTheEnd();
    expect(done).toEqual(['a', 'not b', 'c', 'd']);
  });

  it('O11: shares two threads with what is deflated, and of several connections each has its turn', async () => {
    const deflation = new SlowDeflation();
    start(deflation);
    await write();
    const peers = await Promise.all(Array.from({ length: 3 }, () => nativePeer(server)));
    // The first one says three at once, of which each waits for the one before.
    for (const peer of [peers[0]!, peers[0]!, ...peers])
      peer.say(deflated({ type: 'ping', clientTime: 1 }, { type: 'ping', clientTime: 2 }));
    await server.run(20);
    expect([deflation.inflations, deflation.waiting]).toEqual([2, 2]);
    const reader = await joined(true);
    // Both threads are taken, so the document goes plain, and nobody waits in line for it.
    expect([reader.document.isSynced, reader.peer.heardDeflated, deflation.deflations]).toEqual([true, 0, 0]);
    await deflation.goOn(2);
    expect([deflation.inflations, deflation.waiting]).toEqual([4, 2]);
    expect(peers.map((peer) => peer.heardOf('pong').length)).toEqual([2, 2, 0]);
    await deflation.goOn();
    expect(peers.map((peer) => peer.heardOf('pong').length)).toEqual([2, 2, 2]);
    await deflation.goOnToTheEnd();
    expect(peers.map((peer) => peer.heardOf('pong').length)).toEqual([6, 2, 2]);
    // Now two parts of the document take the threads, and what is to be inflated waits.
    const late = await joined(true);
    const other = await nativePeer(server, { inflates: true });
    other.say(deflated({ type: 'ping', clientTime: 3 }));
    expect(deflation.waiting).toBeLessThanOrEqual(2);
    await deflation.goOnToTheEnd();
    expect(late.document.isSynced).toBe(true);
    expect(other.heardOf('pong')).toHaveLength(1);
  });

  it('N10: with more messages than a turn takes does not hold the others up', async () => {
    start(promptDeflation, { maxMessagesPerTurn: 10 });
    const peer = await nativePeer(server);
    const pings = Array.from({ length: 100 }, (_, i) => ({ type: 'ping', clientTime: i }) as const);
    peer.say(deflated(...pings.slice(0, 95)), ...pings.slice(95));
    await server.settle();
    expect(peer.heardOf('pong').length).toBeLessThan(30);
    await server.run(50);
    expect(peer.heardOf('pong').map(({ clientTime }) => clientTime)).toEqual(pings.map((_, i) => i));
  });
});
