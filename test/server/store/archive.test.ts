// Backup and restore: the same documents afterwards, and nothing at all from a damaged file.

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../shared/clock.js';
import { ConfigError } from '../../../server/errors.js';
import { restoreArchive, writeArchive } from '../../../server/store/archive.js';
import { ownRunsPrefix } from '../../../server/store/store.js';
import type { LevelStore } from '../../../server/store/level-store.js';
import { recordsKey } from '../../../server/store/level-keys.js';
import {
  append,
  codeOf,
  errorOf,
  makeDirectory,
  named,
  openStore,
  textOf,
  withRaw,
} from './level-fixture.js';

let directory: string;
let file: string;
let target: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ directory, remove } = await makeDirectory());
  file = join(directory, '../store.backup');
  target = join(directory, '../restored/deep');
  const store = await openStore(directory);
  await store.append([append('a', 1, 5), append('🦊/b', 1, 40, 30_000), append('only records', 1, 2)]);
  await store.replace(named('a'), { offset: 3, time: 77, update: new Uint8Array(100_000).fill(3) }, 2);
  await store.replace(named('checkpoint only'), { offset: 9, time: 5, update: Uint8Array.of(1, 2) });
  await store.setState('seen/ada', Uint8Array.of(1, 2, 3));
  await store.setState('empty', new Uint8Array(0));
  await store.close();
});

afterEach(() => remove());

const restore = () => restoreArchive(file, target, systemClock);

async function withStore<T>(path: string, use: (store: LevelStore) => Promise<T>): Promise<T> {
  const store = await openStore(path, { createIfMissing: false });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** All that must survive: everything but the epochs. */
async function contentOf(path: string): Promise<string> {
  return withStore(path, async (store) => {
    const documents = [];
    for (const summary of await store.list()) {
      const stored = await store.load(summary.document);
      documents.push({ summary, checkpoint: stored?.checkpoint, records: stored?.records });
    }
    const states = [];
    for await (const state of store.listState('')) states.push(state);
    return textOf({ documents, states });
  });
}

const epochOf = (path: string) => withStore(path, async (store) => (await store.load(named('a')))?.epoch);

describe('backup and restore', () => {
  test('D1 a restored store has the same documents and state, in new epochs', async () => {
    const report = await withStore(directory, (store) => writeArchive(store, file));
    expect(report).toEqual({ documents: 4, records: 44, states: 2, problems: [] });
    const { problems: _, ...counts } = report;
    expect(await restore()).toEqual(counts);
    expect(await contentOf(target)).toEqual(await contentOf(directory));
    expect(await epochOf(target)).not.toBe(await epochOf(directory));
    await withStore(target, async (store) => {
      await store.append([append('a', 6, 1), append('checkpoint only', 10, 1)]);
    });
    expect((await readdir(target)).sort()).toEqual(['leveldb', 'store.json']);
  });

  test('C6 what says how the runs on a store have ended is left out: the restored one has had none', async () => {
    await withStore(directory, (store) => store.setState(`${ownRunsPrefix}one`, Uint8Array.of(1)));
    const report = await withStore(directory, (store) => writeArchive(store, file));
    expect(report.states).toBe(2);
    await restore();
    expect(await withStore(target, (store) => store.getState(`${ownRunsPrefix}one`))).toBeUndefined();
  });

  test('S16 the log before a checkpoint is left out: in the new epoch nobody could ask for it', async () => {
    const kept = (path: string) => withStore(path, (store) => store.loadKept(named('a'), 0));
    await withStore(directory, (store) => writeArchive(store, file));
    await restore();
    expect((await kept(directory)).map(({ offset }) => offset)).toEqual([2, 3]);
    expect(await kept(target)).toEqual([]);
    expect(await epochOf(target)).not.toBe(await epochOf(directory));
  });

  test('D1 a backup of the restored store is the same again', async () => {
    await withStore(directory, (store) => writeArchive(store, file));
    await restore();
    const second = `${file}2`;
    await withStore(target, (store) => writeArchive(store, second));
    expect((await readFile(second)).equals(await readFile(file))).toBe(true);
  });

  test('D1 a backup is of one moment, whatever is written meanwhile', async () => {
    await withStore(directory, async (store) => {
      const before = await store.list();
      const items = store.readAll();
      const seen = [];
      await items.next();
      await store.append([append('a', 6, 3), append('later', 1, 1)]);
      await store.delete(named('only records'));
      for await (const item of items)
        if (item.kind === 'document') seen.push([item.document, item.records.length]);
      expect(seen).toEqual(before.map((summary) => [summary.document, summary.records]));
    });
  });

  test('D4 a damaged document is named and left out, the others are there', async () => {
    await withRaw(directory, (database) =>
      database.put(recordsKey(named('only records'), 1), Uint8Array.of(1, 2, 3, 4, 5, 6)),
    );
    const report = await withStore(directory, (store) => writeArchive(store, file));
    expect(report.problems).toMatchObject([{ document: 'only records' }]);
    await restore();
    const listed = await withStore(target, (store) => store.list());
    expect(listed.map((summary) => summary.document)).toEqual(['a', 'checkpoint only', '🦊/b']);
  });

  test('D4 a backup that is cut anywhere restores nothing', async () => {
    await withStore(directory, (store) => writeArchive(store, file));
    const whole = await readFile(file);
    const cuts = [0, 1, 15, 16, 17, 30, 60, 5000, whole.length >> 1, whole.length - 20, whole.length - 1];
    for (const bytes of cuts) {
      await writeFile(file, whole.subarray(0, bytes));
      const error = await errorOf(restore());
      expect(error?.code, `${bytes} bytes`).toBe('STORE_CORRUPT');
      expect(error?.message).toContain(file);
      expect(await readdir(target)).toEqual([]);
    }
  });

  test('D4 a flipped, doubled, dropped or added byte in a backup restores nothing', async () => {
    await withStore(directory, (store) => writeArchive(store, file));
    const whole = await readFile(file);
    const places = Array.from({ length: 15 }, (_, index) => Math.floor((index * (whole.length - 1)) / 14));
    for (const place of places) {
      const flipped = Buffer.from(whole);
      flipped[place]! ^= 1 << (place & 7);
      const added = Buffer.concat([
        whole.subarray(0, place),
        whole.subarray(place, place + 1),
        whole.subarray(place),
      ]);
      const dropped = Buffer.concat([whole.subarray(0, place), whole.subarray(place + 1)]);
      for (const damaged of [flipped, added, dropped]) {
        if (damaged.equals(whole)) continue;
        await writeFile(file, damaged);
        expect(await codeOf(restore()), `at ${place}`).toBe('STORE_CORRUPT');
        expect(await readdir(target)).toEqual([]);
      }
    }
  });

  test('O1 a restore over a store, or from nothing, is refused', async () => {
    await expect(restore()).rejects.toThrow(ConfigError);
    await withStore(directory, (store) => writeArchive(store, file));
    const before = await contentOf(directory);
    await expect(restoreArchive(file, directory, systemClock)).rejects.toThrow(/already holds a store/);
    expect(await contentOf(directory)).toEqual(before);
    await withStore(directory, async () => {
      expect(await codeOf(restoreArchive(file, directory, systemClock))).toBe('STORE_LOCKED');
    });
    await rename(join(directory, 'store.json'), join(directory, 'kept'));
    await expect(restoreArchive(file, directory, systemClock)).rejects.toThrow(/already holds files/);
    await rename(join(directory, 'kept'), join(directory, 'store.json'));
    expect(await contentOf(directory)).toEqual(before);
  });

  test('D1 a restore that was killed is never served, and can be done again', async () => {
    await withStore(directory, (store) => writeArchive(store, file));
    await restore();
    const content = await contentOf(target);
    // Killed while building.
    await mkdir(join(target, 'restoring'));
    await rename(join(target, 'leveldb'), join(target, 'restoring/leveldb'));
    await rename(join(target, 'store.json'), join(target, 'restoring/store.json'));
    expect(await codeOf(openStore(target))).toBe('STORE_MISSING');
    // Killed between the two moves.
    await rename(join(target, 'restoring/leveldb'), join(target, 'leveldb'));
    expect(await codeOf(openStore(target))).toBe('STORE_MISSING');
    await restore();
    expect(await contentOf(target)).toEqual(content);
    expect(existsSync(join(target, 'restoring'))).toBe(false);
  });

  test('O1 a backup that cannot be written says so and leaves nothing', async () => {
    await withStore(directory, async (store) => {
      const error = await errorOf(writeArchive(store, join(directory, '../missing/x.backup')));
      expect(error?.message).toContain('missing');
    });
    await rm(file, { force: true });
    expect((await readdir(join(directory, '..'))).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
