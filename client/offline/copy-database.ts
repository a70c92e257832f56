// One document's database: the one of y-indexeddb, with the same stores and rows, and our record beside them. Owns the
// connection to it; every change is one transaction over both stores, so that tabs take turns.

import type { Clock } from '../../shared/clock.js';
import { parseRecord, type CopyRecord, type Found } from './copy-record.js';
import { OfflineError, toOfflineError } from './offline-error.js';
import { openDatabase, resultOf, type DatabaseDeps } from './open-database.js';

const rowStore = 'updates';
const recordStore = 'custom';
/** Where our record is, among what applications keep there by y-indexeddb's `set`. */
export const recordKey = 'heddle';
/** So many rows are read at a time. */
const stepRows = 200;
/** A transaction that takes longer is given up. */
const transactionMs = 30_000;

export interface StoredRow extends Found {
  readonly update: Uint8Array;
}

export class CopyDatabase {
  readonly #database: IDBDatabase;
  readonly #clock: Clock;

  /** `lost` is called once, when the database was closed by somebody else. */
  private constructor(database: IDBDatabase, clock: Clock, lost: (error: OfflineError) => void) {
    this.#database = database;
    this.#clock = clock;
    database.addEventListener('versionchange', ({ newVersion }) => {
      this.close();
      if (newVersion === null) lost(new OfflineError('OFFLINE_DELETED', `${database.name} was deleted`));
      else lost(new OfflineError('OFFLINE_BLOCKED', `${database.name} is taken over by another version`));
    });
    database.addEventListener('close', () =>
      lost(new OfflineError('OFFLINE_FAILED', 'the browser closed the database')),
    );
  }

  /** Opens it, or makes an empty one. Rejects with OfflineError; a database with other stores is left as it is. */
  static async open(
    name: string,
    deps: DatabaseDeps,
    lost: (error: OfflineError) => void,
  ): Promise<CopyDatabase> {
    const create = (database: IDBDatabase): void => {
      database.createObjectStore(rowStore, { autoIncrement: true });
      database.createObjectStore(recordStore);
    };
    const database = await openDatabase(name, create, deps);
    const { objectStoreNames: stores } = database;
    if (stores.contains(rowStore) && stores.contains(recordStore))
      return new CopyDatabase(database, deps.clock, lost);
    database.close();
    throw new OfflineError('OFFLINE_BLOCKED', `${name} is the database of something else`);
  }

  /** One transaction. Resolves when it is complete; when it rejects, with OfflineError, nothing of it is stored. */
  async change<T>(work: (transaction: CopyTransaction) => Promise<T>): Promise<T> {
    return this.#transact('readwrite', work);
  }

  async read<T>(work: (transaction: CopyTransaction) => Promise<T>): Promise<T> {
    return this.#transact('readonly', work);
  }

  close(): void {
    this.#database.close();
  }

  async #transact<T>(
    mode: IDBTransactionMode,
    work: (transaction: CopyTransaction) => Promise<T>,
  ): Promise<T> {
    // The browser's usual durability: it outlives a crash of the page and of the browser. Waiting for the disk at every
    // batch of keystrokes would cost battery and time, and after a loss of power the record is as old as the rows.
    const transaction = begun(() => this.#database.transaction([rowStore, recordStore], mode));
    const ended = endOf(transaction);
    let isLate = false;
    const timer = this.#clock.after(transactionMs, () => {
      isLate = true;
      abort(transaction);
    });
    try {
      const [result] = await Promise.all([attempted(transaction, work), ended]);
      return result;
    } catch (error) {
      if (isLate) throw new OfflineError('OFFLINE_TIMEOUT', 'a transaction did not end', { cause: error });
      // What aborted it says more than the requests that were aborted with it.
      throw toOfflineError(transaction.error ?? error);
    } finally {
      timer.cancel();
    }
  }
}

/** The stores within one transaction. */
export class CopyTransaction {
  readonly #rows: IDBObjectStore;
  readonly #records: IDBObjectStore;

  constructor(transaction: IDBTransaction) {
    this.#rows = transaction.objectStore(rowStore);
    this.#records = transaction.objectStore(recordStore);
    if (!this.#rows.autoIncrement || this.#rows.keyPath !== null || this.#records.keyPath !== null)
      throw new OfflineError('OFFLINE_BLOCKED', 'the stores are those of something else');
  }

  /** Undefined when there is none. Rejects with OfflineError when it is not ours, or of a newer version. */
  async record(): Promise<CopyRecord | undefined> {
    return parseRecord(await resultOf<unknown>(this.#records.get(recordKey)));
  }

  async putRecord(record: CopyRecord): Promise<void> {
    await resultOf(this.#records.put(record, recordKey));
  }

  value(key: IDBValidKey): Promise<unknown> {
    return resultOf<unknown>(this.#records.get(key));
  }

  async putValue(key: IDBValidKey, value: unknown): Promise<void> {
    await resultOf(this.#records.put(value, key));
  }

  async deleteValue(key: IDBValidKey): Promise<void> {
    await resultOf(this.#records.delete(key));
  }

  /** Returns the row's key. */
  async addRow(update: Uint8Array): Promise<number> {
    // A view would be stored with all of its buffer.
    const whole = update.byteLength === update.buffer.byteLength ? update : update.slice();
    return (await resultOf(this.#rows.add(whole))) as number;
  }

  async deleteRows(keys: readonly number[]): Promise<void> {
    await Promise.all(keys.map((key) => resultOf(this.#rows.delete(key))));
  }

  /** Those of the keys that are there. */
  async readRows(keys: readonly number[]): Promise<StoredRow[]> {
    const values = await Promise.all(keys.map((key) => resultOf<unknown>(this.#rows.get(key))));
    return values.flatMap((value, i) => (value === undefined ? [] : [storedRow(keys[i]!, value)]));
  }

  /** All rows with a key above this one, or all there are, in the order of their keys, read step by step. */
  async rowsAfter(key: number | undefined): Promise<StoredRow[]> {
    const rows: StoredRow[] = [];
    for (;;) {
      const last = rows.at(-1)?.key ?? key;
      const range = last === undefined ? undefined : IDBKeyRange.lowerBound(last, true);
      const [keys, values] = await Promise.all([
        resultOf(this.#rows.getAllKeys(range, stepRows)),
        resultOf<unknown[]>(this.#rows.getAll(range, stepRows)),
      ]);
      for (const [i, value] of values.entries()) rows.push(storedRow(keys[i] as number, value));
      if (keys.length < stepRows) return rows;
    }
  }

  /** The keys of all rows; their sizes are not looked at. */
  async keys(): Promise<Found[]> {
    return (await resultOf(this.#rows.getAllKeys())).map((key) => ({ key: key as number, bytes: 0 }));
  }
}

function storedRow(key: number, value: unknown): StoredRow {
  if (value instanceof Uint8Array) return { key, update: value, bytes: value.byteLength };
  throw new OfflineError('OFFLINE_CORRUPT', `row ${String(key)} is no update`);
}

function begun<T>(begin: () => T): T {
  try {
    return begin();
  } catch (error) {
    throw toOfflineError(error);
  }
}

function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () =>
      reject(toOfflineError(transaction.error ?? new OfflineError('OFFLINE_FAILED', 'aborted'))),
    );
  });
}

/** Nothing of a transaction that cannot be finished is stored. */
async function attempted<T>(
  transaction: IDBTransaction,
  work: (transaction: CopyTransaction) => Promise<T>,
): Promise<T> {
  try {
    return await work(new CopyTransaction(transaction));
  } catch (error) {
    abort(transaction);
    throw error;
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
