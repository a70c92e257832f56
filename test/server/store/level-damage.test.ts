// Damaged values and keys in LevelDB: all of it is noticed, and only the document it belongs to is affected.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreError } from '../../../server/errors.js';
import { systemClock } from '../../../shared/clock.js';
import { checkpointKey, metaKey, parseKey, recordsKey } from '../../../server/store/level-keys.js';
import { openDirectory } from '../../../server/store/level-open.js';
import type { Append } from '../../../server/store/store.js';
import type { OpenedDirectory } from '../../../server/store/level-open.js';
import { LevelStore } from '../../../server/store/level-store.js';
import {
  append,
  codeOf,
  kindsOf,
  errorOf,
  makeDirectory,
  named,
  openStore,
  record,
  textOf,
} from './level-fixture.js';

const documents = ['a', 'b', 'ab', 'a/b', 'é', '🦊', 'long name of a document'].map(named);

let opened: OpenedDirectory;
let remove: () => Promise<void>;
let entries: [Uint8Array, Uint8Array][];
let whole: Map<string, string | StoreError>;

beforeAll(async () => {
  const place = await makeDirectory();
  ({ remove } = place);
  const store = await openStore(place.directory);
  for (const document of documents) {
    await store.append([append(document, 1, 3)]);
    await store.append([append(document, 4, 1)]);
    await store.replace(document, { offset: 2, time: 9, update: new Uint8Array(40).fill(7) });
    await store.append([append(document, 5, 2, 200)]);
  }
  await store.close();
  opened = await openDirectory({
    directory: place.directory,
    isSynced: false,
    createIfMissing: false,
    acceptLoss: false,
    now: 0,
  });
  entries = [];
  for await (const [key, value] of opened.database.iterator()) {
    if (documentOf(key) !== undefined) entries.push([key, value]);
  }
  whole = await loadAll(freshStore());
});

afterAll(async () => {
  await freshStore().close();
  await remove();
});

/** Another store object on the same open database: remembers nothing of the ones before it. */
function freshStore(): LevelStore {
  return new LevelStore(opened, 'os', systemClock);
}

function documentOf(key: Uint8Array): string | undefined {
  const parsed = parseKey(key);
  return 'document' in parsed ? parsed.document : undefined;
}

/** Whose range a key falls into, even where it is no key of ours. */
function ownerOf(key: Uint8Array): string {
  const end = key.indexOf(0xff);
  return documentOf(key) ?? (key[0] === 0x64 && end > 0 ? Buffer.from(key.subarray(1, end)).toString() : '');
}

async function loadAll(store: LevelStore): Promise<Map<string, string | StoreError>> {
  const found = new Map<string, string | StoreError>();
  for (const document of documents) {
    const error = await errorOf(
      store.load(document).then((stored) => void found.set(document, textOf(stored))),
    );
    if (error) found.set(document, error);
  }
  return found;
}

/** Runs with other entries in the database, which is as before afterwards. */
async function withEntries(
  changes: [Uint8Array, Uint8Array | undefined][],
  run: () => Promise<void>,
): Promise<void> {
  const before = await Promise.all(changes.map(async ([key]) => await opened.database.get(key)));
  for (const [key, value] of changes)
    await (value ? opened.database.put(key, value) : opened.database.del(key));
  try {
    await run();
  } finally {
    for (const [index, [key]] of changes.entries()) {
      const value = before[index];
      await (value ? opened.database.put(key, value) : opened.database.del(key));
    }
  }
}

/** Documents that are not as they were, by loading and by verifying; anything but a named refusal is a false answer. */
async function damagedNow(): Promise<{ refused: string[]; wrong: string[]; unreported: string[] }> {
  const store = freshStore();
  const found = await loadAll(store);
  const reported = new Set<string | undefined>();
  for await (const problem of store.verify()) reported.add(problem.document);
  const isRefusal = (document: string) => {
    const error = found.get(document);
    return (
      typeof error === 'object' &&
      error.code === 'DOCUMENT_CORRUPT' &&
      error.message.includes(JSON.stringify(document))
    );
  };
  const refused = documents.filter(isRefusal);
  const wrong = documents.filter(
    (document) => !isRefusal(document) && found.get(document) !== whole.get(document),
  );
  return { refused, wrong, unreported: refused.filter((document) => !reported.has(document)) };
}

/** What damagedNow must answer when exactly these are damaged. */
function only(...damaged: string[]) {
  return { refused: documents.filter((document) => damaged.includes(document)), wrong: [], unreported: [] };
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes); // what LevelDB hands out are Buffers, whose slice is no copy
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('damage', () => {
  test('D4 500 random bit flips in stored values are all noticed, in that document only', async () => {
    const random = randomFrom(42);
    for (let round = 0; round < 500; round += 1) {
      const [key, value] = entries[random(entries.length)]!;
      const damagedValue = flipped(value, random(value.length * 8));
      await withEntries([[key, damagedValue]], async () => {
        expect(await damagedNow()).toEqual(only(documentOf(key)!));
        expect(Uint8Array.from(await opened.database.get(key))).toEqual(damagedValue);
      });
    }
  });

  test('D4 300 random bit flips in keys are all noticed, by the document that misses the value', async () => {
    const random = randomFrom(43);
    const known = new Set(entries.map(([key]) => Buffer.from(key).toString('hex')));
    for (let round = 0; round < 300; round += 1) {
      const [key, value] = entries[random(entries.length)]!;
      const other = flipped(key, random(key.length * 8));
      if (known.has(Buffer.from(other).toString('hex'))) continue;
      const affected = [documentOf(key)!, ownerOf(other)];
      const changes: [Uint8Array, Uint8Array | undefined][] = [
        [key, undefined],
        [other, value],
      ];
      await withEntries(changes, async () => expect(await damagedNow()).toEqual(only(...affected)));
    }
  });

  test('D4 every value that is cut, emptied, missing or swapped with another one is noticed', async () => {
    for (const [index, [key, value]] of entries.entries()) {
      const document = documentOf(key)!;
      const [, neighbour] = entries[(index + 1) % entries.length]!;
      for (const damagedValue of [
        value.subarray(0, -1),
        value.subarray(0, 3),
        new Uint8Array(0),
        neighbour,
        undefined,
      ]) {
        await withEntries([[key, damagedValue]], async () =>
          expect(await damagedNow()).toEqual(only(document)),
        );
      }
    }
  });

  test('D4 all records of a document missing, or all of it but its meta, is noticed', async () => {
    const ofA = entries.filter(([key]) => documentOf(key) === 'a');
    const isMeta = (key: Uint8Array) => parseKey(key).kind === 'meta';
    const recordKeys = ofA.filter(([key]) => parseKey(key).kind === 'records');
    await withEntries(
      recordKeys.map(([key]) => [key, undefined]),
      async () => expect(await damagedNow()).toEqual(only('a')),
    );
    await withEntries(
      ofA.filter(([key]) => !isMeta(key)).map(([key]) => [key, undefined]),
      async () => expect(await damagedNow()).toEqual(only('a')),
    );
    await withEntries(
      ofA.filter(([key]) => isMeta(key)).map(([key]) => [key, undefined]),
      async () => expect(await damagedNow()).toEqual(only('a')),
    );
  });

  test('D4 the error names the document, the place and what is wrong', async () => {
    const key = recordsKey(named('a'), 4);
    await withEntries([[key, undefined]], async () => {
      const error = await errorOf(freshStore().load(named('a')));
      expect(error?.message).toMatch(
        /^document "a" is damaged: records from offset 5 \(key [0-9a-f]+\): offset 4 is missing before it$/,
      );
    });
    const value = entries.find(([candidate]) => Buffer.compare(candidate, key) === 0)![1];
    await withEntries([[key, flipped(value, 40)]], async () => {
      const error = await errorOf(freshStore().load(named('a')));
      expect(error?.message).toMatch(
        /^document "a" is damaged: records from offset 4 .*checksum does not match$/,
      );
    });
  });

  test('D2 D4 a damaged document is quarantined: nothing is written to it, others go on', async () => {
    const key = checkpointKey(named('b'));
    const value = await opened.database.get(key);
    const changes: [Uint8Array, Uint8Array][] = [[key, flipped(value, 30)]];
    await withEntries(changes, async () => {
      const store = freshStore();
      expect(await codeOf(store.load(named('b')))).toBe('DOCUMENT_CORRUPT');
      expect(await kindsOf(store.append([append('b', 7, 1), append('other', 1, 1)]))).toEqual([
        'DOCUMENT_CORRUPT',
        'stored',
      ]);
      expect(await codeOf(store.replace(named('b'), { offset: 6, time: 1, update: value }))).toBe(
        'DOCUMENT_CORRUPT',
      );
      expect(await codeOf(store.load(named('b')))).toBe('DOCUMENT_CORRUPT');
      expect((await store.load(named('other')))?.records.length).toBe(1);
      expect(Uint8Array.from(await opened.database.get(key))).toEqual(changes[0]![1]);
      await store.delete(named('other'));
    });
  });

  test('D2 a document whose meta is damaged or missing is not begun anew over its records', async () => {
    const key = metaKey(named('a'));
    const value = await opened.database.get(key);
    for (const damagedValue of [undefined, flipped(value, 20)]) {
      await withEntries([[key, damagedValue]], async () => {
        expect(await kindsOf(freshStore().append([append('a', 1, 1)]))).toEqual(['DOCUMENT_CORRUPT']);
        expect(await codeOf(freshStore().replace(named('a'), { offset: 9, time: 1, update: value }))).toBe(
          'DOCUMENT_CORRUPT',
        );
      });
    }
    await withEntries([[key, flipped(value, 20)]], async () => {
      const listed = (await freshStore().list()).map((summary) => summary.document);
      expect(listed).toContain('a');
    });
  });

  test('S18 a damaged document fails alone in a batch, whatever is damaged, and the others are stored', async () => {
    const at = (key: Uint8Array): Uint8Array =>
      entries.find(([candidate]) => Buffer.compare(candidate, key) === 0)![1];
    const damages: [Uint8Array, Uint8Array, Append][] = [
      [metaKey(named('a')), flipped(at(metaKey(named('a'))), 20), append('a', 7, 1)],
      // Read only because the append says that it repeats what is stored.
      [recordsKey(named('a'), 5), flipped(at(recordsKey(named('a'), 5)), 99), append('a', 6, 2)],
    ];
    for (const [key, value, damagedAppend] of damages) {
      await withEntries([[key, value]], async () => {
        const store = freshStore();
        const batch = [append('x', 1, 1), damagedAppend, append('y', 1, 2), append('x', 2, 1)];
        expect(await kindsOf(store.append(batch))).toEqual([
          'stored',
          'DOCUMENT_CORRUPT',
          'stored',
          'stored',
        ]);
        const again = freshStore();
        expect((await again.load(named('x')))?.records).toEqual([record(1), record(2)]);
        expect((await again.load(named('y')))?.records).toEqual([record(1), record(2)]);
        expect(Uint8Array.from(await opened.database.get(key))).toEqual(value);
        for (const name of ['x', 'y']) await again.delete(named(name));
      });
    }
    expect(textOf(await freshStore().load(named('a')))).toBe(whole.get('a'));
  });

  test('D3 a checkpoint is refused when a record it would keep is damaged', async () => {
    const key = recordsKey(named('a'), 5);
    const value = await opened.database.get(key);
    await withEntries([[key, flipped(value, 99)]], async () => {
      const store = freshStore();
      expect(await codeOf(store.replace(named('a'), { offset: 5, time: 1, update: value }))).toBe(
        'DOCUMENT_CORRUPT',
      );
    });
    expect(textOf(await freshStore().load(named('a')))).toBe(whole.get('a'));
  });

  test('D4 damaged server state is refused by its key, and reported', async () => {
    const store = freshStore();
    await store.setState('seen', Uint8Array.of(1, 2, 3));
    const key = Buffer.from('sseen');
    const value = await opened.database.get(key);
    await withEntries([[key, flipped(value, 9)]], async () => {
      expect((await errorOf(store.getState('seen')))?.message).toMatch(/"seen" is damaged/);
      const problems = [];
      for await (const problem of store.verify()) problems.push(problem);
      expect(problems).toHaveLength(1);
    });
    await store.setState('seen', undefined);
  });

  test('D4 verify finds nothing in a sound store, and a stray key in another', async () => {
    const report = async () => {
      const problems = [];
      for await (const problem of freshStore().verify()) problems.push(problem.message);
      return problems;
    };
    expect(await report()).toEqual([]);
    await withEntries([[Buffer.from('?stray'), Uint8Array.of(1)]], async () => {
      expect(await report()).toEqual([expect.stringMatching(/not a key of this store/)]);
    });
  });

  test('D4 a repaired document can be deleted and begun again', async () => {
    const key = recordsKey(named('b'), 4);
    await opened.database.del(key);
    const store = freshStore();
    expect(await codeOf(store.load(named('b')))).toBe('DOCUMENT_CORRUPT');
    await store.delete(named('b'));
    await store.append([append('b', 1, 1)]);
    expect((await store.load(named('b')))?.records).toEqual([record(1)]);
  });
});
