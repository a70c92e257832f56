// The regular look at rooms: what rests costs nothing, and what is due is not late.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkpointDueInMs, type Tail } from '../../../server/room/checkpoint-policy.js';
import { DueRooms } from '../../../server/room/due-rooms.js';
import { IdleRooms } from '../../../server/room/idle-rooms.js';
import { Compaction } from '../../../server/room/compaction.js';
import { Room } from '../../../server/room/room.js';
import { RoomRegistry } from '../../../server/room/room-registry.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits, type Limits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { editor, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { pass } from '../../support/turns.js';

let clock: FakeClock;
let store: ControlledStore;

beforeEach(() => {
  clock = createFakeClock();
  store = new ControlledStore();
});

afterEach(() => vi.restoreAllMocks());

function createRegistry(limits: Partial<Limits> = {}): RoomRegistry<WatchedFanout> {
  return new RoomRegistry({
    store,
    worker: new InProcessWorker(),
    clock,
    limits: { ...defaultLimits, ...limits },
    logger: silentLogger,
    gc: true,
    commitIntervalMs: 10,
    createFanout: () => new WatchedFanout(),
    failed: () => {},
  });
}

describe('O2: rooms that rest', () => {
  it('are not looked at, however many they are', async () => {
    const registry = createRegistry();
    for (let i = 0; i < 300; i++) {
      const room = await registry.open(parseDocumentName(`idle-${i}`));
      if (i >= 100) continue;
      // One record after a checkpoint: it never asks for another.
      const writer = new WatchedWriter();
      room.join(writer);
      registry.used(room);
      const { edit } = editor(i + 1);
      await room.accept(edit('a'), writer, true);
      await registry.settle();
      await registry.checkpoint(room);
      await room.accept(edit('b'), writer, true);
      room.leave(writer);
      registry.released(room);
    }
    await pass(clock, 3_000, 1_000);
    const tails = vi.spyOn(Compaction.prototype, 'tail', 'get');
    const sizes = vi.spyOn(Room.prototype, 'memoryBytes', 'get');
    await pass(clock, 10 * 60_000, 1_000);
    expect([tails, sizes].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    await registry.close();
  });

  it('with a log that is not yet worth a checkpoint are looked at when its time has come, once', async () => {
    const registry = createRegistry();
    for (let i = 0; i < 50; i++) {
      const room = await registry.open(parseDocumentName(`doc-${i}`));
      const { edit } = editor(i + 1);
      for (const text of ['a', 'b']) await room.accept(edit(text), new WatchedWriter(), true);
    }
    await pass(clock, 2_000, 1_000);
    const tails = vi.spyOn(Compaction.prototype, 'tail', 'get');
    await pass(clock, 4 * 60_000, 1_000);
    expect(tails.mock.calls.length).toBe(0);
    expect(store.replaced.length).toBe(0);
    await pass(clock, 70_000, 1_000);
    expect(store.replaced.length).toBe(50);
    // When it was due, and when it had been made.
    expect(tails.mock.calls.length).toBeLessThanOrEqual(100);
    await registry.close();
  });
});

describe('when a checkpoint is due', () => {
  const seeds = Array.from({ length: 300 }, (_, i) => i + 1);

  it('D3: is said to the millisecond, if nothing more is written (300 seeds)', () => {
    for (const seed of seeds) {
      const random = new SeededRandom(seed);
      const tail: Tail = {
        records: random.pick([0, 1, 2, 499, 500, 5_000]),
        bytes: random.pick([10, 10_000, 256 * 1024, 2 ** 20]),
        checkpointBytes: random.pick([0, 10, 10 ** 6, 10 ** 8]),
        ageMs: random.int(400_000),
        quietMs: random.int(20_000),
      };
      const later = (ms: number): Tail => ({ ...tail, ageMs: tail.ageMs + ms, quietMs: tail.quietMs + ms });
      const dueInMs = checkpointDueInMs(tail);
      if (dueInMs === Infinity) {
        expect(checkpointDueInMs(later(10 ** 9)), `seed ${seed}`).toBe(Infinity);
        continue;
      }
      expect(checkpointDueInMs(later(dueInMs)), `seed ${seed}`).toBe(0);
      if (dueInMs > 0) expect(checkpointDueInMs(later(dueInMs - 1)), `seed ${seed}`).toBe(1);
    }
  });
});

describe('rooms that are due', () => {
  it('come once, in the turn they asked for last, or in the next after a change', () => {
    const due = new DueRooms<string>(1_000);
    const turns = (count: number): string[][] => Array.from({ length: count }, () => [...due.next()].sort());
    due.plan('a', 2_500);
    due.plan('b', 0);
    due.plan('c', 9_000);
    due.plan('c', 1_001);
    due.changed('d');
    due.changed('d');
    due.plan('e', 1_000);
    due.forget('e');
    due.changed('f');
    due.forget('f');
    expect(turns(5)).toEqual([['b', 'd'], ['c'], ['a'], [], []]);
    expect(turns(10).flat()).toEqual([]);
  });
});

describe('O2: idle rooms', () => {
  it.each([1, 2, 3])('know what they take together, in any order of calls (seed %i)', (seed) => {
    const random = new SeededRandom(seed);
    const rooms = Array.from({ length: 20 }, (_, id) => ({ id, memoryBytes: random.int(100) }));
    const idle = new IdleRooms<(typeof rooms)[number]>();
    let order: typeof rooms = [];
    for (let step = 0; step < 500; step++) {
      const room = random.pick(rooms);
      const action = random.int(5);
      if (action === 0) {
        idle.add(room);
        order = [...order.filter((other) => other !== room), room];
      } else if (action === 1) {
        idle.delete(room);
        order = order.filter((other) => other !== room);
      } else if (action === 2) {
        room.memoryBytes = random.int(100);
        idle.resized(room);
      } else if (action === 3) {
        const mayGo = (other: typeof room): boolean => other.id % 5 > 0;
        const gone = idle.evict(400, mayGo);
        const expected: typeof rooms = [];
        const left = (): number =>
          order
            .filter((other) => !expected.includes(other))
            .reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
        for (const other of order) if (left() > 400 && mayGo(other)) expected.push(other);
        expect(gone).toEqual(expected);
        order = order.filter((other) => !expected.includes(other));
      }
      expect([idle.size, idle.bytes]).toEqual([
        order.length,
        order.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      ]);
    }
  });
});
