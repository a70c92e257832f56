// Reads over the whole store: listing, server state, everything for a backup, and the check of every key.

import { StoreError } from '../errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import { quote } from './append-rules.js';
import { entriesOf, keysOf, valueOf } from './level-database.js';
import type { LevelDatabase, LevelSnapshot } from './level-database.js';
import { readDocument } from './level-document.js';
import type { FoundContent } from './level-document.js';
import { readKept } from './level-kept.js';
import { describeKey, metaKey, metaRange, parseKey, stateKey, stateRange } from './level-keys.js';
import type { ParsedKey } from './level-keys.js';
import { DamagedValueError, decodeBytes, decodeMeta } from './record-codec.js';
import type { DocumentMeta } from './record-codec.js';
import type { DocumentSummary, ListOptions } from './store.js';

/** A document with all that a backup keeps of it. */
export interface DocumentItem extends FoundContent {
  readonly kind: 'document';
  readonly document: DocumentName;
  readonly changedAt: number;
}

/** A piece of server state. */
export interface StateItem {
  readonly kind: 'state';
  readonly key: string;
  readonly value: Uint8Array;
}

/** A piece of the store, as a backup takes it. */
export type StoreItem =
  StateItem | DocumentItem | { readonly kind: 'problem'; readonly problem: StoreProblem };

/** Something in the store that is not as it was written. */
export interface StoreProblem {
  /** Undefined when it cannot be told whose it is. */
  readonly document: DocumentName | undefined;
  readonly message: string;
}

/** Summaries in the order of the names' bytes. A document whose meta is damaged is listed with zeros, not hidden. */
export async function listDocuments(
  database: LevelDatabase,
  options: ListOptions,
): Promise<DocumentSummary[]> {
  const { prefix = '', after, limit = Infinity } = options;
  const summaries: DocumentSummary[] = [];
  if (limit <= 0) return summaries;
  for await (const [key, value] of entriesOf(database, metaRange(prefix, after))) {
    const parsed = parseKey(key);
    if (parsed.kind !== 'meta') continue; // a name that is not UTF-8: verify() reports it
    summaries.push(summarize(parsed.document, metaOf(key, value)));
    if (summaries.length >= limit) break;
  }
  return summaries;
}

/** Throws STORE_CORRUPT when the value is damaged. */
export async function readState(database: LevelDatabase, key: string): Promise<Uint8Array | undefined> {
  const levelKey = stateKey(key);
  const value = await valueOf(database, levelKey);
  return value && stateOf(levelKey, key, value);
}

/** Server state by prefix of its keys, in order. */
export async function* readStates(
  database: LevelDatabase,
  prefix: string,
  snapshot?: LevelSnapshot,
): AsyncGenerator<readonly [string, Uint8Array]> {
  for await (const [levelKey, value] of entriesOf(database, stateRange(prefix), snapshot)) {
    const parsed = parseKey(levelKey);
    if (parsed.kind === 'state') yield [parsed.key, stateOf(levelKey, parsed.key, value)];
  }
}

/** Everything in the store as of one moment, one document in memory at a time; what is damaged comes as a problem. */
export async function* readEverything(database: LevelDatabase): AsyncGenerator<StoreItem> {
  const snapshot = database.snapshot();
  try {
    for await (const [levelKey, value] of entriesOf(database, stateRange(''), snapshot)) {
      yield stateItem(levelKey, value);
    }
    for await (const levelKey of keysOf(database, metaRange('', undefined), snapshot)) {
      yield await documentItem(database, levelKey, snapshot);
    }
  } finally {
    await snapshot.close();
  }
}

/** Reads everything and reports each document, state and key that is not sound. Changes nothing. */
export async function* verifyStore(database: LevelDatabase): AsyncGenerator<StoreProblem> {
  for await (const item of readEverything(database)) {
    if (item.kind === 'problem') yield item.problem;
    else if (item.kind === 'document') yield* keptProblems(database, item.document);
  }
  // What hangs on no meta is met by no document: walk the keys.
  let previous: DocumentName | undefined;
  for await (const key of database.keys({ fillCache: false, highWaterMarkBytes: 256 * 1024 })) {
    const parsed = parseKey(key);
    if (parsed.kind === 'unknown')
      yield { document: undefined, message: `not a key of this store: ${describeKey(key)}` };
    if (!isData(parsed)) continue;
    if (parsed.document === previous) continue;
    previous = parsed.document;
    if (await valueOf(database, metaKey(parsed.document))) continue;
    const message = `document ${quote(parsed.document)} is damaged: its meta is missing, but there is ${describeKey(key)}`;
    yield { document: parsed.document, message };
  }
}

/** The document is whole all the same: only who comes back with an offset notices. */
async function* keptProblems(database: LevelDatabase, document: DocumentName): AsyncGenerator<StoreProblem> {
  try {
    await readKept(database, document, 0);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'DOCUMENT_CORRUPT') throw error;
    yield { document, message: error.message };
  }
}

function isData(
  parsed: ParsedKey,
): parsed is Extract<ParsedKey, { kind: 'records' | 'kept' | 'checkpoint' }> {
  return parsed.kind === 'records' || parsed.kind === 'kept' || parsed.kind === 'checkpoint';
}

function stateItem(levelKey: Uint8Array, value: Uint8Array): StoreItem {
  const parsed = parseKey(levelKey);
  // A key that is not UTF-8 is left to the walk over all keys.
  const key = parsed.kind === 'state' ? parsed.key : describeKey(levelKey);
  try {
    return { kind: 'state', key, value: stateOf(levelKey, key, value) };
  } catch (error) {
    return problem(undefined, error);
  }
}

async function documentItem(
  database: LevelDatabase,
  levelKey: Uint8Array,
  snapshot: LevelSnapshot,
): Promise<StoreItem> {
  const parsed = parseKey(levelKey);
  if (parsed.kind !== 'meta')
    return problem(undefined, new Error(`not a document name: ${describeKey(levelKey)}`));
  const { document } = parsed;
  try {
    const found = await readDocument(database, document, snapshot);
    if (!found) throw new Error(`document ${quote(document)} vanished from a snapshot`);
    const { meta, checkpoint, records } = found;
    return { kind: 'document', document, changedAt: meta.changedAt, checkpoint, records };
  } catch (error) {
    if (error instanceof StoreError && error.code === 'DOCUMENT_CORRUPT') return problem(document, error);
    throw error;
  }
}

function problem(document: DocumentName | undefined, error: unknown): StoreItem {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'problem', problem: { document, message } };
}

function stateOf(levelKey: Uint8Array, key: string, value: Uint8Array): Uint8Array {
  try {
    return decodeBytes(levelKey, value);
  } catch (error) {
    if (!(error instanceof DamagedValueError)) throw error;
    throw new StoreError('STORE_CORRUPT', `server state ${quote(key)} is damaged: ${error.message}`, {
      cause: error,
    });
  }
}

function metaOf(key: Uint8Array, value: Uint8Array): DocumentMeta | undefined {
  try {
    return decodeMeta(key, value);
  } catch (error) {
    if (error instanceof DamagedValueError) return undefined;
    throw error;
  }
}

function summarize(document: DocumentName, meta: DocumentMeta | undefined): DocumentSummary {
  if (!meta) return { document, lastOffset: 0, bytes: 0, records: 0, changedAt: 0 };
  const { lastOffset, bytes, records, changedAt } = meta;
  return { document, lastOffset, bytes, records, changedAt };
}
