// A store that can be read where nothing can be written, as on a full disk: LevelDB writes whenever it is opened. Its tables
// never change, so they are read in place; what is small is copied to the folder for temporary files, and opened there.

import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { StoreError } from '../errors.js';
import { assertStoreExists, levelPath } from './data-directory.js';
import { toTargetError } from './disk-errors.js';
import { assertNotHeld } from './holder-file.js';
import { openLevelStore, type LevelStore } from './level-store.js';

/** The store, and how to let go of it. What is written into it goes no further. */
export interface ShadowStore {
  readonly store: LevelStore;
  close(): Promise<void>;
}

const isTable = /\.(ldb|sst)$/;
const isOwn = /^(LOCK|LOG|LOG\.old)$/;

/** Opens a store for reading. Throws StoreError; nothing in the directory is touched. */
export async function openShadow(directory: string, clock: Clock): Promise<ShadowStore> {
  const source = resolve(directory);
  await assertStoreExists(source);
  await assertNotHeld(source);
  const place = await makePlace();
  const remove = (): Promise<void> => rm(place, { recursive: true, force: true });
  try {
    await fill(source, place);
    const store = await openLevelStore({
      directory: place,
      durability: 'os',
      clock,
      createIfMissing: false,
    });
    return {
      store,
      async close() {
        try {
          await store.close();
        } finally {
          await remove();
        }
      },
    };
  } catch (error) {
    await remove();
    throw inWordsOf(error, { source, place });
  }
}

/** An empty folder among the temporary files. Throws StoreError. */
export async function makePlace(): Promise<string> {
  const pattern = join(tmpdir(), 'heddle-read-');
  return mkdtemp(pattern).catch((error: unknown) => {
    throw toTargetError(error, `${pattern}..., in the folder for temporary files (TMPDIR),`);
  });
}

async function fill(source: string, place: string): Promise<void> {
  await shadowLevel(levelPath(source), levelPath(place));
  for (const entry of await readdir(source, { withFileTypes: true }))
    if (entry.isFile() && !entry.name.startsWith('holder.json'))
      await copyFile(join(source, entry.name), join(place, entry.name));
}

/** Makes a new folder `place` that LevelDB opens as what is in the folder `source`, which stays as it is. */
export async function shadowLevel(source: string, place: string): Promise<void> {
  await mkdir(place);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(place, entry.name)];
    if (isTable.test(entry.name)) await symlink(from, to);
    else if (entry.isFile() && !isOwn.test(entry.name)) await copyFile(from, to);
  }
}

/** What is said of the copy is true of the store, but for its space. */
function inWordsOf(error: unknown, { source, place }: { source: string; place: string }): unknown {
  const isOfStore = error instanceof StoreError && error.code !== 'STORE_FULL';
  if (isOfStore) return new StoreError(error.code, error.message.replaceAll(place, source), { cause: error });
  return toTargetError(
    error instanceof StoreError ? error.cause : error,
    `${place}, in the folder for temporary files (TMPDIR),`,
  );
}
