// Level stores in temporary directories, and a look under their hood.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { systemClock } from '../../../shared/clock.js';
import type { DocumentName } from '../../../shared/document-name.js';
import { StoreError } from '../../../server/errors.js';
import { openLevelStore } from '../../../server/store/level-store.js';
import type { LevelStore, LevelStoreOptions } from '../../../server/store/level-store.js';
import type { Append, AppendOutcome, LogRecord } from '../../../server/store/store.js';

export async function makeDirectory(): Promise<{ directory: string; remove: () => Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), 'heddle-store-'));
  return { directory: join(parent, 'data'), remove: () => rm(parent, { recursive: true, force: true }) };
}

export function openStore(directory: string, options: Partial<LevelStoreOptions> = {}): Promise<LevelStore> {
  return openLevelStore({ directory, durability: 'os', clock: systemClock, ...options });
}

export function named(name: string): DocumentName {
  return name as DocumentName;
}

export function record(offset: number, size = 20): LogRecord {
  return {
    offset,
    time: 1000 + offset,
    author: `author ${offset}`,
    update: new Uint8Array(size).fill(offset),
  };
}

export function append(document: string, first: number, count: number, size = 20): Append {
  return {
    document: named(document),
    records: Array.from({ length: count }, (_, index) => record(first + index, size)),
  };
}

export type RawDatabase = Level<Uint8Array, Uint8Array>;

/** LevelDB itself, of a store that is closed. */
export async function withRaw<T>(directory: string, use: (database: RawDatabase) => Promise<T>): Promise<T> {
  const database: RawDatabase = new Level(join(directory, 'leveldb'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: false,
  });
  await database.open();
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** The code of what a promise rejects with; 'none' when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await errorOf(promise))?.code ?? 'none';
}

export async function errorOf(promise: Promise<unknown>): Promise<StoreError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

/** What became of the appends of a batch: `stored`, or the code of the error. */
export async function kindsOf(outcomes: Promise<readonly AppendOutcome[]>): Promise<string[]> {
  return (await outcomes).map((outcome) => (outcome.kind === 'stored' ? 'stored' : outcome.error.code));
}

/** Moves everything from the log into tables. */
export async function compact(directory: string): Promise<void> {
  await withRaw(directory, async (database) => {
    // In Node it is classic-level, whose type `level` hides behind what browsers have too.
    const classic = database as unknown as {
      compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
    };
    await classic.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  });
}

/** A stored document as text: compared much faster than large arrays are. */
export function textOf(stored: unknown): string {
  return JSON.stringify(stored, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
}
