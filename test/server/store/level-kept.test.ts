// The log before the checkpoint in LevelDB: read by nobody but who asks for it, few values, whole after a crash, and of no
// harm to the document when it is damaged.

import { cp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../shared/clock.js';
import { keptKey, parseKey, recordsKey } from '../../../server/store/level-keys.js';
import { openDirectory } from '../../../server/store/level-open.js';
import { LevelStore } from '../../../server/store/level-store.js';
import type { Checkpoint } from '../../../server/store/store.js';
import { randomFrom } from '../../contract/store-samples.js';
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
  withRaw,
} from './level-fixture.js';

const document = named('doc');
let directory: string;
let remove: () => Promise<void>;

beforeEach(async () => ({ directory, remove } = await makeDirectory()));
afterEach(() => remove());

function checkpoint(offset: number, size = 30): Checkpoint {
  return { offset, time: 9, update: new Uint8Array(size).fill(offset) };
}

async function keptOffsets(store: LevelStore, after = 0): Promise<number[]> {
  return (await store.loadKept(document, after)).map(({ offset }) => offset);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Entries of the store's documents, while it is closed. */
async function entriesIn(kind: string): Promise<[Uint8Array, Uint8Array][]> {
  return withRaw(directory, async (database) => {
    const found: [Uint8Array, Uint8Array][] = [];
    for await (const [key, value] of database.iterator())
      if (parseKey(key).kind === kind) found.push([key, value]);
    return found;
  });
}

async function putRaw(key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
  await withRaw(directory, (database) => (value ? database.put(key, value) : database.del(key)));
}

/** Records 1 to 9 and a checkpoint at 6; of the log before it 2 to 6 are kept, in several values. */
async function writeSome(): Promise<void> {
  const store = await openStore(directory);
  await store.append([append('doc', 1, 3, 9_000)]);
  await store.append([append('doc', 4, 2, 9_000)]);
  await store.append([append('doc', 6, 4, 9_000), append('other', 1, 2)]);
  await store.replace(document, checkpoint(6), 2);
  await store.close();
}

describe('kept records', () => {
  test('S16 of many commits are in few values, and a few of them are in one', async () => {
    const store = await openStore(directory);
    const pending: Promise<void>[] = [];
    for (let offset = 1; offset <= 3_000; offset++) {
      pending.push(store.append([append('doc', offset, 1)]).then(() => undefined));
      if (offset % 3 === 0) await pending.at(-1);
    }
    await Promise.all(pending);
    await store.replace(document, checkpoint(2_900), 100);
    expect(await keptOffsets(store, 99)).toEqual(range(100, 2_900));
    expect(await keptOffsets(store, 2_890)).toEqual(range(2_891, 2_900));
    await store.close();
    const kept = await entriesIn('kept');
    expect(kept.length).toBeLessThan(15);
    for (const [, value] of kept) expect(value.length).toBeLessThan(24 * 1024);
  });

  test('S16 are not read when a document is loaded, appended to, listed or backed up', async () => {
    await writeSome();
    const opened = await openDirectory({
      directory,
      isSynced: false,
      createIfMissing: false,
      acceptLoss: false,
      now: 0,
    });
    const seen: string[] = [];
    const database = new Proxy(opened.database, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'iterator') return value.bind(target) as unknown;
        return async function* (this: unknown, options: never) {
          for await (const entry of target.iterator(options)) {
            seen.push(parseKey(entry[0]).kind);
            yield entry;
          }
        };
      },
    });
    const store = new LevelStore({ ...opened, database }, 'os', systemClock);
    expect((await store.load(document))?.records.length).toBe(3);
    await store.append([append('doc', 10, 1)]);
    await store.list();
    for await (const item of store.readAll()) expect(item.kind).not.toBe('problem');
    expect(seen).toContain('records');
    expect(seen).not.toContain('kept');
    await store.loadKept(document, 0);
    expect(seen).toContain('kept');
    await store.close();
  });

  test('S16 a store of before there were any opens as it is, and keeps from its next checkpoint on', async () => {
    const store = await openStore(directory);
    await store.append([append('doc', 1, 6)]);
    await store.replace(document, checkpoint(4));
    await store.close();
    expect(await entriesIn('kept')).toEqual([]);
    const again = await openStore(directory);
    expect(await keptOffsets(again)).toEqual([]);
    await again.replace(document, checkpoint(6), 1);
    expect(await keptOffsets(again)).toEqual([5, 6]);
    await again.close();
  });

  test('S7 go with the document, and one that is only they is not begun anew over them', async () => {
    await writeSome();
    const store = await openStore(directory);
    await store.delete(document);
    await store.close();
    expect(await entriesIn('kept')).toEqual([]);
    await putRaw(keptKey(document, 1), new Uint8Array(9));
    const again = await openStore(directory);
    expect(await kindsOf(again.append([append('doc', 1, 1)]))).toEqual(['DOCUMENT_CORRUPT']);
    await again.delete(document);
    await again.append([append('doc', 1, 1)]);
    await again.close();
  });
});

describe('damage', () => {
  /** The document is as it was, and what was kept of its log says that it is not. */
  async function expectNoticed(what: string): Promise<void> {
    const store = await openStore(directory);
    const stored = await store.load(document);
    expect([stored?.checkpoint?.offset, stored?.records.length], what).toEqual([6, 3]);
    const error = await errorOf(store.loadKept(document, 0));
    expect(error?.code, what).toBe('DOCUMENT_CORRUPT');
    expect(error?.message, what).toContain('"doc"');
    const problems: unknown[] = [];
    for await (const problem of store.verify()) problems.push(problem.document);
    expect(problems, what).toContain('doc');
    expect(problems, what).not.toContain('other');
    await store.close();
  }

  test('D4 every kept value that is flipped, cut or missing is noticed, by whoever reads it, and the document is whole', async () => {
    await writeSome();
    const kept = await entriesIn('kept');
    expect(kept.length).toBeGreaterThan(2);
    const random = randomFrom(5);
    for (const [index, [key, value]] of kept.entries()) {
      const flipped = Uint8Array.from(value);
      flipped[Math.floor(random() * value.length)]! ^= 1 << Math.floor(random() * 8);
      await putRaw(key, flipped);
      await expectNoticed(`flipped ${index}`);
      await putRaw(key, value.slice(0, -10));
      await expectNoticed(`cut ${index}`);
      // Without its first value the kept log is a shorter one, and right.
      if (index > 0) {
        await putRaw(key, undefined);
        await expectNoticed(`missing ${index}`);
      }
      await putRaw(key, value);
    }
  });

  test('D4 a damaged one stops neither appends nor checkpoints, and goes when it is dropped', async () => {
    await writeSome();
    const [[key] = []] = await entriesIn('kept');
    await putRaw(key!, Uint8Array.of(1, 2, 3));
    const store = await openStore(directory);
    expect(await codeOf(store.loadKept(document, 0))).toBe('DOCUMENT_CORRUPT');
    await store.append([append('doc', 10, 1)]);
    await store.replace(document, checkpoint(10), 7);
    expect(await keptOffsets(store)).toEqual([7, 8, 9, 10]);
    await store.close();
  });

  test('D3 S16 a damaged record that a checkpoint covers does not stop it: what is kept begins after it', async () => {
    const store = await openStore(directory);
    for (let offset = 1; offset <= 6; offset++) await store.append([append('doc', offset, 1)]);
    await store.replace(document, checkpoint(1), 1);
    await store.close();
    await putRaw(recordsKey(document, 3), Uint8Array.of(1, 2, 3));
    const again = await openStore(directory);
    await again.replace(document, checkpoint(5), 1);
    expect(await keptOffsets(again)).toEqual([4, 5]);
    expect((await again.load(document))?.records).toHaveLength(1);
    await again.close();
  });
});

describe('crashes', () => {
  test('D3 S16 after a crash at any byte there is one whole state: checkpoint, log, and the log before it', async () => {
    const random = randomFrom(3);
    const store = await openStore(directory);
    /** What a store that was opened at this size of LevelDB's log must hold. */
    const states: { readonly size: number; readonly text: string }[] = [];
    const logPath = async (folder: string): Promise<string> => {
      const names = (await readdir(join(folder, 'leveldb'))).filter((name) => name.endsWith('.log'));
      expect(names.length).toBe(1);
      return join(folder, 'leveldb', names[0]!);
    };
    const note = async (of: LevelStore): Promise<string> =>
      textOf([await of.load(document), await of.loadKept(document, 0)]);
    const log = await logPath(directory);
    states.push({ size: (await stat(log)).size, text: await note(store) });
    let last = 0;
    for (let step = 0; step < 60; step++) {
      if (last > 0 && random() < 0.4) {
        const from = (await store.load(document))?.checkpoint?.offset ?? 0;
        const offset = from + Math.floor(random() * (last - from + 1));
        await store.replace(document, checkpoint(offset, 500), Math.floor(random() * (offset + 2)));
      } else {
        const count = 1 + Math.floor(random() * 4);
        const records = range(last + 1, last + count).map((offset) => record(offset, 2_000));
        await store.append([{ document, records }]);
        last += count;
      }
      states.push({ size: (await stat(log)).size, text: await note(store) });
    }
    expect(new Set(states.map(({ text }) => text)).size).toBeGreaterThan(40);
    const [first, end] = [states[0]!.size, states.at(-1)!.size];
    for (let crash = 0; crash < 60; crash++) {
      const size = first + Math.floor(random() * (end - first + 1));
      const copy = join(directory, '..', `copy-${crash}`);
      await cp(directory, copy, { recursive: true });
      await rm(join(copy, 'holder.json'), { force: true });
      await rm(join(copy, 'leveldb', 'LOCK'), { force: true });
      await truncate(await logPath(copy), size);
      const again = await openStore(copy);
      const expected = states.filter((state) => state.size <= size).at(-1)!.text;
      expect(await note(again), `cut at ${size}`).toBe(expected);
      for await (const problem of again.verify()) expect(problem).toBeUndefined();
      await again.close();
      await rm(copy, { recursive: true });
    }
    await store.close();
  });
});
