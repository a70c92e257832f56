// The pool with threads that do nothing: who is next, what happens to a job over its budget, what is left behind.

import { beforeEach, describe, expect, it } from 'vitest';
import { budgetOf } from '../../../server/worker/budgets.js';
import { WorkerPool } from '../../../server/worker/worker-pool.js';
import { parseDocumentName, type DocumentName } from '../../../shared/document-name.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';
import { settled } from '../../support/turns.js';
import { FakeThreads, type FakeThread } from './fake-threads.js';

const updates = [Uint8Array.of(0, 0)];
const merged = { update: updates[0]!, parts: updates, loadMs: 1 };
const tried = { bytes: 2, loadMs: 1 };
const name = (text: string): DocumentName => parseDocumentName(text);

let clock: FakeClock;
let threads: FakeThreads;
/** What became of each job, in the order in which they ended. */
let ended: string[];

beforeEach(() => {
  clock = createFakeClock();
  threads = new FakeThreads();
  ended = [];
});

function poolOf(size: number): WorkerPool {
  return new WorkerPool({
    clock,
    maxCopyMs: 100,
    size,
    start: threads.start,
    cpuMs: () => clock.monotonic(),
  });
}

function note(title: string, job: Promise<unknown>): void {
  job.then(
    () => ended.push(title),
    (error: { code?: string; message: string }) => ended.push(`${title}: ${error.code ?? error.message}`),
  );
}

function merge(pool: WorkerPool, document: string): void {
  note(`merge ${document}`, pool.merge(name(document), { updates, gc: true, partBytes: 100 }));
}

function trial(pool: WorkerPool, document: string, author?: string): void {
  note(`try ${document}`, pool.try(name(document), { updates, update: updates[0] }, author));
}

function finish(thread: FakeThread | undefined): void {
  const kind = thread?.tasks.at(-1)?.kind;
  thread?.say({ kind: 'done', result: kind === 'try' ? tried : merged });
}

const budgetMs = budgetOf({ kind: 'merge', request: { updates, gc: true, partBytes: 1 } }).documentMs;

describe('the pool', () => {
  it('V1: starts a thread when there is work, and ends it when there has been none for a while', async () => {
    const pool = poolOf(4);
    expect(threads.started.length).toBe(0);
    merge(pool, 'a');
    expect(threads.started.length).toBe(1);
    finish(threads.started[0]);
    merge(pool, 'b');
    expect(threads.started.length).toBe(1);
    finish(threads.started[0]);
    await settled();
    expect(ended).toEqual(['merge a', 'merge b']);
    expect(threads.started[0]!.isNeeded).toBe(false);
    clock.advance(60_000);
    expect(threads.started[0]!.isEnded).toBe(true);
    expect(clock.pending).toBe(0);
    merge(pool, 'c');
    expect(threads.started.length).toBe(2);
    await pool.close();
  });

  it('V1: a job over its budget loses its thread, and the next gets a new one', async () => {
    const pool = poolOf(2);
    merge(pool, 'a');
    merge(pool, 'b');
    const [first] = threads.started;
    clock.advance(budgetMs + 100);
    await settled();
    expect(first!.isEnded).toBe(true);
    expect(ended).toEqual(['merge a: DOCUMENT_TOO_COSTLY']);
    expect(threads.busy.length).toBe(1);
    finish(threads.busy[0]);
    await settled();
    expect(ended).toEqual(['merge a: DOCUMENT_TOO_COSTLY', 'merge b']);
    await pool.close();
  });

  it('V1: a trial has a budget for the document, then one for the update, and the error says which', async () => {
    const pool = poolOf(3);
    trial(pool, 'a');
    trial(pool, 'b');
    const [a, b] = threads.started;
    clock.advance(budgetMs - 100);
    b!.say({ kind: 'loaded' });
    clock.advance(200);
    await settled();
    expect(ended).toEqual(['try a: DOCUMENT_TOO_COSTLY']);
    expect([a!.isEnded, b!.isEnded]).toEqual([true, false]);
    clock.advance(budgetMs);
    await settled();
    expect(ended).toEqual(['try a: DOCUMENT_TOO_COSTLY', 'try b: UPDATE_TOO_COSTLY']);
    await pool.close();
  });

  it('V1: an answer that waits behind the timer counts', async () => {
    const pool = poolOf(2);
    merge(pool, 'a');
    const thread = threads.started[0]!;
    // The answer comes in the turn in which the time is up.
    clock.after(budgetMs, () => finish(thread));
    clock.advance(budgetMs);
    clock.advance(0);
    await settled();
    expect(ended).toEqual(['merge a']);
    expect(thread.isEnded).toBe(false);
    await pool.close();
  });

  it('V1: time in which the process had no CPU does not count', async () => {
    let cpuMs = 0;
    const pool = new WorkerPool({
      clock,
      maxCopyMs: 100,
      size: 2,
      start: threads.start,
      cpuMs: () => cpuMs,
    });
    merge(pool, 'a');
    clock.advance(3 * budgetMs);
    expect(threads.started[0]!.isEnded).toBe(false);
    cpuMs = budgetMs;
    clock.advance(budgetMs);
    expect(threads.started[0]!.isEnded).toBe(true);
    // But every wait ends.
    merge(pool, 'b');
    clock.advance(21 * budgetMs);
    expect(threads.started[1]!.isEnded).toBe(true);
    await pool.close();
  });

  it('V1: a thread that needs too much memory is the fault of its job; one that just ends is not', async () => {
    const pool = poolOf(3);
    trial(pool, 'a');
    trial(pool, 'b');
    merge(pool, 'c');
    const byTask = (kind: string): FakeThread => threads.busy.find(({ tasks }) => tasks[0]?.kind === kind)!;
    const outOfMemory = Object.assign(new Error('full'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
    byTask('merge').die(new Error('ended with code 7'));
    const [a, b] = threads.started;
    a!.say({ kind: 'loaded' });
    a!.die(outOfMemory);
    b!.die(outOfMemory);
    await settled();
    expect(ended.sort()).toEqual([
      'merge c: ended with code 7',
      'try a: UPDATE_TOO_COSTLY',
      'try b: DOCUMENT_TOO_COSTLY',
    ]);
    merge(pool, 'd');
    finish(threads.busy[0]);
    await settled();
    expect(ended).toContain('merge d');
    await pool.close();
  });

  it('V2: documents take turns, and one document never has all threads', async () => {
    const pool = poolOf(3);
    for (let i = 0; i < 6; i++) merge(pool, 'greedy');
    merge(pool, 'a');
    merge(pool, 'b');
    const order: string[] = [];
    while (threads.busy.length > 0) {
      expect(threads.busy.length).toBeLessThanOrEqual(2);
      finish(threads.busy[0]);
      await settled();
      order.push(ended.at(-1)!);
    }
    expect(order.indexOf('merge a')).toBeLessThan(4);
    expect(order.indexOf('merge b')).toBeLessThan(5);
    expect(order.length).toBe(8);
    await pool.close();
  });

  it('V2: a trial does not wait behind merges, nor a merge behind trials', async () => {
    const pool = poolOf(2);
    for (let i = 0; i < 20; i++) merge(pool, `m${i}`);
    trial(pool, 't');
    expect(threads.busy.map(({ tasks }) => tasks[0]!.kind)).toEqual(['merge', 'try']);
    for (let i = 0; i < 20; i++) trial(pool, `t${i}`);
    finish(threads.started[0]);
    expect(threads.started[0]!.tasks.map(({ kind }) => kind)).toEqual(['merge', 'merge']);
    await pool.close();
  });

  it('V8: an author with trials in many documents waits for them alone', async () => {
    const pool = poolOf(2);
    for (let i = 0; i < 20; i++) trial(pool, `crowd ${i}`, 'crowd');
    trial(pool, 'a', 'ann');
    trial(pool, 'b');
    for (let i = 0; i < 4; i++) {
      finish(threads.busy[0]);
      await settled();
    }
    expect(ended).toEqual(expect.arrayContaining(['try a', 'try b']));
    expect(ended.length).toBe(4);
    await pool.close();
  });

  it('V8: an author whose update went over its budget comes last, in every document', async () => {
    const pool = poolOf(2);
    trial(pool, 'a', 'bad');
    threads.busy[0]!.say({ kind: 'loaded' });
    clock.advance(budgetMs);
    await settled();
    expect(ended).toEqual(['try a: UPDATE_TOO_COSTLY']);
    trial(pool, 'b', 'bad');
    threads.busy[0]!.say({ kind: 'failed', code: 'UPDATE_TOO_COSTLY', detail: '' });
    await settled();
    merge(pool, 'x');
    merge(pool, 'y');
    // One seat has a merge. The other takes no work of those who went over a budget.
    trial(pool, 'c', 'bad');
    trial(pool, 'd', 'ann');
    expect(threads.busy.map((thread) => thread.tasks.at(-1)!.kind).sort()).toEqual(['merge', 'try']);
    for (let i = 0; i < 4; i++) {
      finish(threads.busy.at(-1));
      await settled();
    }
    expect(ended.slice(2)).toEqual(['try d', 'merge x', 'merge y', 'try c']);
    clock.advance(10 * 60_000);
    trial(pool, 'e', 'bad');
    merge(pool, 'z');
    expect(threads.busy.length).toBe(2);
    await pool.close();
  });

  it('V2: twenty documents that go over their budgets do not starve the others', async () => {
    const pool = poolOf(2);
    for (let i = 0; i < 20; i++) merge(pool, `hostile-${i}`);
    let goneBy = 0;
    // Each of them once: from then on they are known.
    while (goneBy < 20) {
      clock.advance(budgetMs + 100);
      await settled();
      goneBy = ended.length;
    }
    for (let i = 0; i < 20; i++) merge(pool, `hostile-${i}`);
    ended = [];
    merge(pool, 'honest');
    // At most the job that is under way comes before.
    clock.advance(budgetMs + 100);
    await settled();
    finish(threads.busy[0]);
    await settled();
    expect(ended.length).toBe(2);
    expect(ended[1]).toBe('merge honest');
    await pool.close();
  });

  it('V1: close ends what is under way and what waits, and nothing is taken afterwards', async () => {
    const pool = poolOf(2);
    for (const document of ['a', 'b', 'c']) merge(pool, document);
    trial(pool, 'd');
    await pool.close();
    await settled();
    expect(ended.sort()).toEqual(['merge a', 'merge b', 'merge c', 'try d'].map((job) => `${job}: DRAINING`));
    expect(threads.started.every(({ isEnded }) => isEnded)).toBe(true);
    expect(clock.pending).toBe(0);
    await expect(pool.merge(name('e'), { updates, gc: true, partBytes: 1 })).rejects.toMatchObject({
      code: 'DRAINING',
    });
    await pool.close();
  });
});

describe.each(Array.from({ length: 20 }, (_, i) => i + 1))('random jobs (seed %i)', (seed) => {
  it('V1, V2: every job ends once, whatever its thread does', async () => {
    const random = new Random(seed);
    const pool = poolOf(2 + random.int(3));
    let asked = 0;
    for (let step = 0; step < 200; step++) {
      const document = `d${random.int(6)}`;
      const thread = threads.busy.length > 0 ? random.pick(threads.busy) : undefined;
      const act = random.int(6);
      if (act < 2) {
        asked++;
        if (act === 0) merge(pool, document);
        else trial(pool, document);
      } else if (act === 2) finish(thread);
      else if (act === 3) thread?.say({ kind: 'failed', code: undefined, detail: 'no' });
      else if (act === 4 && thread !== undefined) {
        thread.die(new Error('gone'));
      } else clock.advance(random.int(3) * 500);
      const held = threads.busy.length;
      expect(held).toBeLessThanOrEqual(4);
      await settled(1);
    }
    await pool.close();
    await settled();
    expect(ended.length).toBe(asked);
    expect(clock.pending).toBe(0);
  });
});
