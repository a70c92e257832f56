// What is found on this device of a document when its copy is opened.

import type { Position } from '../../shared/native/position.js';
import { othersWithPending, pendingOf, type CopyAccess, type CopyRecord, type Row } from './copy-record.js';
import { mergeStored } from './merge-updates.js';

/** Edits as one update. */
export interface PendingEdits {
  readonly update: Uint8Array;
  /** How many they are. */
  readonly edits: number;
}

export interface LoadedCopy {
  /** All that is stored, as one update; undefined when nothing is. */
  readonly update: Uint8Array | undefined;
  /**
   * Up to where the copy has everything of the server's. Defined only when all that it holds beyond is in `pending`, or
   * belongs to a tab that is alive.
   */
  readonly position: Position | undefined;
  /** Edits that were never acknowledged and that no living tab takes care of, oldest first. They are in `update` too. */
  readonly pending: readonly PendingEdits[];
  /** There are such edits of other tabs, which are alive. */
  readonly hasOthersPending: boolean;
  /** What the server last allowed on this document, if it has ever said. */
  readonly access: CopyAccess | undefined;
  /** When the server was last heard while both sides were the same, as the record has it. */
  readonly syncedAt?: number | undefined;
}

export function editsIn(pending: readonly PendingEdits[]): number {
  return pending.reduce((sum, { edits }) => sum + edits, 0);
}

interface Found {
  readonly key: number;
  readonly update: Uint8Array;
}

/** What a tab has found when it entered. */
export function loadedFrom(record: CopyRecord, rows: readonly Found[], tab: string): LoadedCopy {
  return {
    update: mergeStored(rows.map(({ update }) => update)),
    position: record.isDoubtful ? undefined : record.position,
    pending: pendingRows(pendingOf(record, tab), rows),
    hasOthersPending: othersWithPending(record, tab).length > 0,
    access: record.access,
    syncedAt: record.syncedAt,
  };
}

/** The edits of these rows of the record, as they were found. */
function pendingRows(rows: readonly Row[], found: readonly Found[]): PendingEdits[] {
  const updates = new Map(found.map(({ key, update }) => [key, update]));
  return rows.map(({ key, edits = 1 }) => ({ update: updates.get(key)!, edits }));
}
