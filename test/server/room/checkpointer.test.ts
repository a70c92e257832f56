// Checkpoints from a real worker thread, which is run from the build.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerCheckpointer, type CheckpointRequest } from '../../../server/room/checkpointer.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { contentOf, makeHistory } from '../../support/histories.js';
import { editor, textOf } from '../../support/room-watch.js';

const isBuilt = existsSync(createRequire(import.meta.url).resolve('#checkpoint-worker'));

describe.runIf(isBuilt)('the checkpointer', () => {
  let clock: FakeClock;
  let checkpointer: WorkerCheckpointer;

  beforeEach(() => {
    clock = createFakeClock();
    checkpointer = new WorkerCheckpointer({ clock, maxMs: 30_000 });
  });

  afterEach(() => checkpointer.close());

  function request(
    updates: readonly Uint8Array[],
    options: Partial<CheckpointRequest> = {},
  ): CheckpointRequest {
    return { updates, gc: true, partBytes: 1 << 18, ...options };
  }

  it.each([true, false])('D3: makes the same document of many updates (gc: %s)', async (gc) => {
    const { updates, reference } = makeHistory(2);
    const { update, parts } = await checkpointer.merge(request(updates, { gc }));
    const again = new Y.Doc();
    Y.applyUpdate(again, update);
    expect(contentOf(again)).toEqual(contentOf(reference));
    expect(parts).toEqual([update]);
    expect(clock.pending).toBe(0);
  });

  it('deleted content goes, unless it is to stay', async () => {
    const { doc, edit } = editor(1);
    const updates = [edit('x'.repeat(10_000))];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    doc.getText('text').delete(0, 10_000);
    const collected = await checkpointer.merge(request(updates));
    const kept = await checkpointer.merge(request(updates, { gc: false }));
    expect(collected.update.length).toBeLessThan(100);
    expect(kept.update.length).toBeGreaterThan(10_000);
  });

  it('cuts a large one into parts that leave nothing pending', async () => {
    const { edit } = editor(1);
    const updates = Array.from({ length: 50 }, (_, i) => edit(`${i}:${'y'.repeat(100)}`));
    const split = updates.flatMap((update, i) => (i % 2 === 0 ? [update] : [update, rootOf(`k${i}`)]));
    const { update, parts } = await checkpointer.merge(request(split, { partBytes: 600 }));
    expect(parts.length).toBeGreaterThan(3);
    expect(textOf(parts)).toBe(textOf([update]));
  });

  it('does one after the other, in order', async () => {
    const texts = ['one', 'two', 'three'];
    const results = await Promise.all(
      texts.map((text) => checkpointer.merge(request([editor(1).edit(text)]))),
    );
    expect(results.map(({ update }) => textOf([update]))).toEqual(texts);
  });

  it('D3: rejects what cannot be merged, and goes on', async () => {
    const { edit } = editor(1);
    edit('missing');
    await expect(checkpointer.merge(request([edit('later')]))).rejects.toThrow('missing');
    await expect(checkpointer.merge(request([Uint8Array.of(255, 255)]))).rejects.toBeInstanceOf(Error);
    const { update } = await checkpointer.merge(request([editor(1).edit('fine')]));
    expect(textOf([update])).toBe('fine');
    expect(clock.pending).toBe(0);
  });

  it('O2: a job that takes too long is given up with its worker; the next gets a new one', async () => {
    const { updates } = makeHistory(2);
    const first = checkpointer.merge(request(updates));
    const second = checkpointer.merge(request([editor(1).edit('second')]));
    const refused = first.catch((error: unknown) => error);
    clock.advance(30_000);
    expect(String(await refused)).toContain('30000 ms');
    expect(textOf([(await second).update])).toBe('second');
  });

  it('D3: an answer that comes just too late is not taken for that of the next job', async () => {
    await checkpointer.merge(request([editor(1).edit('warm')]));
    const first = checkpointer.merge(request([editor(1).edit('first')]));
    const second = checkpointer.merge(request([editor(1).edit('second')]));
    const refused = first.catch((error: unknown) => error);
    // The worker answers while this thread stands still; then the time is up before the answer is read.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    clock.advance(30_000);
    expect(String(await refused)).toContain('30000 ms');
    expect(textOf([(await second).update])).toBe('second');
  });

  it('close gives up what is under way and what waits, and takes nothing more', async () => {
    const { updates } = makeHistory(2);
    const jobs = [1, 2].map(() => checkpointer.merge(request(updates)));
    const settled = Promise.allSettled(jobs);
    await checkpointer.close();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(checkpointer.merge(request(updates))).rejects.toThrow('closed');
    expect(clock.pending).toBe(0);
  });
});

function rootOf(key: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getMap('map').set(key, 'z'.repeat(50));
  return Y.encodeStateAsUpdate(doc);
}
