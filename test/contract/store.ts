// The contract of DocumentStore as tests. Runs on every adapter, ours and other people's, in any test framework.

import assert from 'node:assert/strict';
import type { Append, LogRecord } from '../../server/store/store.js';
import { describeKept, describeKeptReopening } from './store-kept.js';
import { describeLifecycle, describeLoad, describeReopening } from './store-lifecycle.js';
import { describeListing } from './store-listing.js';
import {
  append,
  appendAll,
  bytes,
  checkpoint,
  kindsOf,
  named,
  names,
  offsets,
  own,
  plain,
  record,
  records,
  rejectsWithStoreError,
  utf8,
} from './store-samples.js';
import type { StorePlace, Test } from './store-samples.js';

export type { StorePlace } from './store-samples.js';

/** What describeStore needs from a test framework. */
export interface TestFramework {
  describe(title: string, body: () => void): void;
  test(title: string, body: () => Promise<void>): void;
}

/** What an adapter does not promise. */
export interface StoreTraits {
  /** False for an adapter that keeps nothing after `close`. Default true. */
  readonly isDurable?: boolean;
}

/** Declares the contract suite for an adapter. Titles begin with the rule they hold to (docs/behaviour.md). */
export function describeStore(
  name: string,
  makePlace: () => Promise<StorePlace>,
  framework: TestFramework,
  traits: StoreTraits = {},
): void {
  const test: Test = (title, body) => {
    framework.test(title, async () => {
      const place = await makePlace();
      const store = await place.open();
      try {
        await body(store, place);
      } finally {
        await store.close();
        await place.remove();
      }
    });
  };
  framework.describe(`${name} keeps the store contract`, () => {
    describeLog(test);
    describeRefusals(test);
    describeRepeats(test);
    describeCheckpoints(test);
    describeKept(test);
    describeDeletion(test);
    describeListing(test);
    describeState(test);
    describeLifecycle(test);
    describeLoad(test);
    if (!(traits.isDurable ?? true)) return;
    describeReopening(test);
    describeKeptReopening(test);
  });
}

function describeLog(test: Test): void {
  test('S1 a document nobody has written is undefined', async (store) => {
    assert.equal(await store.load(named('nothing')), undefined);
    assert.deepEqual(await store.list(), []);
  });

  test('S2 what was appended is loaded: same order, offsets, times, authors and bytes', async (store) => {
    const records = [
      record(1, { time: 1_700_000_000_000, author: 'ada', update: Uint8Array.of(0, 255, 1) }),
      record(2, { time: 0, author: '', update: new Uint8Array(0) }),
      record(3, { time: 5, author: 'Zoë 🦊 "x"\n', update: bytes(70_000, 3) }),
    ];
    await store.append([{ document: named('a'), records: records.slice(0, 1) }]);
    await store.append([{ document: named('a'), records: records.slice(1) }]);
    const stored = await store.load(named('a'));
    assert.deepEqual(stored?.records.map(plain), records);
    assert.equal(stored.checkpoint, undefined);
    assert.match(stored.epoch, /./);
  });

  test('S2 one batch may carry a document several times', async (store) => {
    await store.append([append('a', 1, 2), append('b', 1, 1), append('a', 3, 1)]);
    assert.deepEqual(await offsets(store, 'a'), [1, 2, 3]);
    assert.deepEqual(await offsets(store, 'b'), [1]);
  });

  test('S2 an empty batch does nothing', async (store) => {
    await store.append([]);
    assert.deepEqual(await store.list(), []);
  });

  test('S3 bytes handed out are the caller’s to change', async (store) => {
    const document = named('a');
    await store.append([append('a', 1, 2)]);
    await store.replace(document, checkpoint(1));
    await store.setState('k', Uint8Array.of(1, 2));
    const first = await store.load(document);
    first?.records[0]?.update.fill(0);
    first?.checkpoint?.update.fill(0);
    (await store.getState('k'))?.fill(0);
    const second = await store.load(document);
    assert.deepEqual(second?.records.map(plain), [record(2)]);
    assert.deepEqual(plain(second.checkpoint!), checkpoint(1));
    assert.deepEqual(own(await store.getState('k')), Uint8Array.of(1, 2));
  });
}

/** A record that is not the one at its offset. */
function another(offset: number): LogRecord {
  return record(offset, { author: 'another' });
}

function describeRefusals(test: Test): void {
  test('S4 an append whose offsets do not continue fails alone, leaves nothing, and the store goes on', async (store) => {
    await appendAll(store, [append('a', 1, 3)]);
    const other = (offset: number): Append => ({ ...append('a', offset, 1), records: [another(offset)] });
    for (const [i, wrong] of [1, 3, 5].entries()) {
      const batch = [append('b', i + 1, 1), other(wrong)];
      assert.deepEqual(await kindsOf(store.append(batch)), ['stored', 'STORE_CONFLICT']);
    }
    assert.deepEqual(await kindsOf(store.append([append('a', 4, 1), other(4)])), [
      'stored',
      'STORE_CONFLICT',
    ]);
    assert.deepEqual(await kindsOf(store.append([append('new', 2, 1)])), ['STORE_CONFLICT']);
    assert.deepEqual((await store.load(named('a')))?.records.map(plain), records(1, 4));
    assert.deepEqual(await offsets(store, 'b'), [1, 2, 3]);
    assert.equal(await store.load(named('new')), undefined);
    await appendAll(store, [append('a', 5, 1), append('b', 4, 1)]);
    assert.deepEqual(await offsets(store, 'a'), [1, 2, 3, 4, 5]);
  });

  test('S4 every append of a batch has an outcome of its own, in order', async (store) => {
    const batch = [
      append('a', 2, 1),
      append('a', 1, 2),
      append('b', 9, 1),
      append('a', 3, 1),
      append('c', 1, 1),
    ];
    assert.deepEqual(await kindsOf(store.append(batch)), [
      'STORE_CONFLICT',
      'stored',
      'STORE_CONFLICT',
      'stored',
      'stored',
    ]);
    assert.deepEqual(await offsets(store, 'a'), [1, 2, 3]);
    const [stored] = await store.append([append('a', 4, 1)]);
    const { epoch } = (await store.load(named('a'))) ?? {};
    assert.deepEqual(stored, { kind: 'stored', epoch, lastOffset: 4 });
  });

  test('O1 arguments that break the contract throw TypeError and leave nothing', async (store) => {
    const document = named('a');
    const hostile: Append[] = [
      { document, records: [] },
      { document, records: [record(1), record(3)] },
      { document, records: [record(2), record(1)] },
      { document, records: [record(0)] },
      { document, records: [record(1.5)] },
      { document, records: [record(NaN)] },
      { document, records: [record(1, { time: -1 })] },
      { document, records: [record(1, { time: 0.5 })] },
    ];
    for (const wrong of hostile) await assert.rejects(store.append([append('b', 1, 1), wrong]), TypeError);
    for (const offset of [-1, 0.5, NaN, 2 ** 53]) {
      await assert.rejects(store.replace(document, { ...checkpoint(1), offset }), TypeError);
    }
    await assert.rejects(store.replace(document, { ...checkpoint(1), time: -1 }), TypeError);
    assert.deepEqual(await store.list(), []);
  });
}

/** After an answer that never came, the same batch is appended once more. */
function describeRepeats(test: Test): void {
  test('S17 appending again what is stored byte for byte is stored, and changes nothing', async (store) => {
    const batch = [append('a', 1, 3), { ...append('b', 1, 2), epoch: store.newEpoch() }];
    await appendAll(store, batch);
    const before = [await store.load(named('a')), await store.load(named('b')), await store.list()];
    await appendAll(store, batch);
    await appendAll(store, [append('a', 2, 1), append('a', 2, 2)]);
    assert.deepEqual(
      [await store.load(named('a')), await store.load(named('b')), await store.list()],
      before,
    );
  });

  test('S17 of records some of which are stored, the others are appended', async (store) => {
    await appendAll(store, [append('a', 1, 3), append('a', 2, 4)]);
    await appendAll(store, [append('a', 5, 3)]);
    await store.replace(named('a'), checkpoint(4));
    await appendAll(store, [append('a', 6, 4)]);
    assert.deepEqual((await store.load(named('a')))?.records.map(plain), records(5, 5));
    const [summary] = await store.list();
    assert.deepEqual([summary?.lastOffset, summary?.records], [9, 5]);
  });

  test('S17 also while the first call is under way', async (store) => {
    const calls = [1, 1, 2, 1].map((first) => appendAll(store, [append('a', first, 3)]));
    await Promise.all(calls);
    assert.deepEqual(await offsets(store, 'a'), [1, 2, 3, 4]);
  });

  test('S17 a record that differs in anything, or is in a checkpoint, is not one that is stored', async (store) => {
    await appendAll(store, [append('a', 1, 3)]);
    const different = [
      { update: bytes(20, 77) },
      { update: bytes(19, 2) },
      { update: bytes(21, 2) },
      { time: 7 },
      { author: 'somebody else' },
    ];
    for (const rest of different) {
      const again = { document: named('a'), records: [record(2, rest), record(3)] };
      assert.deepEqual(await kindsOf(store.append([again])), ['STORE_CONFLICT']);
    }
    await store.replace(named('a'), checkpoint(2));
    assert.deepEqual(await kindsOf(store.append([append('a', 2, 2)])), ['STORE_CONFLICT']);
    await appendAll(store, [append('a', 3, 2)]);
    assert.deepEqual(await offsets(store, 'a'), [3, 4]);
  });
}

function describeCheckpoints(test: Test): void {
  test('D3 a checkpoint takes the place of the records up to its offset', async (store) => {
    await store.append([append('a', 1, 4)]);
    await store.append([append('a', 5, 2)]);
    await store.replace(named('a'), checkpoint(4));
    const stored = await store.load(named('a'));
    assert.deepEqual(plain(stored!.checkpoint!), checkpoint(4));
    assert.deepEqual(stored!.records.map(plain), [record(5), record(6)]);
  });

  test('D3 a checkpoint in the middle of what was appended together keeps the rest', async (store) => {
    await store.append([append('a', 1, 10), append('b', 1, 10)]);
    await store.append([append('a', 11, 10)]);
    await store.replace(named('a'), checkpoint(3));
    assert.deepEqual((await store.load(named('a')))?.records.map(plain), records(4, 17));
    await store.replace(named('a'), checkpoint(4));
    await store.replace(named('a'), checkpoint(13));
    assert.deepEqual((await store.load(named('a')))?.records.map(plain), records(14, 7));
    await store.append([append('a', 21, 1)]);
    await store.replace(named('a'), checkpoint(21));
    const stored = await store.load(named('a'));
    assert.deepEqual(stored?.records, []);
    assert.equal(stored.checkpoint?.offset, 21);
    assert.deepEqual(await offsets(store, 'b'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('S5 offsets go on after a checkpoint, in the same epoch', async (store) => {
    await store.append([append('a', 1, 2)]);
    const before = await store.load(named('a'));
    await store.replace(named('a'), checkpoint(2));
    assert.deepEqual(await kindsOf(store.append([append('a', 1, 1)])), ['STORE_CONFLICT']);
    await store.append([append('a', 3, 1)]);
    const after = await store.load(named('a'));
    assert.deepEqual(after?.records.map(plain), [record(3)]);
    assert.equal(after.epoch, before?.epoch);
  });

  test('S6 a checkpoint may be replaced at its own offset, not before it and not beyond the last record', async (store) => {
    await store.append([append('a', 1, 5)]);
    await store.replace(named('a'), checkpoint(3));
    await store.replace(named('a'), { ...checkpoint(3), update: bytes(9, 1) });
    await rejectsWithStoreError(store.replace(named('a'), checkpoint(2)));
    await rejectsWithStoreError(store.replace(named('a'), checkpoint(6)));
    const stored = await store.load(named('a'));
    assert.deepEqual(own(stored?.checkpoint?.update), bytes(9, 1));
    assert.deepEqual(stored?.records.map(plain), records(4, 2));
  });

  test('S6 a document may begin with a checkpoint', async (store) => {
    await store.replace(named('a'), checkpoint(7));
    await store.append([append('a', 8, 1)]);
    const stored = await store.load(named('a'));
    assert.equal(stored?.checkpoint?.offset, 7);
    assert.deepEqual(stored.records.map(plain), [record(8)]);
  });
}

function describeDeletion(test: Test): void {
  test('S7 a deleted document is gone, and one made anew has another epoch', async (store) => {
    await store.append([append('a', 1, 3), append('ab', 1, 1)]);
    await store.replace(named('a'), checkpoint(2));
    const before = await store.load(named('a'));
    await store.delete(named('a'));
    assert.equal(await store.load(named('a')), undefined);
    assert.deepEqual(await names(store), ['ab']);
    assert.deepEqual(await kindsOf(store.append([append('a', 4, 1)])), ['STORE_CONFLICT']);
    await store.append([append('a', 1, 1)]);
    const after = await store.load(named('a'));
    assert.deepEqual(after?.records.map(plain), [record(1)]);
    assert.equal(after.checkpoint, undefined);
    assert.notEqual(after.epoch, before?.epoch);
    assert.deepEqual(await offsets(store, 'ab'), [1]);
  });

  test('S7 deleting what is not there is no error', async (store) => {
    await store.delete(named('nothing'));
  });

  test('S8 two documents have two epochs, and an epoch stays', async (store) => {
    await store.append([append('a', 1, 1), append('b', 1, 1)]);
    const a = (await store.load(named('a')))?.epoch;
    await store.append([append('a', 2, 1)]);
    assert.equal((await store.load(named('a')))?.epoch, a);
    assert.notEqual((await store.load(named('b')))?.epoch, a);
  });

  test('S8 a document begins with the epoch it is given, and keeps it', async (store) => {
    const [epoch, other] = [store.newEpoch(), store.newEpoch()];
    assert.notEqual(epoch, other);
    await store.append([{ ...append('a', 1, 1), epoch }]);
    await store.append([{ ...append('a', 2, 1), epoch: other }]);
    assert.equal((await store.load(named('a')))?.epoch, epoch);
    await store.append([{ ...append('b', 1, 1), epoch: 'of another store' }]);
    assert.notEqual((await store.load(named('b')))?.epoch, epoch);
  });
}

function describeState(test: Test): void {
  test('S12 state is kept by key and removed by undefined; keys do not meet documents', async (store) => {
    const keys = ['a', 'a/', 'ab', '🦊', 'revoked:x%00', ''];
    await store.append([append('a', 1, 1)]);
    for (const key of keys) await store.setState(key, utf8(`value of ${key}`));
    for (const key of keys) assert.deepEqual(own(await store.getState(key)), utf8(`value of ${key}`));
    assert.equal(await store.getState('b'), undefined);
    await store.setState('a', undefined);
    await store.setState('nothing', undefined);
    await store.setState('ab', new Uint8Array(0));
    assert.equal(await store.getState('a'), undefined);
    assert.deepEqual(own(await store.getState('ab')), new Uint8Array(0));
    assert.deepEqual(await names(store), ['a']);
  });

  test('S12 state is set together, and listed by the beginning of its keys', async (store) => {
    const listed = async (prefix: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const [key, value] of store.listState(prefix)) {
        assert.deepEqual(own(value), utf8(`value of ${key}`));
        found.push(key);
      }
      return found;
    };
    const keys = ['b/ü', 'b/2', 'b/10', 'b', 'a/1', 'b/🦊', 'b0', 'b/%'];
    await store.setStates(new Map(keys.map((key) => [key, utf8(`value of ${key}`)])));
    assert.deepEqual(await listed('b/'), ['b/%', 'b/10', 'b/2', 'b/ü', 'b/🦊']);
    assert.deepEqual(await listed('c'), []);
    await store.setStates(
      new Map([
        ['b/2', undefined],
        ['nothing', undefined],
        ['b/3', utf8('value of b/3')],
      ]),
    );
    assert.deepEqual(await listed('b/'), ['b/%', 'b/10', 'b/3', 'b/ü', 'b/🦊']);
    assert.deepEqual((await listed('')).length, 8);
    await store.setStates(new Map());
    assert.deepEqual(await listed('a'), ['a/1']);
  });

  test('S19 state that is set before an append is there when the append is done', async (store) => {
    const pending: Promise<unknown>[] = [];
    for (let offset = 1; offset <= 50; offset += 1) {
      pending.push(store.setState('k', utf8(String(offset))));
      const appended = store.append([append('a', offset, 1)]);
      pending.push(appended);
      if (offset % 7 > 0) continue;
      await appended;
      assert.deepEqual(own(await store.getState('k')), utf8(String(offset)));
    }
    await Promise.all(pending);
  });
}
