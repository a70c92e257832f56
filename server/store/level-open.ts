// From a path to an open database that is ours alone and has lost nothing, or to one clear error with nothing touched.

import { resolve } from 'node:path';
import { StoreError } from '../errors.js';
import { auditLedger, CommitLedger } from './commit-ledger.js';
import {
  assertStoreExists,
  identifyStore,
  levelPath,
  makeDirectory,
  randomEpoch,
  writeIdentity,
} from './data-directory.js';
import type { StoreIdentity } from './data-directory.js';
import { toStoreError } from './disk-errors.js';
import { holdDirectory } from './holder-file.js';
import type { Hold } from './holder-file.js';
import { loadLevel, openDatabase, valueOf } from './level-database.js';
import type { LevelDatabase } from './level-database.js';
import { identityKey } from './level-keys.js';
import { DamagedValueError, decodeBytes, encodeBytes } from './record-codec.js';

/** How a directory is to be opened. */
export interface OpenDirectoryOptions {
  readonly directory: string;
  /** Every commit is synced. */
  readonly isSynced: boolean;
  readonly createIfMissing: boolean;
  readonly acceptLoss: boolean;
  /** Wall time. */
  readonly now: number;
}

/** What an open store stands on. */
export interface OpenedDirectory {
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly database: LevelDatabase;
  readonly ledger: CommitLedger;
  readonly hold: Hold;
}

/** Opens or creates the store in a directory. Rejects with StoreError, and with ConfigError where LevelDB is not installed. */
export async function openDirectory(options: OpenDirectoryOptions): Promise<OpenedDirectory> {
  // Before anything is made on the disk.
  await loadLevel();
  const directory = resolve(options.directory);
  if (!options.createIfMissing) {
    await assertStoreExists(directory).catch((error: unknown) => {
      throw toStoreError(error, directory);
    });
  }
  await makeDirectory(directory);
  const hold = await probeAndHold(directory, options.now);
  try {
    return await openHeld(directory, options, hold);
  } catch (error) {
    await hold.release();
    throw toStoreError(error, directory);
  }
}

async function openHeld(
  directory: string,
  options: OpenDirectoryOptions,
  hold: Hold,
): Promise<OpenedDirectory> {
  const found = await identifyStore(directory, options.now);
  const database = await openDatabase(levelPath(directory), found.isNew);
  try {
    const identity = found.isNew ? await finishNew(directory, database, found) : found;
    await assertSameStore(directory, database, identity);
    const { identity: current, lastCommit } = await auditCommits(
      directory,
      database,
      identity,
      options.acceptLoss,
    );
    const ledger = new CommitLedger(directory, lastCommit, options.isSynced);
    return { directory, identity: current, database, ledger, hold };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** This is also the probe that the directory can be written. */
async function probeAndHold(directory: string, now: number): Promise<Hold> {
  try {
    return await holdDirectory(directory, now);
  } catch (error) {
    throw toStoreError(error, directory);
  }
}

async function finishNew(
  directory: string,
  database: LevelDatabase,
  found: StoreIdentity,
): Promise<StoreIdentity> {
  const value = encodeBytes(identityKey, Buffer.from(found.id));
  await database.batch().put(identityKey, value).write({ sync: true });
  const identity = { ...found, isNew: false };
  await writeIdentity(directory, identity);
  return identity;
}

async function assertSameStore(
  directory: string,
  database: LevelDatabase,
  identity: StoreIdentity,
): Promise<void> {
  const value = await valueOf(database, identityKey);
  const id = value && textOf(value);
  if (id === identity.id) return;
  throw new StoreError(
    'STORE_CORRUPT',
    `data directory ${directory} holds a store.json and a leveldb/ of two different stores: put back the right one`,
  );
}

function textOf(value: Uint8Array): string | undefined {
  try {
    return Buffer.from(decodeBytes(identityKey, value)).toString();
  } catch (error) {
    if (error instanceof DamagedValueError) return undefined;
    throw error;
  }
}

async function auditCommits(
  directory: string,
  database: LevelDatabase,
  identity: StoreIdentity,
  acceptLoss: boolean,
): Promise<{ identity: StoreIdentity; lastCommit: number }> {
  const { last, missing } = await auditLedger(database, directory, identity.firstCommit);
  if (missing === 0) return { identity, lastCommit: last };
  if (!acceptLoss) {
    throw new StoreError(
      'STORE_CORRUPT',
      `data directory ${directory} has lost ${missing} of its last commits to damaged files; nothing was touched: ` +
        'restore a backup, or open it with acceptLoss',
    );
  }
  // A new epoch: clients then offer everything they hold, which brings back what they still have of the loss.
  const accepted = { ...identity, epoch: randomEpoch(), firstCommit: last + 1 };
  await writeIdentity(directory, accepted);
  return { identity: accepted, lastCommit: last };
}
