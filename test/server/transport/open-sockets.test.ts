// A crowd of sockets, whatever they say: the store must find files to open.

import { afterEach, describe, expect, it } from 'vitest';
import { mostOpenSockets, OpenSockets } from '../../../server/transport/open-sockets.js';
import type { Transport } from '../../../server/transport/transport.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { connectRaw, encodeFrame, openRawWebSocket, type RawSocket } from '../../support/raw-socket.js';
import { sleep, startTransport, transportNames, until } from './transport-harness.js';

let transport: Transport | undefined;
const sockets: RawSocket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  transport?.close();
});

describe.each(transportNames)('sockets that say nothing, or half a request: %s', (name) => {
  it('O13: are refused above the bound, which counts WebSockets until they close', async () => {
    const warnings: string[] = [];
    transport = await startTransport(
      name,
      { open: (socket) => ({ message: (frame) => void socket.send(frame) }) },
      { maxOpenSockets: 5 },
      { debug() {}, info() {}, error() {}, warn: (_fields, message) => warnings.push(message) },
    );
    const { port } = transport;
    const first = await openRawWebSocket(port);
    const second = await openRawWebSocket(port);
    sockets.push(first, second);
    const crowd: RawSocket[] = [];
    for (let i = 0; i < 8; i++) crowd.push(await connectRaw(port));
    sockets.push(...crowd);
    const open = (): number => crowd.filter(({ isClosed }) => !isClosed).length;
    await until(() => open() === 3);
    await sleep(50);
    expect(open()).toBe(3);
    expect(warnings.length).toBe(1);
    await first.write(encodeFrame(Buffer.from('ping')));
    await until(() => first.received.length > 0);
    // A WebSocket that closes, and a socket that never was one, make room for one each.
    second.destroy();
    crowd.find(({ isClosed }) => !isClosed)!.destroy();
    await sleep(100);
    sockets.push(await openRawWebSocket(port), await openRawWebSocket(port));
    const late = await connectRaw(port);
    sockets.push(late);
    await until(() => late.isClosed);
  });
});

describe('the bound', () => {
  it('O13: leaves a fifth of the files, and some more, to the store and the threads', async () => {
    const limits =
      'Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096   files\n';
    expect(await mostOpenSockets(async () => limits)).toBe(1024 - 205 - 64);
    expect(
      await mostOpenSockets(async () => 'Max open files            unlimited   unlimited   files\n'),
    ).toBe(Infinity);
    expect(await mostOpenSockets(() => Promise.reject(new Error('no such file')))).toBe(Infinity);
  });

  it('O13: is logged when it is met, at most once in a minute', () => {
    const clock = createFakeClock();
    const warnings: unknown[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (fields: unknown) => warnings.push(fields) };
    const open = new OpenSockets({ max: 1, clock, logger });
    const response = { close: () => open.closed() };
    for (let i = 0; i < 3; i++) open.opened(response);
    expect(warnings).toEqual([{ maxOpenSockets: 1 }]);
    clock.advance(60_000);
    open.opened(response);
    expect(warnings.length).toBe(2);
  });
});
