// What every adapter refuses before it touches anything: arguments that break the contract (a bug of the caller), and
// offsets that do not fit what is stored (another writer).

import { StoreError } from '../errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { Append, Checkpoint, LogRecord } from './store.js';

/** Throws TypeError when a batch breaks the contract whatever the store holds. */
export function checkAppends(batch: readonly Append[]): void {
  for (const { document, records } of batch) {
    if (records.length === 0) throw new TypeError(`append to ${quote(document)} without records`);
    let expected = records[0]?.offset ?? 0;
    for (const record of records) {
      checkRecord(document, record, expected);
      expected += 1;
    }
  }
}

/** Throws TypeError when a checkpoint could not belong to any document. */
export function checkCheckpoint(document: DocumentName, checkpoint: Checkpoint, keepFrom: number): void {
  if (!isCount(checkpoint.offset))
    throw new TypeError(`checkpoint of ${quote(document)} has offset ${checkpoint.offset}`);
  if (!isCount(checkpoint.time))
    throw new TypeError(`checkpoint of ${quote(document)} has time ${checkpoint.time}`);
  if (!isCount(keepFrom)) throw new TypeError(`checkpoint of ${quote(document)} keeps from ${keepFrom}`);
}

/** What is stored of a document, as far as the rules on offsets go. */
export interface StoredOffsets {
  readonly lastOffset: number;
  readonly checkpointOffset: number | undefined;
}

/** How many records of an append have offsets that the document holds already. Throws StoreError when there is a gap. */
export function countRepeated({ document, records }: Append, lastOffset: number): number {
  const first = records[0]?.offset ?? 0;
  if (first > lastOffset + 1) throw conflict(document, `continues at offset ${lastOffset + 1}, not ${first}`);
  return Math.min(records.length, lastOffset + 1 - first);
}

/**
 * The records of an append after the first `repeated` ones, which `stored` must hold byte for byte; `stored` may hold others
 * too. Throws StoreError when they differ, or are gone: then somebody else has written.
 */
export function withoutRepeated(
  { document, records }: Append,
  repeated: number,
  stored: readonly LogRecord[],
): readonly LogRecord[] {
  if (repeated === 0) return records;
  const known = new Map(stored.map((record) => [record.offset, record]));
  for (const record of records.slice(0, repeated)) {
    const before = known.get(record.offset);
    if (before === undefined || !isSameRecord(before, record))
      throw conflict(document, `has another record at offset ${record.offset}, or a checkpoint of it`);
  }
  return records.slice(repeated);
}

function isSameRecord(left: LogRecord, right: LogRecord): boolean {
  if (left.time !== right.time || left.author !== right.author) return false;
  return Buffer.compare(left.update, right.update) === 0;
}

/** STORE_CONFLICT for a document, in words. */
export function conflict(document: DocumentName, what: string): StoreError {
  const message = `document ${quote(document)} ${what}: does another process write to this store?`;
  return new StoreError('STORE_CONFLICT', message);
}

/** Throws StoreError when the checkpoint is older than the stored one or newer than the last record. */
export function checkCheckpointOffset(document: DocumentName, stored: StoredOffsets, offset: number): void {
  const oldest = stored.checkpointOffset ?? 0;
  if (offset >= oldest && offset <= stored.lastOffset) return;
  throw new StoreError(
    'STORE_CONFLICT',
    `document ${quote(document)} holds offsets ${oldest} to ${stored.lastOffset}, no checkpoint at ${offset} fits`,
  );
}

/** A name as it goes into a message. */
export function quote(document: string): string {
  return JSON.stringify(document.length > 120 ? `${document.slice(0, 120)}…` : document);
}

function checkRecord(document: DocumentName, record: LogRecord, expected: number): void {
  if (!isCount(record.offset) || record.offset === 0 || record.offset !== expected) {
    throw new TypeError(`append to ${quote(document)} has offset ${record.offset} where ${expected} belongs`);
  }
  if (!isCount(record.time)) throw new TypeError(`append to ${quote(document)} has time ${record.time}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
