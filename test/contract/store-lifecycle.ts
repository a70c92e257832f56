// The store contract: closing, overlapping calls, large values, opening again.

import assert from 'node:assert/strict';
import {
  append,
  appendAll,
  bytes,
  checkpoint,
  kindsOf,
  named,
  offsets,
  own,
  plain,
  randomFrom,
  record,
  records,
  rejectsWithStoreError,
  assertContiguous,
} from './store-samples.js';
import type { Test } from './store-samples.js';

/** What closing means. */
export function describeLifecycle(test: Test): void {
  test('S13 a closed store rejects everything with STORE_CLOSED', async (store) => {
    await store.append([append('a', 1, 1)]);
    await store.close();
    const calls: (() => Promise<unknown>)[] = [
      () => store.append([append('a', 2, 1)]),
      () => store.append([]),
      () => store.load(named('a')),
      () => store.replace(named('a'), checkpoint(1)),
      () => store.loadKept(named('a'), 0),
      () => store.delete(named('a')),
      () => store.list(),
      () => store.getState('a'),
      () => store.setState('a', Uint8Array.of(1)),
    ];
    for (const call of calls) await rejectsWithStoreError(call(), 'STORE_CLOSED');
  });

  test('S14 close may be called again, and at the same time', async (store) => {
    await Promise.all([store.close(), store.close()]);
    await store.close();
  });

  test('S14 close waits for what is under way', async (store) => {
    await store.append([append('b', 1, 100)]);
    const underWay: Promise<unknown>[] = [];
    for (let offset = 1; offset <= 50; offset += 1) underWay.push(store.append([append('a', offset, 1)]));
    underWay.push(store.load(named('b')), store.list(), store.setState('k', Uint8Array.of(1)));
    const closed = store.close();
    const late = store.append([append('a', 51, 1)]);
    await rejectsWithStoreError(late, 'STORE_CLOSED');
    await Promise.all(underWay);
    await closed;
  });
}

/** Many calls at once, and large ones. */
export function describeLoad(test: Test): void {
  test('S15 overlapping appends are kept in the order of the calls', async (store) => {
    const pending: Promise<unknown>[] = [];
    const random = randomFrom(7);
    const next = new Map<string, number>();
    for (let call = 0; call < 1000; call += 1) {
      const document = `d${Math.floor(random() * 50)}`;
      const offset = next.get(document) ?? 1;
      const count = 1 + Math.floor(random() * 3);
      next.set(document, offset + count);
      pending.push(store.append([append(document, offset, count)]));
      if (call % 97 === 0) await pending.at(-1);
    }
    await Promise.all(pending);
    for (const [document, offset] of next) {
      assert.deepEqual((await store.load(named(document)))?.records.map(plain), records(1, offset - 1));
    }
  });

  test('S15 appends, checkpoints and loads may overlap: a load is whole and as new as what was acknowledged', async (store) => {
    const document = named('busy');
    const progress = { acknowledged: 0 };
    const writer = async () => {
      for (let offset = 1; offset <= 120; offset += 3) {
        await store.append([append('busy', offset, 3)]);
        progress.acknowledged = offset + 2;
        if (offset % 5 === 0) await store.replace(document, checkpoint(offset + 1));
      }
    };
    const writing = writer();
    while (progress.acknowledged < 120) {
      const floor = progress.acknowledged;
      const stored = await store.load(document);
      if (!stored) assert.equal(floor, 0);
      else assertContiguous(stored, floor);
      await new Promise((resolve) => void setTimeout(resolve, 1));
    }
    await writing;
  });

  test('O2 large values come back whole', async (store) => {
    const update = bytes(9 * 1024 * 1024, 5);
    await store.append([{ document: named('a'), records: [record(1, { update }), record(2)] }]);
    await store.replace(named('b'), { offset: 1, time: 1, update });
    assert.deepEqual(own((await store.load(named('a')))?.records[0]?.update), update);
    assert.deepEqual(own((await store.load(named('b')))?.checkpoint?.update), update);
  });

  test('O2 a document of many small appends loads in order', async (store) => {
    const pending = [];
    for (let offset = 1; offset <= 5000; offset += 1) pending.push(store.append([append('long', offset, 1)]));
    await Promise.all(pending);
    assert.equal((await offsets(store, 'long')).length, 5000);
    await store.replace(named('long'), checkpoint(4999));
    assert.deepEqual(await offsets(store, 'long'), [5000]);
  });
}

/** For adapters that keep what they were given. */
export function describeReopening(test: Test): void {
  test('D1 what was acknowledged is there after close and open, epochs too', async (store, place) => {
    await store.append([append('a', 1, 5), append('gone', 1, 1)]);
    await store.replace(named('a'), checkpoint(2));
    await store.append([append('a', 6, 1), append('b', 1, 1)]);
    await store.setState('k', Uint8Array.of(4));
    await store.delete(named('gone'));
    const before = { a: await store.load(named('a')), list: await store.list() };
    await store.close();
    const again = await place.open();
    try {
      assert.deepEqual(await again.load(named('a')), before.a);
      assert.deepEqual(await again.list(), before.list);
      assert.equal(await again.load(named('gone')), undefined);
      assert.deepEqual(own(await again.getState('k')), Uint8Array.of(4));
      await appendAll(again, [append('a', 6, 1)]); // as it is stored already
      assert.deepEqual(await kindsOf(again.append([append('a', 8, 1)])), ['STORE_CONFLICT']);
      await appendAll(again, [append('a', 7, 1)]);
      assert.deepEqual(await offsets(again, 'a'), [3, 4, 5, 6, 7]);
    } finally {
      await again.close();
    }
  });
}
