// What one tab has to store, written into the rows and the record within one transaction.

import type { CopyTransaction } from './copy-database.js';
import type { Batch } from './copy-queue.js';
import { withDurable, withPosition, withRow, type CopyRecord } from './copy-record.js';
import { mergeUpdates } from './merge-updates.js';

/** Adds the rows, and returns the record after it; `tab` is the one that stores. */
export async function storeBatch(
  transaction: CopyTransaction,
  before: CopyRecord,
  { edits, others, durable, position, access, owner }: Batch,
  tab: string,
): Promise<CopyRecord> {
  let record = before;
  const known = mergeUpdates([others, edits?.durable].filter((one) => one !== undefined));
  if (known !== undefined)
    record = withRow(record, { key: await transaction.addRow(known), bytes: known.byteLength });
  if (edits?.pending !== undefined) {
    const { pending, pendingCount, last } = edits;
    const key = await transaction.addRow(pending);
    record = withRow(record, { key, bytes: pending.byteLength, tab, last, edits: pendingCount });
  }
  record = withDurable(record, tab, durable);
  if (position !== undefined) record = withPosition(record, position);
  if (owner !== undefined) record = { ...record, owner };
  return access === undefined ? record : { ...record, access };
}
