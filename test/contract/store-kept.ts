// The store contract: what a checkpoint covers of the log and keeps all the same.

import assert from 'node:assert/strict';
import type { DocumentStore } from '../../server/store/store.js';
import {
  append,
  bytes,
  checkpoint,
  kindsOf,
  named,
  offsets,
  plain,
  randomFrom,
  record,
  records,
  rejectsWithStoreError,
} from './store-samples.js';
import type { Test } from './store-samples.js';

/** Offsets that are kept, after one. */
async function keptAfter(store: DocumentStore, document: string, after: number): Promise<number[]> {
  return (await store.loadKept(named(document), after)).map(({ offset }) => offset);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Checkpoints that keep some of the log before them. */
export function describeKept(test: Test): void {
  test('S16 a checkpoint keeps the records from the offset it is given; they are as they were, and not loaded', async (store) => {
    const document = named('a');
    await store.append([append('a', 1, 4), append('b', 1, 9)]);
    await store.append([append('a', 5, 6)]);
    const { epoch } = (await store.load(document))!;
    await store.replace(document, checkpoint(8), 3);
    const stored = await store.load(document);
    assert.equal(stored?.epoch, epoch);
    assert.equal(stored.checkpoint?.offset, 8);
    assert.deepEqual(stored.records.map(plain), records(9, 2));
    assert.deepEqual((await store.loadKept(document, 2)).map(plain), records(3, 6));
    assert.deepEqual(await keptAfter(store, 'b', 0), []);
  });

  test('S16 kept records are read from any offset below the checkpoint, and up to it', async (store) => {
    await store.append([append('a', 1, 10)]);
    await store.replace(named('a'), checkpoint(8), 3);
    for (let after = 2; after <= 8; after++)
      assert.deepEqual(await keptAfter(store, 'a', after), range(after + 1, 8));
    assert.deepEqual(await keptAfter(store, 'a', 9), []);
    assert.deepEqual(await keptAfter(store, 'a', 100), []);
    // What was asked for is gone: the first that is handed out says so.
    assert.ok((await keptAfter(store, 'a', 0))[0]! > 1);
    assert.deepEqual(await keptAfter(store, 'nothing', 0), []);
  });

  test('S16 without an offset to keep from nothing is kept, nor of what was kept before', async (store) => {
    await store.append([append('a', 1, 10)]);
    await store.replace(named('a'), checkpoint(5), 1);
    await store.replace(named('a'), checkpoint(7));
    assert.deepEqual(await keptAfter(store, 'a', 0), []);
    assert.deepEqual(await offsets(store, 'a'), [8, 9, 10]);
  });

  test('S16 the next checkpoint keeps on, or drops from the oldest end', async (store) => {
    await store.append([append('a', 1, 4)]);
    await store.replace(named('a'), checkpoint(4), 1);
    await store.append([append('a', 5, 4)]);
    await store.replace(named('a'), checkpoint(7), 1);
    assert.deepEqual(await keptAfter(store, 'a', 0), range(1, 7));
    await store.replace(named('a'), { ...checkpoint(7), update: bytes(9, 1) }, 1);
    assert.deepEqual(await keptAfter(store, 'a', 0), range(1, 7));
    await store.replace(named('a'), checkpoint(8), 5);
    assert.deepEqual(await keptAfter(store, 'a', 4), range(5, 8));
    await store.replace(named('a'), checkpoint(8), 9);
    assert.deepEqual(await keptAfter(store, 'a', 0), []);
  });

  test('S16 what is kept stays bounded by where it is kept from, however many checkpoints there are', async (store) => {
    const size = 3_000;
    for (let offset = 1; offset <= 200; offset++) {
      const update = bytes(size, offset);
      await store.append([{ document: named('a'), records: [record(offset, { update })] }]);
      if (offset % 10 === 0) await store.replace(named('a'), checkpoint(offset), Math.max(1, offset - 25));
    }
    const kept = await keptAfter(store, 'a', 0);
    assert.deepEqual(kept.slice(-26), range(175, 200));
    assert.ok(kept.length < 45, `${kept.length} records are kept where 26 are wanted`);
  });

  test('S16 kept records count neither for offsets nor for summaries, and go with the document', async (store) => {
    await store.append([append('a', 1, 5)]);
    await store.replace(named('a'), checkpoint(5), 1);
    const [summary] = await store.list();
    assert.deepEqual([summary?.records, summary?.bytes, summary?.lastOffset], [0, 50, 5]);
    assert.deepEqual(await kindsOf(store.append([append('a', 5, 1)])), ['STORE_CONFLICT']);
    await store.delete(named('a'));
    assert.deepEqual(await keptAfter(store, 'a', 0), []);
    await store.append([append('a', 1, 2)]);
    await store.replace(named('a'), checkpoint(2), 1);
    assert.deepEqual(await keptAfter(store, 'a', 0), [1, 2]);
  });

  test('S16 a checkpoint that is refused drops nothing', async (store) => {
    await store.append([append('a', 1, 5)]);
    await store.replace(named('a'), checkpoint(5), 2);
    await rejectsWithStoreError(store.replace(named('a'), checkpoint(4), 4));
    await rejectsWithStoreError(store.replace(named('a'), checkpoint(6), 6));
    for (const keepFrom of [-1, 0.5, NaN])
      await assert.rejects(store.replace(named('a'), checkpoint(5), keepFrom), TypeError);
    assert.deepEqual(await keptAfter(store, 'a', 1), range(2, 5));
  });

  test('S3 kept bytes are the caller’s to change', async (store) => {
    await store.append([append('a', 1, 2)]);
    await store.replace(named('a'), checkpoint(2), 1);
    (await store.loadKept(named('a'), 0))[0]?.update.fill(0);
    assert.deepEqual((await store.loadKept(named('a'), 0)).map(plain), records(1, 2));
  });

  test('S15 S16 appends, checkpoints and reads of what is kept may overlap: each is without gaps', async (store) => {
    const random = randomFrom(11);
    const progress = { appended: 0 };
    const writing = (async () => {
      while (progress.appended < 300) {
        const count = 1 + Math.floor(random() * 5);
        await store.append([append('busy', progress.appended + 1, count)]);
        progress.appended += count;
        const offset = progress.appended - Math.floor(random() * count);
        if (random() < 0.3) await store.replace(named('busy'), checkpoint(offset), Math.max(0, offset - 40));
      }
    })();
    while (progress.appended < 300) {
      const after = Math.floor(random() * (progress.appended + 1));
      const kept = await store.loadKept(named('busy'), after);
      const first = kept[0]?.offset ?? 0;
      assert.deepEqual(kept.map(plain), records(first, kept.length));
      await new Promise((resolve) => void setTimeout(resolve, 1));
    }
    await writing;
  });
}

/** For adapters that keep what they were given. */
export function describeKeptReopening(test: Test): void {
  test('S16 kept records are there after close and open', async (store, place) => {
    await store.append([append('a', 1, 9)]);
    await store.replace(named('a'), checkpoint(6), 3);
    await store.close();
    const again = await place.open();
    try {
      assert.deepEqual(await keptAfter(again, 'a', 2), range(3, 6));
      await again.replace(named('a'), checkpoint(9), 5);
      assert.deepEqual(await keptAfter(again, 'a', 4), range(5, 9));
    } finally {
      await again.close();
    }
  });
}
