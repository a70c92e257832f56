// Which rows are merged into one, and when: rarely enough that a byte is written a few times at most, often enough that
// the rows stay few, and never so much at once that typing would wait for it.

import type { CopyTransaction } from './copy-database.js';
import { merged, type CopyRecord, type Row } from './copy-record.js';
import { asDocument, mergeStored } from './merge-updates.js';

/** So many rows may lie beside each other. */
const mostRows = 64;
const mostPendingRows = 16;
/** So much may lie beside the largest row, whatever its size. */
const leastBytes = 64 * 1024;
/** Rows merged at once have so many bytes at most: a fifth of a second's work, when they are keystrokes. */
const mostBytes = 2 * 1024 * 1024;

/** Rows that become one. */
export interface CompactionPlan {
  readonly rows: readonly Row[];
  /** They are all there is, but for pending edits. */
  readonly isWhole: boolean;
}

/** What is to be merged next; undefined while the rows may stay as they are. */
export function planCompaction(record: CopyRecord): CompactionPlan | undefined {
  return durablePlan(record) ?? pendingPlan(record);
}

function durablePlan({ rows }: CopyRecord): CompactionPlan | undefined {
  const durable = rows.filter(({ tab }) => tab === undefined);
  const small = durable.filter(({ bytes }) => bytes <= mostBytes / 2).sort((a, b) => a.bytes - b.bytes);
  const total = sum(small);
  const largest = small.at(-1)?.bytes ?? 0;
  const isLarge = total - largest > Math.max(leastBytes, largest);
  if (small.length <= mostRows && !isLarge) return undefined;
  const chosen: Row[] = [];
  let bytes = 0;
  // From the smallest on. Where they are only many, a row much larger than all before it stays as it is: it is merged
  // when as much again lies beside it.
  for (const row of small) {
    const isFar = !isLarge && row.bytes > Math.max(leastBytes, bytes);
    if (bytes + row.bytes > mostBytes || isFar) break;
    chosen.push(row);
    bytes += row.bytes;
  }
  return chosen.length < 2 ? undefined : { rows: chosen, isWhole: chosen.length === durable.length };
}

function pendingPlan({ rows }: CopyRecord): CompactionPlan | undefined {
  const byTab = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.tab === undefined || row.bytes > mostBytes / 2) continue;
    byTab.set(row.tab, [...(byTab.get(row.tab) ?? []), row]);
  }
  for (const some of byTab.values())
    if (some.length > mostPendingRows && sum(some) <= mostBytes) return { rows: some, isWhole: false };
  return undefined;
}

/**
 * Merges the rows within the transaction, and returns the record after it; as it was where another tab came first.
 * `document`: the whole document, for a plan of all there is. All that is in it must be in rows or pending rows by the end
 * of the transaction.
 */
export async function compact(
  transaction: CopyTransaction,
  record: CopyRecord,
  plan: CompactionPlan,
  document: Uint8Array | undefined,
): Promise<CopyRecord> {
  const keys = new Set(plan.rows.map(({ key }) => key));
  if (!plan.rows.every((planned) => record.rows.some((row) => isSame(row, planned)))) return record;
  const stored = await transaction.readRows([...keys]);
  if (stored.length < keys.size) return record;
  const updates = mergeStored(stored.map(({ update }) => update))!;
  const update = document === undefined ? updates : asDocument(document, updates);
  const key = await transaction.addRow(update);
  await transaction.deleteRows([...keys]);
  const [first] = plan.rows;
  const owner =
    first?.tab === undefined
      ? {}
      : {
          tab: first.tab,
          last: Math.max(...plan.rows.map((row) => row.last ?? 0)),
          edits: plan.rows.reduce((total, row) => total + (row.edits ?? 1), 0),
        };
  return merged(record, keys, { key, bytes: update.byteLength, ...owner });
}

function isSame(a: Row, b: Row): boolean {
  return a.key === b.key && a.tab === b.tab && a.last === b.last;
}

function sum(rows: readonly Row[]): number {
  return rows.reduce((total, { bytes }) => total + bytes, 0);
}
