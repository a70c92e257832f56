// The pool with real threads, which are run from the build.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MergeRequest } from '../../../server/room/document-worker.js';
import { newWorker, poolThread } from '../../../server/worker/pool-thread.js';
import { WorkerPool } from '../../../server/worker/worker-pool.js';
import { systemClock } from '../../../shared/clock.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { contentOf, makeHistory } from '../../support/histories.js';
import { editor, textOf } from '../../support/room-watch.js';
import { conflictBomb, text, update } from '../crdt/hostile-updates.js';

const document = parseDocumentName('doc');
const other = parseDocumentName('other');
const isBuilt = existsSync(createRequire(import.meta.url).resolve('#document-worker'));

function request(updates: readonly Uint8Array[], options: Partial<MergeRequest> = {}): MergeRequest {
  return { updates, gc: true, partBytes: 1 << 18, ...options };
}

describe.runIf(isBuilt)('threads of the pool', { timeout: 120_000 }, () => {
  let pool: WorkerPool;
  let started: Worker[];
  let heapMb: number;

  beforeEach(() => {
    started = [];
    heapMb = 256;
    pool = new WorkerPool({
      clock: systemClock,
      // The machine of the tests may be slow.
      maxCopyMs: 5_000,
      size: 2,
      start: (handler) => {
        const worker = newWorker(heapMb);
        started.push(worker);
        return poolThread(worker, handler);
      },
    });
  });

  afterEach(() => pool.close());

  it.each([true, false])('D3: merge makes the same document of many updates (gc: %s)', async (gc) => {
    const { updates, reference } = makeHistory(2);
    const merged = await pool.merge(document, request(updates, { gc }));
    const again = new Y.Doc();
    Y.applyUpdate(again, merged.update);
    expect(contentOf(again)).toEqual(contentOf(reference));
    expect(merged.parts).toEqual([merged.update]);
    expect(merged.loadMs).toBeGreaterThan(0);
  });

  it('deleted content goes, unless it is to stay', async () => {
    const { doc, edit } = editor(1);
    const updates = [edit('x'.repeat(10_000))];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    doc.getText('text').delete(0, 10_000);
    const collected = await pool.merge(document, request(updates));
    const kept = await pool.merge(document, request(updates, { gc: false }));
    expect(collected.update.length).toBeLessThan(100);
    expect(kept.update.length).toBeGreaterThan(10_000);
  });

  it('cuts a large one into parts that leave nothing pending', async () => {
    const { edit } = editor(1);
    const updates = Array.from({ length: 50 }, (_, i) => edit(`${i}:${'y'.repeat(100)}`));
    const split = updates.flatMap((update, i) => (i % 2 === 0 ? [update] : [update, rootOf(`k${i}`)]));
    const cut = await pool.merge(document, request(split, { partBytes: 600 }));
    expect(cut.parts.length).toBeGreaterThan(3);
    expect(textOf(cut.parts)).toBe(textOf([cut.update]));
  });

  it('D3: rejects what cannot be merged, and goes on', async () => {
    const { edit } = editor(1);
    edit('missing');
    await expect(pool.merge(document, request([edit('later')]))).rejects.toThrow('missing');
    await expect(pool.merge(document, request([Uint8Array.of(255, 255)]))).rejects.toBeInstanceOf(Error);
    const fine = await pool.merge(document, request([editor(1).edit('fine')]));
    expect(textOf([fine.update])).toBe('fine');
  });

  it('V1: a thread that is ended in the middle of its job takes that job with it and no other', async () => {
    const first = pool.merge(document, request(conflictBomb(2_000)));
    const refused = first.catch((error: unknown) => String(error));
    const second = pool.merge(other, request([editor(1).edit('second')]));
    expect(started.length).toBe(1);
    // Behind the pool's back, as when a thread crashes.
    await started[0]!.terminate();
    expect(await refused).toContain('ended');
    expect(textOf([(await second).update])).toBe('second');
    expect(started.length).toBe(2);
  });

  it('O2, V1: a document that needs more memory than a thread has ends the thread, and the next job has another', async () => {
    heapMb = 24;
    const structs = Array.from({ length: 400_000 }, (_, i) => text({ origin: [1, 2 * i] }, 'y'));
    const large = update([
      [2, 0, structs],
      [1, 0, [text({ root: 'text' }, 'x'.repeat(800_001))]],
    ]);
    await expect(pool.merge(document, request([large]))).rejects.toMatchObject({
      code: 'DOCUMENT_TOO_COSTLY',
    });
    heapMb = 256;
    expect(textOf([(await pool.merge(other, request([editor(1).edit('fine')]))).update])).toBe('fine');
  });

  it('V1, C2, C5: a trial passes honest edits and refuses the conflict bomb, with the thread or without', async () => {
    const { edit, doc } = editor(1);
    const state = [edit('hello'.repeat(100))];
    const honest = edit(' world');
    const tried = await pool.try(document, { updates: state, update: honest });
    expect(tried.bytes).toBeGreaterThanOrEqual(Y.encodeStateAsUpdate(doc).length);
    const [crowd, bomb] = conflictBomb(5_000);
    await expect(pool.try(other, { updates: [crowd], update: bomb })).rejects.toMatchObject({
      code: 'UPDATE_TOO_COSTLY',
    });
    // The document that took it is named by the trial of anything else.
    await expect(pool.merge(other, request([crowd, bomb]))).rejects.toMatchObject({
      code: 'DOCUMENT_TOO_COSTLY',
    });
    expect((await pool.try(document, { updates: state, update: honest })).bytes).toBe(tried.bytes);
  });

  it('V7: read and edit give a copy that took little to load, and refuse what took more', async () => {
    const { edit } = editor(1);
    const updates = [edit('one'), edit(' two')];
    const whole = { updates, gc: true };
    const ydoc = await pool.read(document, whole);
    expect(ydoc.getText('text').toString()).toBe('one two');
    const edited = await pool.edit(document, whole, (copy) => {
      copy.getText('text').insert(0, 'zero ');
      return copy.getText('text').length;
    });
    expect(edited.result).toBe(12);
    expect(textOf([...updates, edited.update!])).toBe('zero one two');
    expect((await pool.edit(document, whole, () => 1)).update).toBeUndefined();
    await expect(
      pool.edit(document, whole, () => {
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    const strict = new WorkerPool({ clock: systemClock, maxCopyMs: 0, size: 2 });
    await expect(strict.read(document, whole)).rejects.toMatchObject({ code: 'DOCUMENT_TOO_COSTLY' });
    await strict.close();
  });
});

function rootOf(key: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getMap('map').set(key, 'z'.repeat(50));
  return Y.encodeStateAsUpdate(doc);
}
