import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Socket, Transport } from '../../../server/transport/transport.js';
import {
  connectRaw,
  encodeFrame,
  opcodes,
  openRawWebSocket,
  type RawSocket,
} from '../../support/raw-socket.js';
import { sleep, startTransport, transportNames, until } from './transport-harness.js';

const MiB = 1 << 20;

describe.each(transportNames)('%s', (name) => {
  let transport: Transport;
  let witness: RawSocket;
  let messages: { length: number; isBinary: boolean }[];
  let closes: number[];
  let rssBefore: number;

  beforeEach(async () => {
    messages = [];
    closes = [];
    transport = await startTransport(name, {
      open: (socket) => ({
        message(frame, isBinary) {
          if (frame.length === 4 && Buffer.from(frame).toString() === 'ping') socket.send(frame);
          else messages.push({ length: frame.length, isBinary });
        },
        closed: (code) => closes.push(code),
      }),
    });
    witness = await openRawWebSocket(transport.port);
    rssBefore = process.memoryUsage().rss;
  });

  afterEach(() => {
    witness.destroy();
    transport.close();
  });

  /** Whatever was done, the server lives, its memory is bounded and other sockets were not touched. */
  async function expectUnharmed(): Promise<void> {
    await witness.write(encodeFrame(Buffer.from('ping')));
    await until(() => witness.received.length > 0);
    expect(witness.takeFrames().map(({ payload }) => payload.toString())).toEqual(['ping']);
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(96 * MiB);
  }

  test.each<[string, Buffer]>([
    ['a frame that claims 100 MB', encodeFrame(new Uint8Array(10), { claimedLength: 100 * MiB })],
    ['a frame that claims 2^62 bytes', encodeFrame(new Uint8Array(10), { claimedLength: 2 ** 62 })],
    ['a message one byte over the limit', encodeFrame(new Uint8Array(MiB + 1))],
    ['an unknown opcode', encodeFrame(new Uint8Array(1), { opcode: 3 })],
    ['an unknown control opcode', encodeFrame(new Uint8Array(1), { opcode: 11 })],
    ['a ping of 126 bytes', encodeFrame(new Uint8Array(126), { opcode: opcodes.ping })],
    ['a ping in fragments', encodeFrame(new Uint8Array(1), { opcode: opcodes.ping, isFinal: false })],
    ['reserved bits', encodeFrame(new Uint8Array(1), { reserved: 4 })],
    ['a text frame that is not UTF-8', encodeFrame(Buffer.from([0xc3, 0x28]), { opcode: opcodes.text })],
  ])('O1 %s ends that connection and nothing else', async (_name, bytes) => {
    const raw = await openRawWebSocket(transport.port);
    await raw.write(bytes);
    expect(await raw.endsWithin(2000)).toBe(true);
    await until(() => closes.length === 1);
    expect(messages).toEqual([]);
    await expectUnharmed();
  });

  test('O1 a text frame is told as one', async () => {
    const raw = await openRawWebSocket(transport.port);
    await raw.write(encodeFrame(Buffer.from('héllo'), { opcode: opcodes.text }));
    await until(() => messages.length === 1);
    expect(messages).toEqual([{ length: 6, isBinary: false }]);
    raw.destroy();
    await expectUnharmed();
  });

  test('O1 a close frame with a code and without one is told', async () => {
    const polite = await openRawWebSocket(transport.port);
    await polite.write(encodeFrame(Buffer.from([0x0f, 0xa1]), { opcode: opcodes.close }));
    await until(() => closes.length === 1);
    const terse = await openRawWebSocket(transport.port);
    await terse.write(encodeFrame(new Uint8Array(), { opcode: opcodes.close }));
    await until(() => closes.length === 2);
    expect(closes).toEqual([4001, 1005]);
    await expectUnharmed();
  });

  test('O2 50,000 messages of one byte are taken within bounds', async () => {
    const raw = await openRawWebSocket(transport.port);
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => encodeFrame(new Uint8Array(1))));
    for (let i = 0; i < 50; i++) await raw.write(thousand);
    await until(() => messages.length >= 50_000);
    expect(messages).toHaveLength(50_000);
    raw.destroy();
    await expectUnharmed();
  });

  const fragment = encodeFrame(new Uint8Array(1), { opcode: opcodes.continuation, isFinal: false });

  /** Sends a message in fragments of one byte. */
  async function sendFragments(raw: RawSocket, count: number): Promise<void> {
    await raw.write(encodeFrame(new Uint8Array(1), { isFinal: false }));
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => fragment));
    for (let sent = 2; sent < count && !raw.isClosed; sent += 1000)
      await raw.write(thousand.subarray(0, Math.min(1000, count - sent) * fragment.length));
    await raw.write(encodeFrame(new Uint8Array(1), { opcode: opcodes.continuation }));
  }

  test('T21, O2: a message in a thousand fragments is one message', async () => {
    const raw = await openRawWebSocket(transport.port);
    await sendFragments(raw, 1_000);
    await until(() => messages.length === 1);
    expect(messages[0]!.length).toBe(1_000);
    raw.destroy();
  });

  test('T21, O2: 100,000 fragments of one byte cost little: they are one message, or end the connection', async () => {
    const raw = await openRawWebSocket(transport.port);
    await sendFragments(raw, 100_000);
    await until(() => messages.length === 1 || raw.isClosed);
    // ws keeps each fragment by itself until the message is whole.
    expect(messages.map(({ length }) => length)).toEqual(name === 'uws' ? [100_000] : []);
    raw.destroy();
    await expectUnharmed();
  });

  test('O2 fragments without end are cut off at the limit of a message', async () => {
    const raw = await openRawWebSocket(transport.port);
    await raw.write(encodeFrame(new Uint8Array(1), { isFinal: false }));
    const part = encodeFrame(new Uint8Array(4096), { opcode: opcodes.continuation, isFinal: false });
    for (let i = 0; i < 1000 && !raw.isClosed; i++) await raw.write(part);
    expect(await raw.endsWithin(2000)).toBe(true);
    expect(messages).toEqual([]);
    await expectUnharmed();
  });

  test('O2 2,000 replies of 2 MB to a client that does not read: bounded, dropped once, no frame after the gap (C4)', async () => {
    const events: string[] = [];
    let socket: Socket | undefined;
    const other = await startTransport(
      name,
      {
        open(opened) {
          socket = opened;
          return {
            drained: () => events.push('drained'),
            dropped: () => events.push('dropped'),
            closed: (code) => events.push(`closed ${code}`),
          };
        },
      },
      { maxBufferedBytes: 4 * MiB },
    );
    const raw = await openRawWebSocket(other.port);
    raw.stopReading();
    await until(() => socket !== undefined);
    const reply = new Uint8Array(2 * MiB);
    const results: string[] = [];
    for (let i = 0; i < 2000; i++) {
      new DataView(reply.buffer).setUint32(0, i);
      results.push(socket!.send(reply));
      if (i % 100 === 0) await sleep(1);
    }
    const firstDropped = results.indexOf('dropped');
    expect(firstDropped).toBeGreaterThan(0);
    expect(results.slice(firstDropped).every((result) => result === 'dropped')).toBe(true);
    expect(events).toEqual(['dropped', 'closed 1006']);
    raw.resumeReading();
    expect(await raw.endsWithin(3000)).toBe(true);
    const numbers = raw.takeFrames().map(({ payload }) => payload.readUInt32BE(0));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(numbers.length).toBeLessThanOrEqual(firstDropped);
    other.close();
    await expectUnharmed();
  });

  test('T7, O1 clients that have reset the connection when they are written to harm nobody', async () => {
    const sockets: Socket[] = [];
    const other = await startTransport(name, {
      open(socket) {
        sockets.push(socket);
        return {};
      },
    });
    const raws: RawSocket[] = [];
    for (let i = 0; i < 5; i++) raws.push(await openRawWebSocket(other.port));
    await until(() => sockets.length === raws.length);
    const frame = new Uint8Array(100_000);
    // In one turn, so that the server learns of it by what it writes, and not by what it reads.
    for (const raw of raws) raw.socket.resetAndDestroy();
    for (const socket of sockets) {
      socket.cork(() => socket.send(frame));
      for (let i = 0; i < 5; i++) socket.send(frame);
    }
    await until(() => sockets.every(({ isOpen }) => !isOpen));
    other.close();
    await expectUnharmed();
  });

  test('O2 a request head is at most 16 KiB, and a token of 8 KiB fits', async () => {
    const url = `http://127.0.0.1:${transport.port}/`;
    expect((await fetch(url, { headers: { authorization: 'x'.repeat(8 * 1024) } })).status).toBe(200);
    expect((await fetch(url, { headers: { authorization: 'x'.repeat(70 * 1024) } })).status).toBe(431);
    await expectUnharmed();
  });
});

test(
  'O2 a connection that does not finish its request is ended within 12 seconds',
  { timeout: 20_000 },
  async () => {
    const transports = await Promise.all(transportNames.map((name) => startTransport(name)));
    const handshake = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc';
    const slow = await Promise.all(
      transports.flatMap(({ port }) =>
        ['', 'GET / HTTP/1.1\r\nHo', handshake].map(async (begin) => {
          const raw = await connectRaw(port);
          if (begin !== '') await raw.write(begin);
          return raw;
        }),
      ),
    );
    const ended = await Promise.all(slow.map((raw) => raw.endsWithin(12_800)));
    for (const raw of slow) raw.destroy();
    for (const transport of transports) transport.close();
    expect(ended).toEqual(slow.map(() => true));
  },
);
