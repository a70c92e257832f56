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

/** Throws StoreError unless `first` comes right after what is stored. Nothing has been written then. */
export function checkNextOffset(
  document: DocumentName,
  stored: StoredOffsets | undefined,
  first: number,
): void {
  const expected = (stored?.lastOffset ?? 0) + 1;
  if (first === expected) return;
  throw new StoreError(
    'STORE_CONFLICT',
    `document ${quote(document)} continues at offset ${expected}, not ${first}: does another process write to this store?`,
  );
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
