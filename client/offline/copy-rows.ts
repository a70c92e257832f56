// The database of one copy, as one tab uses it: the connection, opened anew where it was lost, the record as this tab has
// last written it, and every transaction over rows and record.

import { compact, type CompactionPlan } from './compaction.js';
import { CopyDatabase, type CopyTransaction, type StoredRow } from './copy-database.js';
import { isFor, type CopyOwner } from './copy-owner.js';
import type { Batch } from './copy-queue.js';
import {
  entered,
  left,
  newRecord,
  pendingOf,
  reconciled,
  returned,
  tabsOf,
  withPosition,
  withRow,
  withSyncedAt,
  type CopyRecord,
} from './copy-record.js';
import { mergeStored } from './merge-updates.js';
import { OfflineError } from './offline-error.js';
import type { DatabaseDeps } from './open-database.js';
import { storeBatch } from './store-batch.js';

export interface CopyRowsDeps {
  readonly database: DatabaseDeps;
  /** This tab's name in the record. */
  readonly tab: string;
  readonly newId: () => string;
  /** The whole document; undefined where it cannot be had. */
  readonly encodeDocument?: (() => Uint8Array) | undefined;
  /** When both sides were last the same, as in the record. */
  readonly syncedAt?: (() => number | undefined) | undefined;
  /** Called when somebody else has closed the database. */
  readonly lost: (error: OfflineError) => void;
  /** Throws OfflineError where nothing may be read or written any more, because the copies of the device were wiped. */
  readonly refuseWiped: () => void;
}

/** Rows to be merged, and the whole document when they are all of it. */
export interface Compaction {
  readonly plan: CompactionPlan;
  readonly document: Uint8Array | undefined;
}

/** What is written anew where the browser has thrown the rows away. */
export interface Whole {
  readonly isWriter: boolean;
  /** How many edits this tab has made, and how many of them are durable on the server. */
  readonly counts: { readonly edits: number; readonly durable: number };
  /** For whom this tab has the copy. */
  readonly who: CopyOwner | undefined;
}

export class CopyRows {
  readonly name: string;
  readonly #deps: CopyRowsDeps;
  #database: CopyDatabase | undefined;
  #record: CopyRecord | undefined;
  /** The key of the last row that was read; undefined for none. */
  #lastKey: number | undefined;
  #isEnded = false;

  constructor(name: string, deps: CopyRowsDeps) {
    this.name = name;
    this.#deps = deps;
  }

  /** As this tab has last written it; undefined before it has entered. */
  get record(): CopyRecord | undefined {
    return this.#record;
  }

  /** Both sides were the same later than the record says. */
  get wasSyncedLater(): boolean {
    const record = this.#record;
    return record !== undefined && withSyncedAt(record, this.#deps.syncedAt?.()) !== record;
  }

  /** The record as it is now; undefined where there is none. */
  stored(): Promise<CopyRecord | undefined> {
    return this.read((transaction) => transaction.record());
  }

  async read<T>(work: (transaction: CopyTransaction) => Promise<T>): Promise<T> {
    return (await this.#open()).read(work);
  }

  async change<T>(work: (transaction: CopyTransaction) => Promise<T>): Promise<T> {
    return (await this.#open()).change(work);
  }

  /** This tab opens the copy, and reads it. `dead`: which tabs of the record are gone; undefined where nobody knows. */
  async enter(
    dead: ReadonlySet<string> | undefined,
    who?: CopyOwner,
  ): Promise<{ record: CopyRecord; rows: readonly StoredRow[] }> {
    const { tab, newId, database: deps } = this.#deps;
    const found = await this.change(async (transaction) => {
      const rows = await transaction.rowsAfter(undefined);
      let stored = (await transaction.record()) ?? newRecord(newId());
      if (who !== undefined && !isFor(stored.owner, who)) throw foreign(this.name);
      // One of y-indexeddb belongs to nobody until somebody writes it.
      const isOurs = stored.owner !== undefined || (stored.rows.length === 0 && rows.length === 0);
      if (who !== undefined && isOurs) stored = claimed(stored, who);
      // Without locks a tab may be alive or dead: its edits are taken care of, and what others have of it is looked at.
      if (dead === undefined && stored.tabs.length > 0) stored = { ...stored, isDoubtful: true };
      // A tab that tries again may be in the record since the first time.
      const isDead = (one: string): boolean => one === tab || (dead?.has(one) ?? true);
      const record = entered(reconciled(stored, rows), tab, isDead, deps.clock.now());
      await transaction.putRecord(record);
      return { record, rows };
    });
    this.#record = found.record;
    this.#lastKey = found.rows.at(-1)?.key;
    return found;
  }

  /**
   * Stores a batch and merges rows within one transaction, and returns the record after it. Somebody else may have taken the
   * copy meanwhile, where it was nobody's: then it rejects.
   */
  async store(batch: Batch, whole: Whole, compaction: Compaction | undefined): Promise<CopyRecord> {
    const { who } = whole;
    this.#record = await this.change(async (transaction) => {
      const stored = await transaction.record();
      if (who !== undefined && !isFor(stored?.owner, who)) throw foreign(this.name);
      const isThere = stored !== undefined && stored.id === this.#record?.id;
      let record = isThere ? stored : await this.#beginAnew(transaction, stored, whole);
      if (who !== undefined && batch.edits !== undefined) record = claimed(record, who);
      record = await storeBatch(transaction, record, batch, this.#deps.tab);
      if (compaction !== undefined && isThere)
        record = await compact(transaction, record, compaction.plan, compaction.document);
      record = withSyncedAt(record, this.#deps.syncedAt?.());
      if (record !== stored) await transaction.putRecord(record);
      return record;
    });
    return this.#record;
  }

  /** What rows hold that were not there at the last look, as one update; undefined when there are none. */
  async look(): Promise<Uint8Array | undefined> {
    const rows = await this.read((transaction) => transaction.rowsAfter(this.#lastKey));
    const update = mergeStored(rows.map((row) => row.update));
    this.#lastKey = rows.at(-1)?.key ?? this.#lastKey;
    return update;
  }

  /** Whether a tab may have left edits that are not on the server. What cannot be read may be pending. */
  async mayHavePending(tab: string): Promise<boolean> {
    const record = await this.stored().catch(() => undefined);
    return record === undefined || pendingOf(record, tab).length > 0;
  }

  /**
   * This tab is back. Returns what rows hold that were not there at the last look, as one update. Rejects with OfflineError
   * DELETED when this is another database by now.
   */
  async comeBack(dead: ReadonlySet<string> | undefined): Promise<Uint8Array | undefined> {
    const { tab } = this.#deps;
    this.#record = await this.change(async (transaction) => {
      const stored = await transaction.record();
      if (stored === undefined || stored.id !== this.#record?.id)
        throw new OfflineError('OFFLINE_DELETED', `${this.name} was deleted`);
      const record = returned(stored, tab, (one) => dead?.has(one) ?? true);
      await transaction.putRecord(record);
      return record;
    });
    return this.look();
  }

  /** This tab closes the copy; all its edits are stored. */
  async leave(): Promise<void> {
    const id = this.#record?.id;
    await this.#database?.change(async (transaction) => {
      const record = await transaction.record();
      if (record === undefined || record.id !== id) return;
      await transaction.putRecord(withSyncedAt(left(record, this.#deps.tab), this.#deps.syncedAt?.()));
    });
  }

  /** The connection is closed; the next transaction opens another. */
  disconnect(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  /** No transaction begins any more. */
  end(): void {
    this.#isEnded = true;
    this.disconnect();
  }

  /** The browser has thrown the rows away: all this tab has is written. */
  async #beginAnew(
    transaction: CopyTransaction,
    stored: CopyRecord | undefined,
    { isWriter, counts: { edits, durable } }: Whole,
  ): Promise<CopyRecord> {
    const { encodeDocument, newId, tab, database } = this.#deps;
    if (encodeDocument === undefined)
      throw new OfflineError('OFFLINE_DELETED', `the browser has thrown away ${this.name}`);
    const { position, access, isDoubtful, owner: whose } = this.#record!;
    let record = stored ?? { ...newRecord(newId()), access, isDoubtful, owner: whose };
    if (isWriter && position !== undefined) record = withPosition(record, position);
    record = entered(record, tab, () => false, database.clock.now());
    const document = encodeDocument();
    const owner = edits > durable ? { tab, last: edits, edits: edits - durable } : {};
    const key = await transaction.addRow(document);
    return withRow(record, { key, bytes: document.byteLength, ...owner });
  }

  async #open(): Promise<CopyDatabase> {
    this.#deps.refuseWiped();
    if (this.#database !== undefined) return this.#database;
    const database = await CopyDatabase.open(this.name, this.#deps.database, (error) => {
      if (this.#database === database) this.#database = undefined;
      if (!this.#isEnded) this.#deps.lost(error);
    });
    if (this.#isEnded) {
      database.close();
      throw new OfflineError('OFFLINE_FAILED', 'the copy is closed');
    }
    try {
      // A wipe that has begun meanwhile may not have known of it.
      this.#deps.refuseWiped();
    } catch (error) {
      database.close();
      throw error;
    }
    // Two may have asked at once.
    if (this.#database !== undefined) database.close();
    else this.#database = database;
    return this.#database;
  }
}

/** It belongs to whom it is opened for, where that is known, and nobody else has it. */
function claimed(record: CopyRecord, who: CopyOwner): CopyRecord {
  const { owner } = record;
  if (owner !== undefined && (owner.user !== undefined || who.user === undefined)) return record;
  return { ...record, owner: { ...who, server: who.server ?? owner?.server } };
}

/** Tabs that a record speaks of; none where there is no record. */
export function tabsIn(record: CopyRecord | undefined): readonly string[] {
  return record === undefined ? [] : tabsOf(record);
}

export const foreign = (name: string): OfflineError =>
  new OfflineError('OFFLINE_FAILED', `${name} is the copy of another user or server`);
