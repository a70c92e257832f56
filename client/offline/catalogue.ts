// The list of the copies on this device, in a small database of its own. What it says of a copy is a summary, a few seconds
// old; the copy's own record counts.

import { OfflineError } from './offline-error.js';
import { inTime, openDatabase, resultOf, type DatabaseDeps } from './open-database.js';

export interface OfflineCopyInfo {
  /**
   * Of the database: the document's name, where the application has not named it otherwise. Copies of further users and
   * servers have that name with their own in brackets after it.
   */
  readonly name: string;
  /** Of what is stored, about. */
  readonly bytes: number;
  readonly rows: number;
  /** Wall time of this device, ms since the epoch. */
  readonly lastOpenedAt: number;
  /** It holds edits that the server may lack. */
  readonly hasUnsynced: boolean;
}

/** No document can be called so: `.` is no segment of a name. */
const catalogueName = './heddle';
const storeName = 'copies';

export class Catalogue {
  readonly #deps: DatabaseDeps;

  constructor(deps: DatabaseDeps) {
    this.#deps = deps;
  }

  /** Of databases that are still there. Rejects with OfflineError, as all here does. */
  async list(): Promise<OfflineCopyInfo[]> {
    const all = await this.#within('readonly', (store) => resultOf<OfflineCopyInfo[]>(store.getAll()));
    const names = await this.#databaseNames();
    const gone = all.filter(({ name }) => names?.has(name) === false);
    for (const { name } of gone) await this.remove(name);
    return all.filter((one) => !gone.includes(one));
  }

  async put(info: OfflineCopyInfo): Promise<void> {
    await this.#within('readwrite', (store) => resultOf(store.put(info)));
  }

  async remove(name: string): Promise<void> {
    await this.#within('readwrite', (store) => resultOf(store.delete(name)));
  }

  /** Undefined where the browser does not tell. */
  async #databaseNames(): Promise<ReadonlySet<string> | undefined> {
    const { factory } = this.#deps;
    if (typeof factory?.databases !== 'function') return undefined;
    const all = await factory.databases();
    return new Set(all.flatMap(({ name }) => (name === undefined ? [] : [name])));
  }

  /** Opened for each use: an open connection would be in the way of whoever clears the site's data. */
  async #within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    const create = (database: IDBDatabase): void => {
      database.createObjectStore(storeName, { keyPath: 'name' });
    };
    const database = await openDatabase(catalogueName, create, this.#deps);
    try {
      if (!database.objectStoreNames.contains(storeName))
        throw new OfflineError('OFFLINE_BLOCKED', 'the list of copies is of another version');
      const store = database.transaction(storeName, mode).objectStore(storeName);
      return await inTime(work(store), 'the list of copies did not answer', this.#deps);
    } finally {
      database.close();
    }
  }
}
