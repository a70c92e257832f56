// The data directory around LevelDB: store.json says what is in it, which tells a first run from a store that has lost
// files. LevelDB itself would start anew without its CURRENT file and delete the tables.

import { randomBytes } from 'node:crypto';
import { access, mkdir, open, readFile, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError } from '../errors.js';
import { toStoreError } from './disk-errors.js';

/** Version of the layout of the directory and of the keys in LevelDB. */
export const storeFormat = 1;

/** Folder in which a restore builds a store before it moves it into place. */
export const restoringName = 'restoring';

/** What store.json says. */
export interface StoreIdentity {
  readonly format: number;
  /** Random, made with the store, also kept inside LevelDB: notices files of two stores mixed up. */
  readonly id: string;
  /** Part of every document's epoch; new after a restore or an accepted loss. */
  readonly epoch: string;
  readonly created: string;
  /** First commit the ledger can vouch for. */
  readonly firstCommit: number;
  /** Until LevelDB has been opened for the first time. */
  readonly isNew: boolean;
}

/** Where LevelDB keeps its files. */
export function levelPath(directory: string): string {
  return join(directory, 'leveldb');
}

/** A short random name for a store, an epoch or a document's life. */
export function randomEpoch(): string {
  return randomBytes(9).toString('base64url');
}

/** Whether something of a store is in the directory. */
export async function holdsStore(directory: string): Promise<boolean> {
  await assertNoFile(directory);
  return (await exists(join(directory, 'store.json'))) || (await hasFiles(levelPath(directory)));
}

/** Throws STORE_MISSING unless something of a store is in the directory. */
export async function assertStoreExists(directory: string): Promise<void> {
  if (await holdsStore(directory)) return;
  throw new StoreError('STORE_MISSING', `data directory ${directory} does not hold a store`);
}

/**
 * Reads what is there, or begins a new store where there is nothing. Throws STORE_CORRUPT when files are missing,
 * STORE_VERSION when another version wrote them, STORE_MISSING when a restore did not finish. Touches nothing then.
 */
export async function identifyStore(directory: string, now: number): Promise<StoreIdentity> {
  const known = await readIdentity(directory);
  const holdsFiles = await hasFiles(levelPath(directory));
  if (!known) {
    await assertNotRestoring(directory);
    if (holdsFiles) throw corrupt(directory, 'leveldb/ is there but store.json is gone');
    const created = new Date(now).toISOString();
    const fresh = {
      format: storeFormat,
      id: randomEpoch(),
      epoch: randomEpoch(),
      created,
      firstCommit: 1,
      isNew: true,
    };
    await writeIdentity(directory, fresh);
    return fresh;
  }
  const hasCurrent = await exists(join(levelPath(directory), 'CURRENT'));
  if (!known.isNew && !hasCurrent)
    throw corrupt(directory, holdsFiles ? 'leveldb/CURRENT is gone' : 'leveldb/ is gone');
  return known;
}

/** Replaces store.json in one step; durable on return. */
export async function writeIdentity(directory: string, identity: StoreIdentity): Promise<void> {
  const path = join(directory, 'store.json');
  const draft = `${path}.draft`;
  const file = await open(draft, 'w');
  try {
    await file.writeFile(`${JSON.stringify(identity, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(directory);
}

/** Makes names created in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined); // Windows cannot, and need not
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

/** Makes the directory and those above it. Throws STORE_UNWRITABLE and the like. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await assertNoFile(directory);
    await makeWithParents(directory);
  } catch (error) {
    throw toStoreError(error, directory);
  }
}

/** Not `mkdir` with `recursive`: below /proc, which refuses new names with ENOENT, Node 20 tries for ever. */
async function makeWithParents(directory: string): Promise<void> {
  if (await isDirectory(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) await makeWithParents(parent);
  await mkdir(directory).catch(async (error: unknown) => {
    if (!(await isDirectory(directory))) throw error; // else another process made it just now
  });
}

/** Throws STORE_UNWRITABLE where the directory, or one above it, is a file. */
async function assertNoFile(directory: string): Promise<void> {
  for (let path = directory, parent = ''; path !== parent; [path, parent] = [dirname(path), path]) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isDirectory()) return;
    const which = path === directory ? 'is a file' : `cannot be made: ${path} is a file`;
    throw new StoreError('STORE_UNWRITABLE', `data directory ${directory} ${which}: name a directory`);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** True when the directory holds something. */
export async function hasFiles(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.length > 0;
}

/** True when there is something at a path. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function assertNotRestoring(directory: string): Promise<void> {
  if (!(await exists(join(directory, restoringName)))) return;
  throw new StoreError(
    'STORE_MISSING',
    `data directory ${directory} holds a restore that did not finish: restore again, or remove it and start anew`,
  );
}

async function readIdentity(directory: string): Promise<StoreIdentity | undefined> {
  const path = join(directory, 'store.json');
  if (!(await exists(path))) return undefined;
  const identity = parseIdentity(await readFile(path, 'utf8'));
  if (!identity) throw corrupt(directory, 'store.json cannot be read');
  if (identity.format > storeFormat) {
    throw new StoreError(
      'STORE_VERSION',
      `data directory ${directory} has format ${identity.format}, this version knows ${storeFormat}: use a newer version`,
    );
  }
  return identity;
}

function parseIdentity(text: string): StoreIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { format, id, epoch, created, firstCommit, isNew } = value as Record<string, unknown>;
    if (typeof format !== 'number') return undefined;
    // A newer format may hold other fields: its number is all that counts.
    if (format <= storeFormat && (typeof id !== 'string' || typeof epoch !== 'string')) return undefined;
    return {
      format,
      id: String(id),
      epoch: String(epoch),
      created: String(created),
      firstCommit: typeof firstCommit === 'number' ? firstCommit : 1,
      isNew: isNew === true,
    };
  } catch {
    return undefined;
  }
}

function corrupt(directory: string, what: string): StoreError {
  return new StoreError(
    'STORE_CORRUPT',
    `data directory ${directory} has lost files (${what}); nothing was touched: put them back or restore a backup`,
  );
}
