// Messages handled one after the other: the table of states, and what is bounded.

import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../server/session/byte-budget.js';
import {
  MessageQueue,
  queueTransitions,
  single,
  type MessageSource,
  type QueueEvent,
  type QueueState,
} from '../../../server/session/message-queue.js';
import { defaultLimits } from '../../../shared/limits.js';
import { FrameReader } from '../../../shared/frame-reader.js';
import type { SyncError } from '../../../shared/errors.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { settled } from '../../support/turns.js';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';

interface Message {
  readonly n: number;
}

/** A frame of one byte per message. */
const frame = (...bytes: number[]): FrameReader<Message> =>
  new FrameReader(Uint8Array.from(bytes), (decoder) => {
    const n = decoder.arr[decoder.pos++];
    if (n === undefined || n === 255) throw new Error('not a message');
    return { n };
  });

class Handled {
  readonly clock: FakeClock = createFakeClock();
  readonly waiting: ByteBudget;
  readonly numbers: number[] = [];
  readonly errors: SyncError[] = [];
  readonly socket = { isOpen: true };
  answer: (message: Message) => void | Promise<void> = () => {};
  readonly queue: MessageQueue<Message>;

  constructor(waiting = new ByteBudget(1_000)) {
    this.waiting = waiting;
    this.queue = new MessageQueue<Message>(this, {
      clock: this.clock,
      limits: { ...defaultLimits, maxMessagesPerTurn: 5 },
    });
  }

  handle(message: Message): void | Promise<void> {
    this.numbers.push(message.n);
    return this.answer(message);
  }

  refuse(error: SyncError): void {
    this.errors.push(error);
  }
}

describe('the table of states', () => {
  const states: QueueState[] = ['closed', 'ready', 'busy', 'resting', 'stopped'];
  const events: QueueEvent[] = ['opened', 'promised', 'settled', 'tired', 'turned', 'stopped'];

  it('N10: has every state, and every state is reached from the first', () => {
    expect(Object.keys(queueTransitions)).toEqual(states);
    const reached = new Set<QueueState>(['closed']);
    for (const state of reached)
      for (const event of events) reached.add(queueTransitions[state][event] ?? state);
    expect([...reached].sort()).toEqual([...states].sort());
  });

  it('N10: every state but the last can be stopped, and nothing follows that', () => {
    for (const state of states.slice(0, -1)) expect(queueTransitions[state].stopped).toBe('stopped');
    expect(queueTransitions.stopped).toEqual({});
  });
});

describe('messages', () => {
  it('N10: wait until the queue is open, and for what is under way, and keep their order', async () => {
    const at = new Handled();
    const promises: (() => void)[] = [];
    at.answer = ({ n }) => (n % 2 === 0 ? new Promise((resolve) => void promises.push(resolve)) : undefined);
    at.queue.push(frame(1, 2));
    at.queue.push(single({ n: 3 }));
    expect(at.numbers).toEqual([]);
    at.queue.open();
    expect(at.numbers).toEqual([1, 2]);
    at.queue.push(frame(4, 5));
    promises.shift()?.();
    await settled();
    expect(at.numbers).toEqual([1, 2, 3, 4]);
    promises.shift()?.();
    await settled();
    expect(at.numbers).toEqual([1, 2, 3, 4, 5]);
    expect(at.waiting.takenBytes).toBe(0);
  });

  it('N10: beyond what one turn may take are handled in the next, before what came later', () => {
    const at = new Handled();
    at.queue.open();
    at.queue.push(frame(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    at.queue.push(single({ n: 12 }));
    expect(at.numbers).toEqual([1, 2, 3, 4, 5]);
    const turns: number[] = [];
    at.answer = ({ n }) => void (n % 5 === 0 && turns.push(at.clock.pending));
    at.clock.advance(0);
    expect(at.numbers).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    // One turn was asked for at a time, and the last one found the end.
    expect([turns.length, at.clock.pending]).toEqual([1, 0]);
    expect(at.waiting.takenBytes).toBe(0);
    expect(at.errors).toEqual([]);
  });

  it('N10, O1: before a bad one count, those after it do not', () => {
    const at = new Handled();
    at.queue.open();
    at.queue.push(frame(1, 2, 255, 3));
    at.queue.push(single({ n: 4 }));
    expect(at.numbers).toEqual([1, 2]);
    expect(at.errors.map(({ code }) => code)).toEqual(['FRAME_MALFORMED']);
  });

  it('O2: are not handled any more once the connection is gone, in the middle of a frame', () => {
    const at = new Handled();
    at.answer = ({ n }) => {
      if (n === 2) at.socket.isOpen = false;
    };
    at.queue.open();
    at.queue.push(frame(1, 2, 3, 4));
    at.queue.push(single({ n: 5 }));
    expect(at.numbers).toEqual([1, 2]);
    expect(at.errors).toEqual([]);
  });

  it('O2: that wait take from the budget of the connection, and give it back when they are done or dropped', () => {
    const other = new Handled();
    const one = new Handled(other.waiting);
    other.queue.push(frame(...Array.from({ length: 800 }, () => 1)));
    one.queue.push(frame(...Array.from({ length: 200 }, () => 1)));
    expect(one.errors.map(({ code }) => code)).toEqual(['RATE_LIMITED']);
    expect(other.waiting.takenBytes).toBe(864);
    other.queue.stop();
    expect(other.waiting.takenBytes).toBe(0);
  });

  it('N10: a promise that settles after the stop brings nothing back', async () => {
    const at = new Handled();
    let reject = (_error: Error): void => {};
    at.answer = () =>
      new Promise((_resolve, fail) => {
        reject = fail;
      });
    at.queue.open();
    at.queue.push(frame(1, 2));
    at.queue.stop();
    reject(new Error('late'));
    await settled();
    expect([at.numbers, at.errors, at.waiting.takenBytes]).toEqual([[1], [], 0]);
  });
});

const seed = chooseSeed();

it(`N10: in any order of frames, promises and turns, each message is handled once and in order (seed ${seed})`, async () => {
  await withSeed(seed, async (random) => {
    for (let round = 0; round < 100; round++) {
      const at = new Handled();
      const promises: (() => void)[] = [];
      at.answer = () =>
        random.chance(0.3) ? new Promise((resolve) => void promises.push(resolve)) : undefined;
      let sent = 0;
      const next = (): number => ++sent % 255;
      for (let step = 0; step < 40; step++) {
        const action = random.int(4);
        if (action === 0) at.queue.open();
        else if (action === 1 && at.waiting.takenBytes < 500) at.queue.push(source(random.int(12) + 1, next));
        else if (action === 2) promises.shift()?.();
        else at.clock.advance(0);
        await settled(1);
      }
      at.queue.open();
      for (let turn = 0; turn < 200; turn++) {
        promises.shift()?.();
        at.clock.advance(0);
        await settled(1);
      }
      expect(at.errors).toEqual([]);
      expect(at.numbers).toEqual(Array.from({ length: sent }, (_, i) => (i + 1) % 255));
      expect(at.waiting.takenBytes).toBe(0);
    }
  });
});

/** Bytes that are overwritten once they have been pushed, as those of a socket are. */
function source(count: number, next: () => number): MessageSource<Message> {
  return frame(...Array.from({ length: count }, next));
}
