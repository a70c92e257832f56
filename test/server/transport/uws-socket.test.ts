import { expect, test } from 'vitest';

import { silentLogger } from '../../../shared/logger.js';
import type { NativeApp, NativeSocket } from '../../../server/transport/uws/binary.js';
import { defaultLimits } from '../../../shared/limits.js';
import { Addresses, type Seat } from '../../../server/transport/addresses.js';
import { closeReason } from '../../../server/transport/close-reason.js';
import { UwsSocket, UwsTopics, type UwsUserData } from '../../../server/transport/uws/socket.js';
import { createFakeClock } from '../../support/fake-clock.js';

const maxBufferedBytes = 1000;

/**
 * The binary as it behaves near its limit: frames published wait; a send looks at the limit first, then hands over what
 * waits, one of which may be refused, and then writes its own frame all the same.
 */
class FakeBinary {
  readonly written: string[] = [];
  buffered = 0;
  waiting: Uint8Array[] = [];
  socket: UwsSocket | undefined;

  readonly app = {
    publish: (_topic: string, frame: Uint8Array) => this.waiting.push(frame) > 0,
  } as unknown as NativeApp;

  readonly native = {
    getBufferedAmount: () => this.buffered,
    subscribe: () => true,
    cork: (run: () => void) => run(),
    ping: () => this.send(Buffer.from('PING')),
    send: (frame: Uint8Array) => this.send(frame),
    close: () => {
      this.written.push('END');
      this.socket?.onClose(1006);
    },
  } as unknown as NativeSocket<UwsUserData>;

  send(frame: Uint8Array): number {
    if (this.buffered > maxBufferedBytes) return this.refuse();
    this.handOver();
    this.write(frame);
    return 0;
  }

  /** What the binary does around its poll, too. */
  handOver(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const frame of waiting) {
      if (this.buffered > maxBufferedBytes) return void this.refuse();
      this.write(frame);
    }
  }

  write(frame: Uint8Array): void {
    this.written.push(Buffer.from(frame).toString().trim());
    this.buffered += frame.length;
  }

  refuse(): 2 {
    this.socket?.onDropped();
    return 2;
  }
}

function setUp() {
  const binary = new FakeBinary();
  const clock = createFakeClock();
  const topics = new UwsTopics(binary.app, maxBufferedBytes, { logger: silentLogger, clock });
  const seat = new Addresses(clock, defaultLimits).admit('127.0.0.1', 'websocket') as Seat;
  const socket = new UwsSocket(topics, { remoteAddress: '127.0.0.1', seat, outgrew: () => {} });
  const events: string[] = [];
  binary.socket = socket;
  socket.attach(binary.native);
  socket.start(() => ({
    message: () => void events.push('message'),
    drained: () => void events.push('drained'),
    dropped: () => void events.push('dropped'),
    closed: (code) => void events.push(`closed ${code}`),
  }));
  socket.subscribe('t');
  return { binary, clock, topics, socket, events };
}

const frame = (name: string, size: number) => Buffer.from(name.padEnd(size));

test('C4 a frame sent after a published one that is refused on the way is not written', async () => {
  const { binary, topics, socket, events } = setUp();
  topics.publish('t', frame('a', 900));
  topics.publish('t', frame('b', 200));
  topics.publish('t', frame('refused', 1));
  expect(socket.send(frame('after', 1))).toBe('dropped');
  expect(binary.written).toEqual(['a', 'b', 'PING', 'END']);
  await Promise.resolve();
  expect(events).toEqual(['dropped', 'closed 1006']);
});

test('C4 nor is a big published frame, which goes out as a send does', () => {
  const { binary, topics } = setUp();
  topics.publish('t', frame('a', 900));
  topics.publish('t', frame('b', 200));
  topics.publish('t', frame('refused', 1));
  topics.publish('t', frame('big', 20_000));
  expect(binary.written).toEqual(['a', 'b', 'PING', 'END']);
});

test('C4 a socket whose published frame was refused by the loop is ended before the next publish', async () => {
  const { binary, topics, socket, events } = setUp();
  binary.buffered = maxBufferedBytes + 1;
  topics.publish('t', frame('refused', 1));
  binary.handOver();
  expect(socket.isOpen).toBe(false);
  expect(binary.written).toEqual([]);
  binary.buffered = 0;
  topics.publish('t', frame('after', 1));
  binary.handOver();
  expect(binary.written).toEqual(['END']);
  expect(topics.count('t')).toBe(0);
  await Promise.resolve();
  expect(events).toEqual(['dropped', 'closed 1006']);
});

test('C4 or, if nothing is published, at the end of the turn', async () => {
  const { binary, clock, topics, socket, events } = setUp();
  binary.buffered = maxBufferedBytes + 1;
  topics.publish('t', frame('refused', 1));
  binary.handOver();
  socket.onDrain();
  socket.onMessage(new ArrayBuffer(1), true);
  expect(events).toEqual([]);
  clock.advance(0);
  await Promise.resolve();
  expect(events).toEqual(['dropped', 'closed 1006']);
});

test('T6 a close over the limit ends the socket: its handshake would be refused too', async () => {
  const { binary, socket, events } = setUp();
  binary.buffered = maxBufferedBytes + 1;
  socket.close(4000, '');
  await Promise.resolve();
  expect([binary.written, events]).toEqual([['END'], ['closed 1006']]);
});

test('T6 a close reason is cut to 123 bytes between two characters', () => {
  expect(closeReason('a'.repeat(200))).toHaveLength(123);
  expect(closeReason('é'.repeat(100))).toHaveLength(122);
  expect(Buffer.from(closeReason('ab😀'.repeat(30))).toString()).toBe(`${'ab😀'.repeat(20)}ab`);
});
