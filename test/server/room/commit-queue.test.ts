// Group commit: one batch at a time, nothing acknowledged that is not in the store.

import { beforeEach, describe, expect, it } from 'vitest';
import type { CommitQueue } from '../../../server/room/commit-queue.js';
import { StoreError } from '../../../server/errors.js';
import { CommitWatch, type WatchedLog } from '../../support/commit-watch.js';
import type { ControlledStore } from '../../support/controlled-store.js';
import type { FakeClock } from '../../support/fake-clock.js';
import { pass, settled } from '../../support/turns.js';

let watched: CommitWatch;
let clock: FakeClock;
let store: ControlledStore;
let queue: CommitQueue;
let failures: unknown[];

beforeEach(() => {
  watched = new CommitWatch();
  ({ clock, store, queue, failures } = watched);
});

function offsetsOf(batch: number): number[][] {
  return (store.batches[batch] ?? []).map(({ records }) => records.map(({ offset }) => offset));
}

describe('a batch', () => {
  it('D1: is all that came in one turn, over all documents, and is told of once it is durable', async () => {
    const [a, b] = [watched.log('a'), watched.log('b')];
    a.add();
    b.add();
    a.add();
    expect(store.batches).toEqual([]);
    store.hold('append');
    await pass(clock, 0);
    expect(offsetsOf(0)).toEqual([[1, 2], [1]]);
    expect([a.commits, b.commits]).toEqual([[], []]);
    store.release('append');
    await settled();
    expect([a.commits, b.commits]).toEqual([[2], [1]]);
  });

  it('D1: the one in flight gathers the next; there is never a second', async () => {
    const log = watched.log('a');
    store.hold('append');
    log.add();
    await pass(clock, 0);
    for (let i = 0; i < 20; i++) {
      log.add();
      await pass(clock, 20);
    }
    expect(store.batches.length).toBe(1);
    store.releaseOnce('append');
    await pass(clock, 20);
    expect(offsetsOf(1).flat().length).toBe(20);
    expect(log.commits).toEqual([1]);
    store.release('append');
    await settled();
    expect(log.commits).toEqual([1, 21]);
    expect(store.mostAppendsAtOnce).toBe(1);
  });

  it('with little to write nobody waits long, with more it is written less often', async () => {
    const logs = Array.from({ length: 17 }, (_, i) => watched.log(`many-${i}`));
    const log = watched.log('few');
    const gapAfter = async (first: readonly WatchedLog[]): Promise<number> => {
      for (const one of first) one.add();
      await pass(clock, 100);
      for (const one of first) one.add();
      await pass(clock, 0);
      const before = store.batches.length;
      log.add();
      let waited = 0;
      for (; store.batches.length === before; waited++) await pass(clock, 1);
      await pass(clock, 100);
      return waited;
    };
    const few = await gapAfter([watched.log('one')]);
    const log4 = watched.log('four updates');
    const busy = await gapAfter([log4, log4, log4, log4]);
    const many = await gapAfter(logs);
    expect(few).toBeGreaterThan(0);
    expect(few).toBeLessThanOrEqual(10);
    expect(busy).toBeGreaterThanOrEqual(2 * few);
    expect(many).toBeGreaterThan(busy);
    expect(many).toBeLessThanOrEqual(50);
  });

  it('after a pause nobody waits at all', async () => {
    const log = watched.log('a');
    log.add();
    await pass(clock, 100);
    log.add();
    await pass(clock, 0);
    expect(store.batches.length).toBe(2);
  });
});

describe('drain', () => {
  it('O3: writes what waits now, at once, and resolves when it is durable', async () => {
    const log = watched.log('a');
    log.add();
    await pass(clock, 0);
    log.add();
    store.hold('append');
    let isDrained = false;
    const drained = queue.settle().then(() => {
      isDrained = true;
    });
    await settled();
    log.add();
    expect(isDrained).toBe(false);
    store.releaseOnce('append');
    await drained;
    expect(log.commits).toEqual([1, 2]);
    store.release('append');
    await queue.settle();
    expect(log.commits).toEqual([1, 2, 3]);
  });

  it('O3: resolves at once when there is nothing, and rejects when the store has failed', async () => {
    await queue.settle();
    const log = watched.log('a');
    log.add();
    store.failures.set('append', new StoreError('STORE_IO', 'no'));
    const failed = { code: 'STORE_UNAVAILABLE' };
    await expect(queue.settle()).rejects.toMatchObject(failed);
    log.add();
    await expect(queue.settle()).rejects.toMatchObject(failed);
    expect(log.commits).toEqual([]);
  });

  it('leaves no timers', async () => {
    const log = watched.log('a');
    log.add();
    await pass(clock, 0);
    log.add();
    await queue.settle();
    // What was to run soon cannot be cancelled.
    clock.advance(0);
    expect(clock.pending).toBe(0);
  });
});

describe('a store that fails', () => {
  it('D1: nothing is acknowledged from then on, nothing more is taken or written, and it is told once', async () => {
    const [a, b] = [watched.log('a'), watched.log('b')];
    store.hold('append');
    a.add();
    await pass(clock, 0);
    b.add();
    const error = new StoreError('STORE_FULL', 'no space');
    store.failures.set('append', error);
    store.release('append');
    await pass(clock, 100);
    b.add();
    await pass(clock, 100);
    expect([a.commits, b.commits]).toEqual([[], []]);
    expect([a, b].map(({ ends }) => ends.map(({ code }) => code))).toEqual([
      ['STORE_UNAVAILABLE'],
      ['STORE_UNAVAILABLE'],
    ]);
    expect(failures).toEqual([error]);
    expect(store.batches.length).toBe(1);
    expect(queue.hasFailed).toBe(true);
    expect(() => queue.checkCapacity()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });
});

describe('capacity', () => {
  it('O2: what is not durable is bounded, and room comes back with durability', async () => {
    const log = watched.log('a');
    store.hold('append');
    log.add(600);
    await pass(clock, 0);
    queue.checkCapacity();
    log.add(600);
    expect(() => queue.checkCapacity()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    store.releaseOnce('append');
    await pass(clock, 20);
    queue.checkCapacity();
    store.release('append');
    await settled();
    log.add(1_000);
    queue.checkCapacity();
  });
});
