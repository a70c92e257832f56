// Reads what the package y-leveldb has stored, as y-websocket's server does with YPERSISTENCE. Its keys are rows of texts and
// numbers: ['v1', <name>, 'update', <number>] for an update, others for state vectors and values of the application.

import { access, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as decoding from 'lib0/decoding';
import { ConfigError } from '../errors.js';
import { openDatabase } from './level-database.js';
import { makePlace, shadowLevel } from './shadow-store.js';

/** A document of it: all updates that are stored, in their order. */
export interface YLevelDocument {
  readonly name: string;
  readonly updates: readonly Uint8Array[];
}

const text = 0;
const number = 1;

/**
 * Documents in the order of their keys. The directory is only read, through links to its tables; no server may have it open.
 * Throws ConfigError where it is none of y-leveldb.
 */
export async function* readYLevelDb(directory: string): AsyncGenerator<YLevelDocument> {
  const source = resolve(directory);
  const place = await makePlace();
  try {
    yield* readLevel(source, join(place, 'leveldb'));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function* readLevel(source: string, place: string): AsyncGenerator<YLevelDocument> {
  const database = await open(source, place);
  try {
    let name: string | undefined;
    let updates: Uint8Array[] = [];
    for await (const [key, update] of entriesOf(database, { source, place })) {
      const document = documentOf(key, source);
      if (document === undefined) continue;
      if (document !== name) {
        if (name !== undefined) yield { name, updates };
        [name, updates] = [document, []];
      }
      updates.push(update);
    }
    if (name !== undefined) yield { name, updates };
  } finally {
    await database.close();
  }
}

/** The place that is read, and the one that the operator knows. */
interface Places {
  readonly source: string;
  readonly place: string;
}

type Database = Awaited<ReturnType<typeof openDatabase>>;

/** LevelDB passes over a table that is damaged, and says so at the end. Throws ConfigError then. */
async function* entriesOf(database: Database, places: Places): AsyncGenerator<[Uint8Array, Uint8Array]> {
  const entries = database.iterator()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await entries.next().catch((cause: unknown) => {
        throw new ConfigError(
          `${places.source} is damaged, and documents of it have not come: ${reasonOf(cause, places)}`,
          { cause },
        );
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await entries.return?.();
  }
}

async function open(source: string, place: string): Promise<Database> {
  try {
    await access(join(source, 'CURRENT'));
    await shadowLevel(source, place);
    return await openDatabase(place, false);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = reasonOf(cause, { source, place });
    throw new ConfigError(`${source} is not a LevelDB directory that can be read: ${reason}`, { cause });
  }
}

function reasonOf(cause: unknown, { source, place }: Places): string {
  const { code, message, cause: inner } = cause as NodeJS.ErrnoException;
  const isOfLevel = code?.startsWith('LEVEL_') === true;
  const reason = inner instanceof Error ? inner.message : isOfLevel ? message : (code ?? message);
  return reason.replaceAll(place, source);
}

/** The document whose update has this key; undefined for other keys. Throws ConfigError for a key that y-leveldb does not make. */
function documentOf(key: Uint8Array, source: string): string | undefined {
  try {
    const [version, name, kind] = readKey(key);
    return version === 'v1' && kind === 'update' && typeof name === 'string' ? name : undefined;
  } catch (cause) {
    throw new ConfigError(`${source} holds keys that are not of y-leveldb`, { cause });
  }
}

function readKey(key: Uint8Array): (string | number)[] {
  const decoder = decoding.createDecoder(key);
  const parts: (string | number)[] = [];
  while (decoding.hasContent(decoder)) {
    const type = decoding.readUint8(decoder);
    if (type === text) parts.push(decoding.readVarString(decoder));
    else if (type === number) parts.push(decoding.readUint32BigEndian(decoder));
    else throw new Error(`a part of type ${type}`);
  }
  return parts;
}
