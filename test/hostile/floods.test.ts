// Too much of anything: sync requests, frames, readers that do not read. All of it ends with whoever does it.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { decodeServerFrame, encodeClientFrame } from '../../shared/native/frame.js';
import { heapInUse } from '../support/heap-in-use.js';
import { hello } from '../support/hello.js';
import { encodeAwareness, frameOf, Peer, until } from '../support/peer.js';
import { encodeFrame, opcodes, openRawWebSocket, type RawSocket } from '../support/raw-socket.js';
import { serverForTest } from '../support/test-server.js';

const MiB = 1024 * 1024;
const asksAll = frameOf([0, 0], Uint8Array.of(0));

/** Growth of this process's memory while `run` runs. The client's half of it is in it, too. */
async function growth(run: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss;
  let highest = before;
  const look = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss);
  }, 20);
  await run();
  clearInterval(look);
  return Math.max(highest, process.memoryUsage().rss) - before;
}

async function documentOf(url: string, bytes: number): Promise<Peer> {
  const author = await new Peer(`${url}/doc`).synced();
  for (let i = 0; i < bytes / 50_000; i++) author.doc.getArray('a').push([new Uint8Array(50_000).fill(i)]);
  await until(() => author.heardOf('update').length >= bytes / 50_000, 'it is stored');
  return author;
}

/** Whether others are served as if nothing had happened. */
async function othersAreFine(url: string, author: Peer): Promise<void> {
  const observer = await new Peer(`${url}/doc`).synced();
  author.doc.getText('text').insert(0, 'fine');
  await until(() => observer.text.startsWith('fine'), 'others see the next edit');
  expect(author.closed).toBeUndefined();
}

test('O2: 2 000 sync requests on a document of 2 MB, without reading: closed, and little memory taken', async () => {
  const { url, port } = await serverForTest();
  const author = await documentOf(url, 2 * MiB);
  const raw = await openRawWebSocket(port, '/doc');
  raw.stopReading();
  const grown = await growth(async () => {
    for (let i = 0; i < 2_000; i++) await raw.write(encodeFrame(asksAll));
    await othersAreFine(url, author);
  });
  expect(grown).toBeLessThan(64 * MiB);
  raw.resumeReading();
  expect(await raw.endsWithin(15_000)).toBe(true);
});

test('O2: 2 000 sync requests, reading: closed with 4529 and a reason', async () => {
  const { url } = await serverForTest();
  const author = await documentOf(url, 1 * MiB);
  const greedy = await new Peer(`${url}/doc`, { applies: false, asks: false }).opened();
  for (let i = 0; i < 2_000; i++) greedy.step1();
  expect(await greedy.end()).toMatchObject({ code: 4529 });
  expect(greedy.heardOf('step2').length).toBeLessThan(200);
  await othersAreFine(url, author);
});

test('C4: a reader that cannot be kept up with is cut off without a gap, and ends equal when it comes back', async () => {
  const KiB = 1024;
  // The room to catch up from the log is larger than the buffer: so frames are refused.
  const limits = { softBufferedBytes: 4 * MiB, maxBufferedBytes: 64 * KiB };
  const { url } = await serverForTest({ limits });
  const author = await new Peer(`${url}/doc`).synced();
  const slow = await new Peer(`${url}/doc`).synced();
  const observer = await new Peer(`${url}/doc`).synced();
  slow.stopReading();
  for (let i = 0; i < 4_000 && slow.closed === undefined; i++) {
    author.doc.getText('text').insert(0, `${i}`.padEnd(4 * KiB, 'x'));
    if (i % 20 === 0) await until(() => observer.text.length === author.text.length, 'the observer has it');
  }
  await until(() => observer.text.length === author.text.length, 'the observer has it all');
  const length = author.text.length;
  author.doc.getText('text').insert(0, 'after the gap');
  await until(() => observer.text.startsWith('after'), 'the observer has that, too');
  slow.resumeReading();
  await slow.end();
  // What it got is a beginning of all there was: nothing of it waits for something that was left out.
  expect(slow.doc.store.pendingStructs).toBeNull();
  expect(slow.text.length).toBeLessThan(length);
  const back = await new Peer(`${url}/doc`, { doc: slow.doc }).synced();
  await until(() => back.text === author.text, 'it ends equal');
});

const tiny = encodeFrame(Uint8Array.of(3));
const fragment = encodeFrame(Uint8Array.of(3), { opcode: opcodes.continuation, isFinal: false });
const firstFragment = encodeFrame(Uint8Array.of(3), { isFinal: false });
const lastFragment = encodeFrame(Uint8Array.of(3), { opcode: opcodes.continuation });

const floods: { name: string; isClosed: boolean; flood: (raw: RawSocket) => Promise<void> }[] = [
  {
    name: '50 000 frames of one byte',
    isClosed: false,
    flood: async (raw) => raw.write(Buffer.concat(Array.from({ length: 50_000 }, () => tiny))),
  },
  {
    name: 'one message in 100 000 fragments',
    // 100 000 messages in one: more than a frame may hold, or not; the server decides.
    isClosed: false,
    flood: async (raw) =>
      raw.write(
        Buffer.concat([firstFragment, ...Array.from({ length: 100_000 }, () => fragment), lastFragment]),
      ),
  },
  {
    name: 'fragments without end',
    isClosed: true,
    flood: async (raw) => {
      const many = encodeFrame(new Uint8Array(MiB), { opcode: opcodes.continuation, isFinal: false });
      await raw.write(firstFragment);
      for (let i = 0; i < 40 && !raw.isClosed; i++) await raw.write(many);
    },
  },
  {
    name: 'a frame that says it is 100 MB',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(new Uint8Array(100), { claimedLength: 100 * MiB })),
  },
  {
    name: 'a frame that says it is 2^62 bytes',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(new Uint8Array(100), { claimedLength: 2 ** 62 })),
  },
  {
    name: 'an unknown opcode',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(asksAll, { opcode: 5 })),
  },
  {
    name: 'reserved bits',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(asksAll, { reserved: 4 })),
  },
  {
    name: 'an oversize ping',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(new Uint8Array(126), { opcode: opcodes.ping })),
  },
  {
    name: 'a text frame',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(asksAll, { opcode: opcodes.text })),
  },
  { name: 'an empty frame', isClosed: true, flood: async (raw) => raw.write(encodeFrame(new Uint8Array(0))) },
  {
    name: 'an unknown message',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(Uint8Array.of(99))),
  },
  {
    name: 'half a message',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(Uint8Array.of(0, 2, 9, 1))),
  },
  {
    name: 'a message of auth',
    isClosed: true,
    flood: async (raw) => raw.write(encodeFrame(Uint8Array.of(2, 0, 1, 65))),
  },
];

test.each(floods)('O1, O2: $name', async ({ flood, isClosed }) => {
  const { url, port } = await serverForTest({ limits: { maxMessageBytes: 16 * MiB } });
  const author = await new Peer(`${url}/doc`).synced();
  author.awareness({ clientId: author.doc.clientID, clock: 1, state: { user: 'Ada' } });
  const raw = await openRawWebSocket(port, '/doc', { 'user-agent': 'flood' });
  const grown = await growth(async () => {
    await flood(raw);
    await othersAreFine(url, author);
  });
  if (isClosed) expect(await raw.endsWithin(10_000)).toBe(true);
  // The flood itself is made in this process, and is up to 17 MB at a time.
  expect(grown).toBeLessThan(64 * MiB);
  raw.destroy();
});

test.each([
  { what: 'questions for awareness', bytes: [3] },
  { what: 'empty awareness updates', bytes: [1, 0] },
  { what: 'empty updates', bytes: [0, 2, 0] },
  { what: 'updates that add nothing', bytes: [0, 2, 2, 0, 0] },
])('O2: one frame of 8 MB full of $what', async ({ bytes }) => {
  const { url } = await serverForTest();
  const author = await new Peer(`${url}/doc`).synced();
  author.awareness({ clientId: author.doc.clientID, clock: 1, state: { user: 'Ada' } });
  const attacker = await new Peer(`${url}/doc`).synced();
  const frame = new Uint8Array(8 * MiB - ((8 * MiB) % bytes.length));
  for (let i = 0; i < frame.length; i++) frame[i] = bytes[i % bytes.length]!;
  const grown = await growth(async () => {
    attacker.send(frame);
    await until(() => attacker.closed !== undefined || attacker.socket.bufferedAmount === 0, 'it is sent');
    await othersAreFine(url, author);
  });
  expect(grown).toBeLessThan(128 * MiB);
});

test('O1: what is too large is refused, and says so where it can', async () => {
  const { url, store } = await serverForTest({ limits: { maxDocumentBytes: 1 * MiB } });
  const author = await new Peer(`${url}/doc`).synced();
  author.doc.getText('text').insert(0, 'kept');
  await until(() => author.heardOf('update').length > 0, 'it is stored');
  const large = await new Peer(`${url}/doc`).synced();
  large.doc.getMap('m').set('k', new Uint8Array(2 * MiB));
  expect(await large.end()).toMatchObject({ code: 4413 });
  const tooLarge = await new Peer(`${url}/doc`, { asks: false }).opened();
  tooLarge.update(new Uint8Array(17 * MiB));
  await tooLarge.end();
  expect(Y.encodeStateVector(author.doc)).toHaveLength(Y.encodeStateVector(author.doc).length);
  await othersAreFine(url, author);
  expect((await store!.list())[0]!.bytes).toBeLessThan(1_000);
});

test('O2: no more connections than allowed, however many come at once', async () => {
  const { url } = await serverForTest({ limits: { maxConnections: 10 } });
  const crowd = Array.from({ length: 60 }, () => new Peer(`${url}/doc`));
  await until(() => crowd.every((peer) => peer.isSynced || peer.closed !== undefined), 'all are answered');
  const open = crowd.filter((peer) => peer.closed === undefined);
  expect(open.length).toBeLessThanOrEqual(10);
  expect(new Set(crowd.map((peer) => peer.refusedStatus))).toEqual(new Set([undefined, 503]));
  for (const peer of open) peer.terminate();
  await until(() => open.every((peer) => peer.closed !== undefined), 'they have left');
  const later = new Peer(`${url}/doc`);
  await later.synced();
});

test('O2: client ids that one connection announces and takes back are not kept for ever', async () => {
  const { url, port } = await serverForTest();
  const attacker = await openRawWebSocket(port, '/doc');
  // Keeps nothing of what it hears, so that what is measured is the server's.
  attacker.socket.removeAllListeners('data');
  attacker.socket.resume();
  const before = heapInUse();
  for (let batch = 0; batch < 300; batch++) {
    const messages = Array.from({ length: 1_000 }, (_, i) => {
      const clientId = batch * 1_000 + i + 1;
      return [{}, null].map((state) => frameOf([1], encodeAwareness([{ clientId, clock: 1, state }])));
    });
    for (const message of messages.flat()) attacker.socket.write(encodeFrame(message));
    await attacker.write(encodeFrame(Uint8Array.of(3)));
  }
  await othersAreFine(url, await new Peer(`${url}/doc`).synced());
  expect(heapInUse() - before).toBeLessThan(8 * MiB);
  attacker.destroy();
});

test('O2: messages that wait behind a slow one do not stop the server', async () => {
  const { url } = await serverForTest();
  const author = await new Peer(`${url}/doc`).synced();
  const attacker = await new Peer(`${url}/doc`).synced();
  const nothing = Uint8Array.of(0, 2, 2, 0, 0);
  const many = new Uint8Array(nothing.length * 100_000);
  for (let i = 0; i < many.length; i++) many[i] = nothing[i % nothing.length]!;
  attacker.send(Buffer.concat([...Array.from({ length: 90 }, () => asksAll), many]));
  await othersAreFine(url, author);
});

test('O2: 14 MB of updates from a reader that does not read what becomes of them: closed, and little memory taken', async () => {
  const { url, port } = await serverForTest({
    authorize: (_claims, name) => (name === 'doc' ? 'write' : 'read'),
  });
  const author = await new Peer(`${url}/doc`).synced();
  const raw = await openRawWebSocket(port, '/');
  const open = { type: 'open', ref: 1, name: 'read-only', known: { kind: 'nothing' } } as const;
  await raw.write(encodeFrame(encodeClientFrame(hello({ token: '' }), open)));
  let document = 0;
  await until(() => {
    const messages = raw.takeFrames().flatMap(({ payload }) => decodeServerFrame(payload));
    for (const message of messages) if (message.type === 'opened') document = message.document;
    return document > 0;
  }, 'the document is open');
  raw.stopReading();
  // Each is refused with a frame several times as large as itself.
  const update = Uint8Array.of(1, 1, 5, 0, 4, 1, 1, 0x74, 1, 0x61, 0);
  const frames: Buffer[] = [];
  for (let seq = 1, bytes = 0; bytes < 14 * MiB;) {
    const messages = Array.from(
      { length: 500 },
      () => ({ type: 'update', document, seq: seq++, update }) as const,
    );
    const frame = encodeFrame(encodeClientFrame(...messages));
    frames.push(frame);
    bytes += frame.length;
  }
  const grown = await growth(async () => {
    for (const frame of frames) if (!raw.isClosed) await raw.write(frame);
    await othersAreFine(url, author);
  });
  expect(grown).toBeLessThan(96 * MiB);
  raw.resumeReading();
  expect(await raw.endsWithin(15_000)).toBe(true);
});

test('O9: twenty sockets that say nothing are gone when their time is over', async () => {
  const { port } = await serverForTest({ limits: { maxUnknownMs: 500 } });
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openRawWebSocket(port, '/')));
  const ended = await Promise.all(sockets.map((socket) => socket.endsWithin(5_000)));
  expect(ended).toEqual(sockets.map(() => true));
});
