// The log before the checkpoint, as far as it is kept, in LevelDB: for whoever comes back with an offset. Nothing that the
// document is made of, so damage to it harms nobody but them.

import type { DocumentName } from '../../shared/document-name.js';
import { entriesOf, keysOf } from './level-database.js';
import type { LevelDatabase, LevelSnapshot, Operation } from './level-database.js';
import { damaged, guard, inPacks, offsetOf, readMeta } from './level-document.js';
import { keptKey, keptRange, recordsKey, recordsRange } from './level-keys.js';
import type { KeyRange } from './level-keys.js';
import { DamagedValueError, decodeRecords, encodeRecords } from './record-codec.js';
import type { LogRecord } from './store.js';

/** Records in one value: whoever missed a few reads little, whoever missed thousands reads few values. */
const packBytes = 16 * 1024;

/** Throws StoreError DOCUMENT_CORRUPT when they are not what was kept. */
export async function readKept(
  database: LevelDatabase,
  document: DocumentName,
  after: number,
): Promise<readonly LogRecord[]> {
  const snapshot = database.snapshot();
  try {
    const last = (await readMeta(database, document, snapshot))?.checkpointOffset ?? 0;
    if (after >= last) return [];
    const start = await startOf(database, keptRange(document, 0), after + 1, snapshot);
    const records: LogRecord[] = [];
    let reached: number | undefined;
    for await (const [key, value] of entriesOf(database, keptRange(document, start), snapshot)) {
      const first = offsetOf(key);
      if (first !== (reached ?? first - 1) + 1)
        throw damaged(document, key, `offset ${(reached ?? 0) + 1} is missing before it`);
      for (const record of guard(document, key, () => decodeRecords(key, value, first))) {
        if (record.offset > after) records.push(record);
        reached = record.offset;
      }
    }
    if (reached !== undefined && reached !== last)
      throw damaged(document, keptKey(document, reached + 1), `offsets up to ${last} are missing`);
    return records;
  } finally {
    await snapshot.close();
  }
}

/**
 * What a checkpoint at `upTo` makes of the log before it: of what it newly covers, after the last checkpoint at `after`,
 * the records from `keepFrom` on are packed anew; what is older than that goes.
 */
export async function planKept(
  database: LevelDatabase,
  document: DocumentName,
  { after, upTo, keepFrom }: { after: number; upTo: number; keepFrom: number },
): Promise<readonly Operation[]> {
  const wanted = Math.max(keepFrom, after + 1);
  const records = await readCovered(database, document, { after, from: wanted, upTo });
  const isWhole = records.length === Math.max(0, upTo + 1 - wanted);
  const oldest = isWhole ? keepFrom : (records[0]?.offset ?? upTo + 1);
  const operations: Operation[] = [];
  let older: Uint8Array | undefined;
  for await (const key of keysOf(database, keptRange(document, 0))) {
    if (older !== undefined && offsetOf(key) <= oldest) operations.push({ key: older });
    older = key;
  }
  if (older !== undefined && after < oldest) operations.push({ key: older });
  for (const pack of inPacks(records, packBytes)) {
    const key = keptKey(document, pack[0]?.offset ?? 0);
    operations.push({ key, value: encodeRecords(key, pack) });
  }
  return operations;
}

/**
 * Those after the last checkpoint, from an offset up to another; none of before one that is damaged or missing: the new
 * checkpoint has what it brought.
 */
async function readCovered(
  database: LevelDatabase,
  document: DocumentName,
  { after, from, upTo }: { after: number; from: number; upTo: number },
): Promise<LogRecord[]> {
  if (from > upTo) return [];
  const start = await startOf(database, recordsRange(document, after + 1), from);
  const range = { ...recordsRange(document, Math.max(start, after + 1)), lt: recordsKey(document, upTo + 1) };
  let records: LogRecord[] = [];
  for await (const [key, value] of entriesOf(database, range)) {
    for (const record of recordsOf(key, value)) {
      if (record.offset < from || record.offset > upTo) continue;
      const last = records.at(-1);
      if (last !== undefined && record.offset !== last.offset + 1) records = [];
      records.push(record);
    }
  }
  return records.at(-1)?.offset === upTo ? records : [];
}

/** None where the value is damaged. */
function recordsOf(key: Uint8Array, value: Uint8Array): LogRecord[] {
  try {
    return decodeRecords(key, value, offsetOf(key));
  } catch (error) {
    if (error instanceof DamagedValueError) return [];
    throw error;
  }
}

/**
 * Where the packs begin that hold this offset, or later ones. Looks forwards only: backwards, LevelDB wades through all
 * that was removed before.
 */
async function startOf(
  database: LevelDatabase,
  range: KeyRange,
  offset: number,
  snapshot?: LevelSnapshot,
): Promise<number> {
  let start = 0;
  for await (const key of keysOf(database, range, snapshot)) {
    if (offsetOf(key) > offset) break;
    start = offsetOf(key);
  }
  return start;
}
