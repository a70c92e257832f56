// What becomes of a batch: a document that fails alone, a store that is away, and a source that throws.

import { beforeEach, describe, expect, it } from 'vitest';
import type { CommitQueue } from '../../../server/room/commit-queue.js';
import type { StoreSilence } from '../../../server/room/store-silence.js';
import { commitTable, type CommitEvent, type CommitState } from '../../../server/room/commit-state.js';
import { StoreError } from '../../../server/errors.js';
import type { AppendOutcome } from '../../../server/store/store.js';
import { CommitWatch, maxAwayMs, type WatchedLog } from '../../support/commit-watch.js';
import type { ControlledStore } from '../../support/controlled-store.js';
import type { FakeClock } from '../../support/fake-clock.js';
import { pass, settled, watch } from '../../support/turns.js';

const away = new StoreError('STORE_AWAY', 'no answer');

let watched: CommitWatch;
let clock: FakeClock;
let store: ControlledStore;
let queue: CommitQueue;
let silence: StoreSilence;
let failures: unknown[];
let warnings: string[];
let errors: string[];

beforeEach(() => {
  watched = new CommitWatch();
  ({ clock, store, queue, silence, failures, warnings, errors } = watched);
});

function outcomesOf(...codes: ('stored' | 'DOCUMENT_CORRUPT' | 'STORE_CONFLICT')[]): AppendOutcome[] {
  return codes.map((code) =>
    code === 'stored'
      ? { kind: 'stored', epoch: 'epoch', lastOffset: 1 }
      : { kind: 'failed', error: new StoreError(code, 'no') },
  );
}

describe('the table of states', () => {
  const states = Object.keys(commitTable) as CommitState[];
  const events: CommitEvent[] = ['added', 'time', 'answered', 'lost', 'broken'];

  it('O8: nothing but an answer ends a batch, and nothing leads out of a failure', () => {
    const leadTo = (to: CommitState): string[] =>
      states.flatMap((state) =>
        events.filter((event) => commitTable[state][event] === to).map((event) => `${state} ${event}`),
      );
    expect(leadTo('idle')).toEqual(['writing answered']);
    expect(leadTo('writing')).toEqual(['due time', 'away time']);
    expect(leadTo('failed')).toEqual(['writing broken']);
    expect(commitTable.failed).toEqual({});
  });
});

describe('O7: a document that fails alone', () => {
  it('ends with what it failed for; the others of the batch are acknowledged and go on', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => watched.log(name)) as [
      WatchedLog,
      WatchedLog,
      WatchedLog,
      WatchedLog,
    ];
    store.outcomes = [outcomesOf('stored', 'DOCUMENT_CORRUPT', 'STORE_CONFLICT', 'stored')];
    for (const log of [a, b, c, d]) log.add();
    await pass(clock, 0);
    expect([a.commits, b.commits, c.commits, d.commits]).toEqual([[1], [], [], [1]]);
    expect([b.ends[0]?.code, c.ends[0]?.code]).toEqual(['DOCUMENT_CORRUPT', 'STORE_UNAVAILABLE']);
    expect([a.ends, d.ends, failures]).toEqual([[], [], []]);
    store.outcomes = [outcomesOf('stored')];
    a.add();
    await pass(clock, 100);
    expect(a.commits).toEqual([1, 2]);
    expect(queue.hasFailed).toBe(false);
  });

  it('leaves no records behind, nor what they took of the capacity', async () => {
    const [a, b] = [watched.log('a'), watched.log('b')];
    store.hold('append');
    store.outcomes = [outcomesOf('DOCUMENT_CORRUPT')];
    a.add(400);
    await pass(clock, 0);
    a.add(400);
    store.release('append');
    await pass(clock, 100);
    expect(store.batches.length).toBe(1);
    expect(clock.pending).toBe(0);
    b.add(1_000);
    queue.checkCapacity();
    await queue.settle();
    expect(b.commits).toEqual([1]);
  });

  it('is every document of a batch that was rejected for one of them', async () => {
    const logs = [watched.log('a'), watched.log('b')];
    store.failures.set('append', new StoreError('DOCUMENT_CORRUPT', 'one of them'));
    for (const log of logs) log.add();
    await pass(clock, 0);
    expect(logs.map(({ ends }) => ends.map(({ code }) => code))).toEqual([
      ['DOCUMENT_CORRUPT'],
      ['DOCUMENT_CORRUPT'],
    ]);
    expect(failures).toEqual([]);
  });

  it('is one that throws when it is told: it ends, the others of the batch are told', async () => {
    const logs = ['a', 'b', 'c'].map((name) => watched.log(name));
    const thrown = new Error('a listener');
    logs[1]!.hook = () => {
      throw thrown;
    };
    for (const log of logs) log.add();
    await pass(clock, 0);
    expect(logs.map(({ commits }) => commits)).toEqual([[1], [], [1]]);
    expect(logs[1]!.ends).toMatchObject([{ code: 'INTERNAL', cause: thrown }]);
    logs[2]!.add();
    await queue.settle();
    expect(logs[2]!.commits).toEqual([1, 2]);
  });
});

describe('O8: a store that is away', () => {
  it('is given the same records again, with growing pauses, and nothing is acknowledged meanwhile', async () => {
    const [a, b] = [watched.log('a'), watched.log('b')];
    const times: number[] = [];
    store.delay = (operation) => {
      if (operation === 'append') times.push(clock.monotonic());
      if (times.length <= 5) store.failures.set('append', away);
      return undefined;
    };
    a.add();
    await pass(clock, 0);
    b.add();
    await pass(clock, 1_000, 10);
    expect([a.commits, b.commits]).toEqual([[], []]);
    await pass(clock, 2_000, 10);
    expect(store.batches.slice(0, 6).every((batch) => batch === store.batches[0])).toBe(true);
    expect(times.slice(1, 6).map((time, i) => time - times[i]!)).toEqual([50, 100, 200, 400, 800]);
    expect([a.commits, b.commits]).toEqual([[1], [1]]);
    expect(store.mostAppendsAtOnce).toBe(1);
    expect(warnings.length).toBe(5);
    expect(failures).toEqual([]);
  });

  it('may have written what it did not answer for: that is stored once', async () => {
    const log = watched.log('a');
    const append = store.kept.append.bind(store.kept);
    let isFirst = true;
    store.kept.append = async (batch) => {
      const outcomes = await append(batch);
      if (isFirst) {
        isFirst = false;
        throw away;
      }
      return outcomes;
    };
    log.add();
    log.add();
    await pass(clock, 100, 10);
    expect(log.commits).toEqual([2]);
    expect((await store.kept.load(log.document))?.records.map(({ offset }) => offset)).toEqual([1, 2]);
    log.add();
    await queue.settle();
    expect(log.commits).toEqual([2, 3]);
  });

  it('is given up after a time, and then nothing is acknowledged any more', async () => {
    const log = watched.log('a');
    store.delay = () => void store.failures.set('append', away);
    log.add();
    const drained = watch(queue.settle());
    await pass(clock, maxAwayMs - 100, 100);
    expect(failures).toEqual([]);
    await pass(clock, 200, 100);
    expect(failures).toEqual([away]);
    expect(drained.error).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: away });
    const { length } = store.batches;
    await pass(clock, 60_000, 1_000);
    expect([store.batches.length, log.commits, clock.pending]).toEqual([length, [], 0]);
  });

  it('O2: capacity holds meanwhile', async () => {
    const log = watched.log('a');
    store.failures.set('append', away);
    log.add(600);
    await pass(clock, 0);
    queue.checkCapacity();
    log.add(600);
    expect(() => queue.checkCapacity()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    await pass(clock, 200, 10);
    expect(log.commits).toEqual([1, 2]);
    queue.checkCapacity();
  });

  it('answers for some alone when it is back', async () => {
    const logs = [watched.log('a'), watched.log('b')];
    store.failures.set('append', away);
    store.outcomes = [outcomesOf('stored', 'STORE_CONFLICT')];
    for (const log of logs) log.add();
    await pass(clock, 200, 10);
    expect([logs[0]!.commits, logs[1]!.commits]).toEqual([[1], []]);
    expect(logs[1]!.ends.length).toBe(1);
  });
});

describe('O10: a store that does not answer', () => {
  it('is silent after ten seconds, and is given nothing else; it is told once, and so is its answer', async () => {
    const log = watched.log('a');
    store.hold('append');
    log.add();
    await pass(clock, 9_999);
    silence.look();
    expect([silence.isSilent, errors, warnings]).toEqual([false, [], []]);
    await pass(clock, 1);
    log.add();
    for (let i = 0; i < 3; i++) silence.look();
    await pass(clock, 60 * 60_000, 60_000);
    silence.look();
    expect([silence.isSilent, queue.hasFailed, store.batches.length]).toEqual([true, false, 1]);
    expect(errors).toEqual(['the store does not answer']);
    store.release('append');
    await pass(clock, 100);
    for (let i = 0; i < 2; i++) silence.look();
    expect([silence.isSilent, log.commits]).toEqual([false, [1, 2]]);
    expect([errors.length, warnings]).toEqual([1, ['the store answers again']]);
  });

  it('is not one that is away, or has nothing to write', async () => {
    await pass(clock, 60_000);
    expect(silence.isSilent).toBe(false);
    store.delay = () => void store.failures.set('append', away);
    watched.log('a').add();
    await pass(clock, 20_000, 100);
    expect(silence.isSilent).toBe(false);
  });
});

describe('D1: a store that answers wrongly', () => {
  it('has failed where it answers for fewer or more documents than it was given', async () => {
    const log = watched.log('a');
    store.outcomes = [outcomesOf('stored', 'stored')];
    log.add();
    await pass(clock, 0);
    expect(log.commits).toEqual([]);
    expect(queue.hasFailed).toBe(true);
    expect(failures.length).toBe(1);
  });
});

describe('O3: drain', () => {
  it('waits for what there is now, not for those who never pause', async () => {
    const [writer, other] = [watched.log('endless'), watched.log('other')];
    store.delay = () => new Promise((resolve) => void clock.after(20, resolve));
    const typing = clock.every(1, () => writer.add());
    await pass(clock, 100, 1);
    other.add();
    const drained = watch(queue.settle());
    const appended = store.batches.length;
    for (let turn = 0; turn < 100 && !drained.isSettled; turn++) await pass(clock, 1, 1);
    expect(drained).toEqual({ isSettled: true, error: undefined });
    expect(other.commits).toEqual([1]);
    expect(store.batches.length - appended).toBeLessThanOrEqual(2);
    typing.cancel();
    await pass(clock, 100, 10);
  });

  it('waits for the batch under way alone where nothing else is waiting', async () => {
    const log = watched.log('a');
    store.hold('append');
    log.add();
    await pass(clock, 0);
    const drained = queue.settle();
    log.add();
    store.releaseOnce('append');
    await drained;
    expect(log.commits).toEqual([1]);
    store.release('append');
    await queue.settle();
    expect(log.commits).toEqual([1, 2]);
  });

  it('ends when all that it waited for is gone', async () => {
    const [a, b] = [watched.log('a'), watched.log('b')];
    store.hold('append');
    a.add();
    await pass(clock, 0);
    b.add();
    const drained = queue.settle();
    b.end(undefined as never);
    store.release('append');
    await drained;
    expect(b.commits).toEqual([]);
    await settled();
    expect(store.batches.length).toBe(1);
  });
});
