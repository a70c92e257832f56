// One document in LevelDB: reads it and proves that it is whole, and works out the writes that change it. Keeps nothing;
// of the log before the checkpoint knows level-kept.ts.

import { StoreError } from '../errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import { checkCheckpointOffset, quote } from './append-rules.js';
import { entriesOf, keysOf, valueOf } from './level-database.js';
import type { LevelDatabase, LevelSnapshot, Operation } from './level-database.js';
import {
  checkpointKey,
  dataRange,
  describeKey,
  loadedRange,
  metaKey,
  parseKey,
  recordsKey,
  recordsRange,
} from './level-keys.js';
import {
  DamagedValueError,
  decodeCheckpoint,
  decodeMeta,
  decodeRecords,
  encodeCheckpoint,
  encodeMeta,
  encodeRecords,
} from './record-codec.js';
import type { DocumentMeta } from './record-codec.js';
import type { Checkpoint, LogRecord } from './store.js';

/** What a restore packs into one value, bytes. */
const restoredPackBytes = 256 * 1024;

/** All there is of a document. */
export interface FoundContent {
  readonly checkpoint: Checkpoint | undefined;
  readonly records: readonly LogRecord[];
}

/** A document that was found whole. */
export interface FoundDocument extends FoundContent {
  readonly meta: DocumentMeta;
}

/** What a change writes, and what is known of the document afterwards. */
export interface PlannedChange {
  readonly operations: readonly Operation[];
  readonly meta: DocumentMeta;
}

/** Undefined when nothing is there. Throws StoreError DOCUMENT_CORRUPT when anything is missing, odd or damaged. */
export async function readDocument(
  database: LevelDatabase,
  document: DocumentName,
  snapshot: LevelSnapshot,
): Promise<FoundDocument | undefined> {
  const meta = await readMeta(database, document, snapshot);
  const records: LogRecord[] = [];
  let checkpoint: Checkpoint | undefined;
  let last = 0;
  for await (const [key, value] of entriesOf(database, loadedRange(document), snapshot)) {
    const parsed = parseKey(key);
    if (!meta) throw damaged(document, metaKey(document), `missing, but there is ${describeKey(key)}`);
    if (parsed.kind === 'checkpoint') {
      checkpoint = guard(document, key, () => decodeCheckpoint(key, value));
      last = checkpoint.offset;
    } else if (parsed.kind === 'records') {
      if (parsed.offset !== last + 1) throw damaged(document, key, `offset ${last + 1} is missing before it`);
      for (const record of guard(document, key, () => decodeRecords(key, value, parsed.offset)))
        records.push(record);
      last = records.at(-1)?.offset ?? last;
    } else {
      throw damaged(document, key, 'not a key of this store');
    }
  }
  if (!meta) return undefined;
  if (checkpoint?.offset !== meta.checkpointOffset) {
    const found = checkpoint ? `is the one at offset ${checkpoint.offset}` : 'is missing';
    throw damaged(
      document,
      checkpointKey(document),
      `the checkpoint at offset ${meta.checkpointOffset} ${found}`,
    );
  }
  if (last !== meta.lastOffset) {
    throw damaged(
      document,
      recordsKey(document, last + 1),
      `offsets ${last + 1} to ${meta.lastOffset} are missing`,
    );
  }
  return { meta, checkpoint, records };
}

/** What is known of a document. Throws StoreError DOCUMENT_CORRUPT when it is damaged. */
export async function readMeta(
  database: LevelDatabase,
  document: DocumentName,
  snapshot?: LevelSnapshot,
): Promise<DocumentMeta | undefined> {
  const key = metaKey(document);
  const value = await valueOf(database, key, snapshot);
  return value && guard(document, key, () => decodeMeta(key, value));
}

/** A document that has no meta must have no data either, or a new one would be written over it (D2). */
export async function assertAbsent(database: LevelDatabase, document: DocumentName): Promise<void> {
  for await (const key of keysOf(database, dataRange(document))) {
    throw damaged(document, metaKey(document), `missing, but there is ${describeKey(key)}`);
  }
}

/** Records to a document that stands at `before`. The offsets have been checked. */
export function planAppend(
  document: DocumentName,
  before: DocumentMeta,
  records: readonly LogRecord[],
): PlannedChange {
  const key = recordsKey(document, before.lastOffset + 1);
  let { bytes, changedAt } = before;
  for (const record of records) {
    bytes += record.update.byteLength;
    changedAt = record.time;
  }
  const { epoch, checkpointOffset } = before;
  const lastOffset = before.lastOffset + records.length;
  const meta = {
    epoch,
    lastOffset,
    checkpointOffset,
    bytes,
    records: before.records + records.length,
    changedAt,
  };
  return { operations: [{ key, value: encodeRecords(key, records) }], meta };
}

/**
 * D3: the new checkpoint, the records it covers gone, in one batch. Throws StoreError when the checkpoint does not fit or
 * what stays is damaged.
 */
export async function planReplace(
  database: LevelDatabase,
  document: DocumentName,
  before: DocumentMeta,
  checkpoint: Checkpoint,
): Promise<PlannedChange> {
  checkCheckpointOffset(document, before, checkpoint.offset);
  const key = checkpointKey(document);
  const operations: Operation[] = [{ key, value: encodeCheckpoint(key, checkpoint) }];
  let bytes = checkpoint.update.byteLength;
  let records = 0;
  const { covered, straddling } = await splitAt(database, document, checkpoint.offset);
  for (const coveredKey of covered) operations.push({ key: coveredKey });
  for await (const [recordKey, value] of entriesOf(database, recordsRange(document, straddling))) {
    const first = offsetOf(recordKey);
    const packed = guard(document, recordKey, () => decodeRecords(recordKey, value, first));
    const kept = packed.filter((record) => record.offset > checkpoint.offset);
    for (const record of kept) bytes += record.update.byteLength;
    records += kept.length;
    if (kept.length === 0 || kept.length === packed.length) continue;
    // Packed across the checkpoint: its records after it are packed anew.
    const restKey = recordsKey(document, checkpoint.offset + 1);
    operations.push({ key: restKey, value: encodeRecords(restKey, kept) });
  }
  if (records !== before.lastOffset - checkpoint.offset) {
    throw damaged(
      document,
      recordsKey(document, checkpoint.offset + 1),
      'records after the checkpoint are missing',
    );
  }
  return { operations, meta: { ...before, checkpointOffset: checkpoint.offset, bytes, records } };
}

/**
 * The stored records after the checkpoint, from an offset up to another, with those stored in one piece with them. Throws
 * StoreError DOCUMENT_CORRUPT when they are damaged.
 */
export async function readRecords(
  database: LevelDatabase,
  document: DocumentName,
  from: number,
  upTo: number,
): Promise<LogRecord[]> {
  const { straddling } = await splitAt(database, document, from);
  const records: LogRecord[] = [];
  for await (const [key, value] of entriesOf(database, recordsRange(document, straddling))) {
    const first = offsetOf(key);
    if (first > upTo) break;
    for (const record of guard(document, key, () => decodeRecords(key, value, first))) records.push(record);
  }
  return records;
}

/** A whole document into a place where there is none, as a restore does it. */
export function planCopy(
  document: DocumentName,
  fresh: DocumentMeta,
  { checkpoint, records }: FoundContent,
): PlannedChange {
  const operations: Operation[] = [];
  let meta = fresh;
  if (checkpoint) {
    const key = checkpointKey(document);
    operations.push({ key, value: encodeCheckpoint(key, checkpoint) });
    const { offset } = checkpoint;
    meta = { ...meta, lastOffset: offset, checkpointOffset: offset, bytes: checkpoint.update.byteLength };
  }
  for (const packed of inPacks(records)) {
    const plan = planAppend(document, meta, packed);
    for (const operation of plan.operations) operations.push(operation);
    ({ meta } = plan);
  }
  return { operations, meta };
}

/** Cuts records into runs of about `packBytes`. */
export function* inPacks(
  records: readonly LogRecord[],
  packBytes = restoredPackBytes,
): Generator<LogRecord[]> {
  let pack: LogRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    pack.push(record);
    bytes += record.update.byteLength + record.author.length + 16;
    if (bytes < packBytes) continue;
    yield pack;
    pack = [];
    bytes = 0;
  }
  if (pack.length > 0) yield pack;
}

/** Everything of a document, whatever state it is in. */
export async function planDelete(
  database: LevelDatabase,
  document: DocumentName,
): Promise<readonly Operation[]> {
  const operations: Operation[] = [{ key: metaKey(document) }];
  for await (const key of keysOf(database, dataRange(document))) operations.push({ key });
  return operations;
}

/** The put of a document's meta. */
export function putMeta(document: DocumentName, meta: DocumentMeta): Operation {
  const key = metaKey(document);
  return { key, value: encodeMeta(key, meta) };
}

/** DOCUMENT_CORRUPT for a key of a document, in words. */
export function damaged(document: DocumentName, key: Uint8Array, what: string, cause?: unknown): StoreError {
  const message = `document ${quote(document)} is damaged: ${describeKey(key)}: ${what}`;
  return new StoreError('DOCUMENT_CORRUPT', message, { cause });
}

/** Keys of records that begin at or before the offset, and where the last of them begins: it may reach beyond. */
async function splitAt(
  database: LevelDatabase,
  document: DocumentName,
  offset: number,
): Promise<{ covered: Uint8Array[]; straddling: number }> {
  const covered: Uint8Array[] = [];
  let straddling = 0;
  for await (const key of keysOf(database, recordsRange(document, 0))) {
    const first = offsetOf(key);
    if (first > offset) break;
    covered.push(key);
    straddling = first;
  }
  return { covered, straddling };
}

/** Of the first record under a key of records. */
export function offsetOf(key: Uint8Array): number {
  const parsed = parseKey(key);
  return 'offset' in parsed ? parsed.offset : 0;
}

/** Runs `decode`; damage to the value becomes DOCUMENT_CORRUPT. */
export function guard<T>(document: DocumentName, key: Uint8Array, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DamagedValueError) throw damaged(document, key, error.message, error);
    throw error;
  }
}
