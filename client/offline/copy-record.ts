// What is known of a copy beside its rows, and how it changes: pure functions from one record to the next. The record is
// stored in the same transaction as the rows it speaks of.

import type { Position } from '../../shared/native/position.js';
import type { Access } from '../../shared/permission.js';
import type { CopyOwner } from './copy-owner.js';
import { OfflineError } from './offline-error.js';

const version = 1;

/** What the server last allowed; none: the user has lost the right to read, and the copy is not to be shown. */
export type CopyAccess = Access;

/** A row that was seen. */
export interface Found {
  readonly key: number;
  readonly bytes: number;
}

export interface Row extends Found {
  /** Whose edits they are, where the server may lack them. */
  readonly tab?: string;
  /** The number of the last edit in it, as its tab counts them. */
  readonly last?: number;
  /** How many edits are in it. */
  readonly edits?: number;
}

export interface CopyRecord {
  readonly version: typeof version;
  /** Tells this database from one that was made after it was deleted. */
  readonly id: string;
  readonly position: Position | undefined;
  readonly access: CopyAccess | undefined;
  /** Whose it is; absent in a database of y-indexeddb until the first who may write it takes it. */
  readonly owner?: CopyOwner | undefined;
  /** When the server was last heard while both sides were the same, by its clock, ms since the epoch; absent for never. */
  readonly syncedAt?: number | undefined;
  /** All rows that are accounted for; pending ones in the order of their edits. */
  readonly rows: readonly Row[];
  /** Tabs that have opened the copy and not closed it, whether they are alive or not. */
  readonly tabs: readonly string[];
  /** More than one tab had it open at once, since the last time none had. */
  readonly isShared: boolean;
  /** There may be something in the rows that neither the server has nor a pending row; only comparing tells. */
  readonly isDoubtful: boolean;
  /** Wall time, ms since the epoch. */
  readonly openedAt: number;
}

export function newRecord(id: string): CopyRecord {
  return {
    version,
    id,
    position: undefined,
    access: undefined,
    rows: [],
    tabs: [],
    isShared: false,
    isDoubtful: false,
    openedAt: 0,
  };
}

/** Throws OfflineError for what is not ours or newer than we are. */
export function parseRecord(value: unknown): CopyRecord | undefined {
  if (value === undefined) return undefined;
  const record = (value ?? {}) as Partial<CopyRecord>;
  if (record.version !== version || !Array.isArray(record.rows) || !Array.isArray(record.tabs))
    throw new OfflineError('OFFLINE_BLOCKED', 'the copy is of a version that is not known here');
  return record as CopyRecord;
}

export function bytesOf(record: CopyRecord): number {
  return record.rows.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function hasPending(record: CopyRecord): boolean {
  return record.rows.some(({ tab }) => tab !== undefined);
}

/**
 * The rows accounted for. What the record does not know of was written by somebody else, and what is missing was merged by
 * somebody else: then nobody can say what of it the server has.
 */
export function reconciled(record: CopyRecord, found: readonly Found[]): CopyRecord {
  const there = new Set(found.map(({ key }) => key));
  const known = new Set(record.rows.map(({ key }) => key));
  const strangers = found.filter(({ key }) => !known.has(key));
  const rows = record.rows.filter(({ key }) => there.has(key));
  if (strangers.length === 0 && rows.length === record.rows.length) return record;
  return {
    ...record,
    rows: [...rows, ...strangers.map(({ key, bytes }) => ({ key, bytes }))],
    isDoubtful: true,
  };
}

/**
 * A tab opens the copy. `isDead` says of a tab whether it is gone; pending rows of dead tabs become this tab's, their
 * edits numbered from 1. A tab that died beside others may have shown them an edit that it never stored itself and that they did store:
 * what came of it is doubtful until nobody has the copy open.
 */
export function entered(
  record: CopyRecord,
  tab: string,
  isDead: (tab: string) => boolean,
  openedAt: number,
): CopyRecord {
  const alive = record.tabs.filter((one) => !isDead(one));
  const isDoubtful = record.isDoubtful || (record.isShared && alive.length < record.tabs.length);
  const isAlone = alive.length === 0;
  let last = 0;
  return {
    ...record,
    rows: record.rows.map((row) =>
      row.tab !== undefined && isDead(row.tab) ? { ...row, tab, last: (last += row.edits ?? 1) } : row,
    ),
    position: isAlone && isDoubtful ? undefined : record.position,
    tabs: [...alive, tab],
    isShared: !isAlone,
    isDoubtful: isDoubtful && !isAlone,
    openedAt,
  };
}

/** A tab is back that had let go of its locks. Meanwhile others may have taken it for dead, and its edits for theirs. */
export function returned(record: CopyRecord, tab: string, isDead: (tab: string) => boolean): CopyRecord {
  const others = record.tabs.filter((one) => one !== tab);
  const isShared = record.isShared || others.some((one) => !isDead(one));
  return { ...record, tabs: [...others, tab], isShared };
}

/** All tabs it speaks of: that have it open, or have left edits. */
export function tabsOf({ tabs, rows }: CopyRecord): string[] {
  return [...new Set([...tabs, ...rows.flatMap(({ tab }) => (tab === undefined ? [] : [tab]))])];
}

/** Tabs beside this one that have edits which may not be on the server. */
export function othersWithPending({ rows }: CopyRecord, tab: string): string[] {
  return [...new Set(rows.flatMap((row) => (row.tab === undefined || row.tab === tab ? [] : [row.tab])))];
}

/** A tab closes the copy; all its edits are stored. */
export function left(record: CopyRecord, tab: string): CopyRecord {
  const tabs = record.tabs.filter((one) => one !== tab);
  return { ...record, tabs, isShared: record.isShared && tabs.length > 0 };
}

/** Rows of this tab that may not be on the server, oldest first. */
export function pendingOf(record: CopyRecord, tab: string): readonly Row[] {
  return record.rows.filter((row) => row.tab === tab);
}

export function withRow(record: CopyRecord, row: Row): CopyRecord {
  return { ...record, rows: [...record.rows, row] };
}

/** All edits of the tab up to this number are on the server. */
export function withDurable(record: CopyRecord, tab: string, durable: number): CopyRecord {
  const isDurable = (row: Row): boolean => row.tab === tab && (row.last ?? Infinity) <= durable;
  if (!record.rows.some(isDurable)) return record;
  return {
    ...record,
    rows: record.rows.map((row) => (isDurable(row) ? { key: row.key, bytes: row.bytes } : row)),
  };
}

/** Within one epoch it never goes back: what another tab has stored is here still. */
export function withPosition(record: CopyRecord, position: Position): CopyRecord {
  const { position: old } = record;
  const isOfEpoch = old?.epoch === position.epoch;
  if (isOfEpoch && old.offset > position.offset) return record;
  if (isOfEpoch && old.offset === position.offset && old.heardIn === position.heardIn) return record;
  return { ...record, position };
}

/** It never goes back: another tab may have been in sync later. */
export function withSyncedAt(record: CopyRecord, at: number | undefined): CopyRecord {
  return at === undefined || at <= (record.syncedAt ?? 0) ? record : { ...record, syncedAt: at };
}

/** Rows were merged into one, which takes the place of the first. */
export function merged(record: CopyRecord, keys: ReadonlySet<number>, row: Row): CopyRecord {
  const at = record.rows.findIndex(({ key }) => keys.has(key));
  const rows = record.rows.filter(({ key }) => !keys.has(key));
  return { ...record, rows: [...rows.slice(0, at), row, ...rows.slice(at)] };
}
