// What only the transport on Node's own http and ws can get wrong.

import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { binaryFrame } from '../../../server/transport/node/frame.js';
import { listenNode } from '../../../server/transport/node/listen.js';
import type { Socket, Transport, TransportOptions } from '../../../server/transport/transport.js';
import type { Clock } from '../../../shared/clock.js';
import { systemClock } from '../../../shared/clock.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { createFakeClock } from '../../support/fake-clock.js';
import {
  encodeFrame,
  opcodes,
  openRawWebSocket,
  connectRaw,
  type RawSocket,
} from '../../support/raw-socket.js';
import { RecordingServer } from './recording-server.js';
import { sleep, testOptions, until } from './transport-harness.js';

let server: RecordingServer;
let transport: Transport;
const raws: RawSocket[] = [];

async function start(options: Partial<TransportOptions> = {}, clock: Clock = systemClock): Promise<void> {
  server = new RecordingServer();
  transport = await listenNode({ ...testOptions, ...options }, server, { logger: silentLogger, clock });
}

async function join(): Promise<{ raw: RawSocket; socket: Socket; events: string[] }> {
  const before = server.peers.length;
  const raw = await openRawWebSocket(transport.port);
  raws.push(raw);
  await until(() => server.peers.length > before);
  const { socket, events } = server.peers[before]!;
  socket.subscribe('t');
  return { raw, socket, events };
}

afterEach(() => {
  vi.restoreAllMocks();
  for (const raw of raws.splice(0)) raw.destroy();
  transport.close();
});

test('T20 the bytes of a published frame are made once for all WebSockets, and not at all for nobody', async () => {
  await start();
  const readers: Awaited<ReturnType<typeof join>>[] = [];
  for (let i = 0; i < 20; i++) readers.push(await join());
  const allocate = vi.spyOn(Buffer, 'allocUnsafe');
  const frame = new Uint8Array(40_000).fill(7);
  const made = (): number => allocate.mock.calls.filter(([size]) => size > frame.length).length;
  transport.publish('t', frame);
  transport.publish('nobody', frame);
  expect(made()).toBe(1);
  frame.fill(0);
  await until(() => readers.every(({ raw }) => raw.received.length === frame.length + 4));
  for (const { raw } of readers) expect(raw.takeFrames()[0]!.payload.every((byte) => byte === 7)).toBe(true);
});

test('T20 a frame says its length in 7, 16 or 64 bits, the shortest that can', () => {
  const heads = [0, 125, 126, 65_535, 65_536].map((length) =>
    binaryFrame(new Uint8Array(length)).subarray(0, -length || undefined),
  );
  expect(heads.map((head) => head.toString('hex'))).toEqual([
    '8200',
    '827d',
    '827e007e',
    '827effff',
    '827f0000000000010000',
  ]);
});

test('T20 frames of ours and those of ws stay whole and in order, whatever waits for a client that does not read', async () => {
  await start({ maxBufferedBytes: 64 << 20 });
  const { raw, socket, events } = await join();
  raw.stopReading();
  const big = new Uint8Array(300_000);
  const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
  const sent: string[] = [];
  for (let i = 0; i < 30; i++) {
    const frame = big.slice(0, 1 + i * 10_000).fill(i);
    sent.push(hash(frame));
    if (i % 3 === 0) socket.cork(() => socket.send(frame));
    else transport.publish('t', frame);
    await raw.write(encodeFrame(Buffer.from([i]), { opcode: opcodes.ping }));
    if (i % 5 === 0) await sleep(2);
  }
  await sleep(20);
  socket.close(4000, 'end');
  raw.resumeReading();
  const got: { opcode: number; payload: Buffer }[] = [];
  await until(() => {
    got.push(...raw.takeFrames());
    return got.at(-1)?.opcode === opcodes.close;
  });
  expect(got.filter(({ opcode }) => opcode === opcodes.binary).map(({ payload }) => hash(payload))).toEqual(
    sent,
  );
  const pongs = got.filter(({ opcode }) => opcode === opcodes.pong).map(({ payload }) => payload[0]!);
  // ws answers a crowd of pings with the last of them; those it answers are in order.
  expect(pongs.length).toBeGreaterThan(0);
  expect(pongs).toEqual([...pongs].sort((a, b) => a - b));
  expect(raw.received.length).toBe(0);
  expect(events).toEqual(['closed 4000']);
});

test('T20 a client that closes while a large frame waits for it gets the frame whole, and then the close frame', async () => {
  await start({ maxBufferedBytes: 64 << 20 });
  const { raw, socket, events } = await join();
  raw.stopReading();
  expect(socket.send(new Uint8Array(12 << 20))).toBe('buffered');
  await raw.write(encodeFrame(Buffer.from([0x0f, 0xa1]), { opcode: opcodes.close }));
  await sleep(50);
  expect(socket.isOpen).toBe(false);
  raw.resumeReading();
  await until(() => events.length > 0);
  await until(() => raw.isClosed);
  expect(raw.takeFrames().map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
    [opcodes.binary, 12 << 20],
    [opcodes.close, 2],
  ]);
  expect(events).toEqual(['closed 4001']);
});

test('T22 a client that has ended its side, and takes nothing, is let go after the idle time', async () => {
  const clock = createFakeClock();
  await start({ idleTimeoutS: 40, maxBufferedBytes: 64 << 20 }, clock);
  const { raw, socket, events } = await join();
  raw.stopReading();
  expect(socket.send(new Uint8Array(12 << 20))).toBe('buffered');
  raw.socket.end();
  await until(() => !socket.isOpen);
  for (let i = 0; i < 9; i++) clock.advance(5_000);
  await until(() => events.length > 0);
  expect(events).toEqual(['closed 1006']);
  await until(() => clock.pending === 0);
});

test('T4 the handler is told once that a small rest was written, which Node has no event for', async () => {
  await start();
  const { raw, socket, events } = await join();
  raw.stopReading();
  let waits = 0;
  for (let sent = 0; sent < 4000 && waits === 0; sent++)
    if (socket.send(new Uint8Array(16_000)) === 'buffered') waits = socket.bufferedBytes;
  expect(waits).toBeGreaterThan(0);
  raw.resumeReading();
  await until(() => events.includes('drained'));
  await sleep(20);
  expect([events, socket.bufferedBytes]).toEqual([['drained'], 0]);
});

test('T22 a silent client is pinged once after half of the time, and ended after all of it', async () => {
  const clock = createFakeClock();
  await start({ idleTimeoutS: 40 }, clock);
  const [silent, answering] = [await join(), await join()];
  // The first look sees the bytes of the upgrade.
  clock.advance(5_000);
  clock.advance(20_000);
  await until(() => answering.raw.received.length > 0 && silent.raw.received.length > 0);
  expect(silent.raw.takeFrames().map(({ opcode }) => opcode)).toEqual([opcodes.ping]);
  await answering.raw.write(encodeFrame(new Uint8Array(), { opcode: opcodes.pong }));
  await sleep(30);
  clock.advance(15_000);
  await sleep(30);
  expect([silent.events, answering.events]).toEqual([[], []]);
  clock.advance(5_000);
  await until(() => silent.events.length > 0);
  expect([silent.events, answering.events]).toEqual([['closed 1006'], []]);
  expect(silent.raw.takeFrames()).toEqual([]);
  answering.raw.destroy();
  await until(() => answering.events.length > 0);
  await until(() => clock.pending === 0);
});

test('T22 a message that is still on its way counts as a word', async () => {
  const clock = createFakeClock();
  await start({ idleTimeoutS: 40 }, clock);
  const { raw, events } = await join();
  const message = encodeFrame(new Uint8Array(1_000));
  for (let sent = 0; sent < message.length; sent += 101) {
    await raw.write(message.subarray(sent, sent + 101));
    await sleep(15);
    clock.advance(15_000);
  }
  await until(() => events.length > 0);
  expect(events).toEqual(['message']);
});

test('T23 a handshake that ws refuses leaves no place behind', async () => {
  await start({ limits: { ...defaultLimits, maxConnectionsPerAddress: 1 } });
  const refused = async (headers: string): Promise<string> => {
    const raw = await connectRaw(transport.port);
    raws.push(raw);
    await raw.write(
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n\r\n`,
    );
    await until(() => raw.isClosed);
    return raw.received.toString().split('\r\n')[0]!;
  };
  expect(await refused('Sec-WebSocket-Key: nonsense\r\nSec-WebSocket-Version: 13')).toMatch(/ 400 /);
  expect(await refused('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 99')).toMatch(
    / 400 /,
  );
  await join();
});

test('O2 a body of which nothing comes any more is given up, and one that comes slowly is not', async () => {
  const clock = createFakeClock();
  await start({}, clock);
  const ends: string[] = [];
  server.reply = async (request) => {
    const end = await request.body().then(String, (error: Error) => error.message);
    ends.push(`${request.path} ${end}`);
    return { status: 200 };
  };
  const send = async (path: string): Promise<RawSocket> => {
    const raw = await connectRaw(transport.port);
    raws.push(raw);
    await raw.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n`);
    return raw;
  };
  const [silent, slow] = [await send('/silent'), await send('/slow')];
  for (let i = 0; i < 5; i++) {
    await slow.write('x');
    await sleep(15);
    clock.advance(8_000);
    await sleep(5);
  }
  await until(() => ends.length === 2);
  expect(ends.sort()).toEqual(['/silent FRAME_MALFORMED: the request body ended early', '/slow xxxxx']);
  expect([silent.isClosed, slow.isClosed]).toEqual([true, false]);
  expect(clock.pending).toBe(0);
});

test('T1 a client of the ws package that offers to compress gets what it is sent plain', async () => {
  await start();
  server.onMessage = ({ socket }, frame) => void socket.send(frame);
  const client = new WebSocket(`ws://127.0.0.1:${transport.port}/`, { perMessageDeflate: true });
  const echoes: number[] = [];
  client.on('message', (data: Buffer) => echoes.push(data.length));
  client.on('open', () => [10, 100_000].forEach((size) => client.send(new Uint8Array(size))));
  await until(() => echoes.length === 2);
  expect([echoes, client.extensions]).toEqual([[10, 100_000], '']);
  client.terminate();
});
