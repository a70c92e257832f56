// The store contract: listing, with names made to be confused.

import assert from 'node:assert/strict';
import {
  checkpoint,
  bytes,
  inByteOrder,
  named,
  names,
  offsets,
  own,
  record,
  records,
  utf8,
} from './store-samples.js';
import type { Test } from './store-samples.js';

const hostileNames = [
  'a',
  'a/',
  'a/b',
  'a/b/c',
  'a0',
  'aa',
  'a%2Fb',
  'a%',
  'A',
  'a\u0301x',
  'á',
  'z',
  'é',
  '文書',
  '\ud7ff',
  '\ue000',
  '\uff5e',
  '🦊',
  '🦊/🦊',
  '.a',
  '~',
  ' ',
  'meta',
  'constructor',
  '__proto__',
  'x'.repeat(512),
].map(named);

/** Order, isolation, paging and summaries. */
export function describeListing(test: Test): void {
  test('S9 documents are listed in the order of their names’ UTF-8 bytes', async (store) => {
    await store.append(hostileNames.map((document) => ({ document, records: [record(1)] })));
    const sorted = [...hostileNames].sort(inByteOrder);
    assert.deepEqual(await names(store), sorted);
    for (const document of hostileNames) assert.deepEqual(await offsets(store, document), [1], document);
  });

  test('S9 names that begin each other do not share anything', async (store) => {
    let time = 0;
    for (const document of hostileNames) {
      time += 1;
      await store.append([{ document, records: [record(1, { time }), record(2, { time })] }]);
    }
    for (const document of hostileNames)
      await store.replace(document, { ...checkpoint(1), update: utf8(document) });
    await store.delete(named('a'));
    for (const [index, document] of hostileNames.entries()) {
      const stored = await store.load(document);
      if (document === 'a') assert.equal(stored, undefined);
      else
        assert.deepEqual(
          [stored?.records[0]?.time, own(stored?.checkpoint?.update)],
          [index + 1, utf8(document)],
        );
    }
  });

  test('S10 prefix, after and limit cut the list, together too', async (store) => {
    await store.append(hostileNames.map((document) => ({ document, records: [record(1)] })));
    const sorted = [...hostileNames].sort(inByteOrder);
    for (const prefix of ['', 'a', 'a/', 'a%', '🦊', '文', 'x', 'nothing']) {
      const expected = sorted.filter((document) => document.startsWith(prefix));
      assert.deepEqual(await names(store, { prefix }), expected, prefix);
      for (const after of ['', 'a', 'a/b', 'a/bb', 'é', '🦊', '\u{10ffff}']) {
        const rest = expected.filter((document) => inByteOrder(document, after) > 0);
        assert.deepEqual(await names(store, { prefix, after }), rest, `${prefix} after ${after}`);
        assert.deepEqual(await names(store, { prefix, after, limit: 2 }), rest.slice(0, 2));
      }
    }
    assert.deepEqual(await names(store, { limit: 0 }), []);
    const paged: string[] = [];
    for (let page = await names(store, { limit: 3 }); page.length > 0;) {
      paged.push(...page);
      page = await names(store, { limit: 3, after: page.at(-1)! });
    }
    assert.deepEqual(paged, sorted);
  });

  test('S11 a summary counts what is stored', async (store) => {
    await store.append([
      { document: named('a'), records: records(1, 4).map((item) => ({ ...item, time: 40 + item.offset })) },
    ]);
    const size = record(1).update.byteLength;
    assert.deepEqual(await store.list(), [
      { document: 'a', lastOffset: 4, bytes: 4 * size, records: 4, changedAt: 44 },
    ]);
    await store.replace(named('a'), { offset: 3, time: 99, update: bytes(100, 1) });
    assert.deepEqual(await store.list(), [
      { document: 'a', lastOffset: 4, bytes: 100 + size, records: 1, changedAt: 44 },
    ]);
    await store.delete(named('a'));
    await store.replace(named('a'), { offset: 2, time: 7, update: bytes(5, 1) });
    assert.deepEqual(await store.list(), [
      { document: 'a', lastOffset: 2, bytes: 5, records: 0, changedAt: 7 },
    ]);
  });
}
