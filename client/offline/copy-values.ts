// What an application keeps beside a document in its copy, as y-indexeddb's `get`, `set` and `del` do: in the same place of the same
// database, so that the values of y-indexeddb are found and those written here are found by it.

import { recordKey } from './copy-database.js';
import type { CopyRows } from './copy-rows.js';

/** As y-indexeddb takes them. */
export type ValueKey = string | number | ArrayBuffer | Date;

export class CopyValues {
  readonly #rows: () => Promise<CopyRows>;

  /** `rows`: the database, once the copy has been read. Rejects with OfflineError where it cannot be used. */
  constructor(rows: () => Promise<CopyRows>) {
    this.#rows = rows;
  }

  /** Undefined when there is none. Rejects with OfflineError. */
  async get(key: ValueKey): Promise<unknown> {
    refuseOwn(key);
    return (await this.#rows()).read((transaction) => transaction.value(key));
  }

  /** Resolves when it is stored: anything that can be cloned. Rejects with OfflineError. */
  async set(key: ValueKey, value: unknown): Promise<void> {
    refuseOwn(key);
    await (await this.#rows()).change((transaction) => transaction.putValue(key, value));
  }

  /** Resolves when there is none any more. Rejects with OfflineError. */
  async del(key: ValueKey): Promise<void> {
    refuseOwn(key);
    await (await this.#rows()).change((transaction) => transaction.deleteValue(key));
  }
}

function refuseOwn(key: ValueKey): void {
  if (key === recordKey)
    throw new TypeError(`the key ${recordKey} is taken: the copy has its own record there`);
}
