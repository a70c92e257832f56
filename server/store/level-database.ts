// LevelDB as the store uses it: binary keys and values, explicit commits. The only importer of `level`.

import type { Level } from 'level';
import { loadServerPackage } from '../server-packages.js';
import type { KeyRange } from './level-keys.js';

/** LevelDB with binary keys and values. */
export type LevelDatabase = Level<Uint8Array, Uint8Array>;
/** The database as of one moment. */
export type LevelSnapshot = ReturnType<LevelDatabase['snapshot']>;

/** A put, or a deletion where there is no value. */
export interface Operation {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

/** Loads LevelDB. Rejects with ConfigError where it is not installed. */
export function loadLevel(): Promise<typeof import('level')> {
  return loadServerPackage('level', () => import('level'));
}

/** Opens LevelDB, as is or new. Errors are LevelDB's own. */
export async function openDatabase(path: string, createIfMissing: boolean): Promise<LevelDatabase> {
  const { Level } = await loadLevel();
  const database: LevelDatabase = new Level(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing,
    writeBufferSize: 8 * 1024 * 1024,
  });
  await database.open();
  return database;
}

/** One value; undefined when there is none. */
export function valueOf(
  database: LevelDatabase,
  key: Uint8Array,
  snapshot?: LevelSnapshot,
): Promise<Uint8Array | undefined> {
  return database.get<Uint8Array, Uint8Array | undefined>(key, { snapshot });
}

/** Entries of a range in key order, in pieces that fit the work: much is read at once, nothing is kept in the cache. */
export function entriesOf(
  database: LevelDatabase,
  range: KeyRange,
  snapshot?: LevelSnapshot,
): AsyncIterable<[Uint8Array, Uint8Array]> {
  return database.iterator({ ...range, snapshot, highWaterMarkBytes: 1024 * 1024, fillCache: false });
}

/** Keys of a range in order. */
export function keysOf(
  database: LevelDatabase,
  range: KeyRange,
  snapshot?: LevelSnapshot,
): AsyncIterable<Uint8Array> {
  return database.keys({ ...range, snapshot, highWaterMarkBytes: 256 * 1024, fillCache: false });
}
