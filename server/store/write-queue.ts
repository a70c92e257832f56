// One write batch in flight, whatever the callers do: LevelDB would hold a thread of the pool for each one waiting, and
// token checks and file reads share that pool. What comes in meanwhile is joined into the next batch.

import type { StoreError } from '../errors.js';
import type { LevelDatabase, Operation } from './level-database.js';

/** Above this a joined batch is not added to, bytes. */
const maxJoinedBytes = 8 * 1024 * 1024;

/** One change, atomic for itself. */
export interface Change {
  /** Joins others into one batch; otherwise it is prepared and written alone, seeing everything before it. */
  readonly joins: boolean;
  /** Must be on the disk when it is done. */
  readonly sync: boolean;
  /** Works out what to write when it is its turn. Throwing refuses the change, and only it. */
  prepare(): Promise<readonly Operation[]> | readonly Operation[];
}

/** What the queue needs from its owner. */
export interface WriteHooks {
  /** The put that belongs to every commit. */
  stamp(): Required<Operation>;
  committed(wasSynced: boolean): void;
  /** A batch failed: the error everything gets from now on. */
  failed(thrown: unknown): StoreError;
}

interface Job {
  readonly change: Change;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes changes in the order they were submitted. */
export class WriteQueue {
  readonly #database: LevelDatabase;
  readonly #hooks: WriteHooks;
  #waiting: Job[] = [];
  #running: Promise<void> | undefined;
  #failure: StoreError | undefined;

  constructor(database: LevelDatabase, hooks: WriteHooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /** Resolves when the change is committed; rejects when it was refused, or the queue has failed. */
  submit(change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or in flight. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // lets callers of the same turn share the first batch
    while (this.#waiting.length > 0) await this.#commitNext();
    this.#running = undefined;
  }

  async #commitNext(): Promise<void> {
    const accepted: Job[] = [];
    const operations: Operation[] = [];
    let bytes = 0;
    let sync = false;
    for (let job = this.#waiting[0]; job; job = this.#waiting[0]) {
      if (accepted.length > 0 && (!job.change.joins || bytes > maxJoinedBytes)) break;
      this.#waiting.shift();
      const prepared = await this.#prepare(job);
      if (!prepared) continue;
      for (const operation of prepared) {
        bytes += operation.key.byteLength + (operation.value?.byteLength ?? 0);
        operations.push(operation);
      }
      accepted.push(job);
      sync ||= job.change.sync;
      if (!job.change.joins) break;
    }
    if (accepted.length > 0) await this.#write(operations, sync, accepted);
  }

  async #prepare({ change, reject }: Job): Promise<readonly Operation[] | undefined> {
    if (this.#failure) {
      reject(this.#failure);
      return undefined;
    }
    try {
      return await change.prepare();
    } catch (error) {
      reject(error);
      return undefined;
    }
  }

  async #write(operations: readonly Operation[], sync: boolean, jobs: readonly Job[]): Promise<void> {
    try {
      await this.#commit(operations, sync);
      this.#hooks.committed(sync);
      for (const job of jobs) job.resolve();
    } catch (thrown) {
      // An fsync that failed once must not be believed later: nothing is written any more until the store is reopened.
      this.#failure = this.#hooks.failed(thrown);
      for (const job of jobs) job.reject(this.#failure);
    }
  }

  async #commit(operations: readonly Operation[], sync: boolean): Promise<void> {
    const batch = this.#database.batch();
    const stamp = this.#hooks.stamp();
    for (const { key, value } of operations) {
      if (value) batch.put(key, value);
      else batch.del(key);
    }
    batch.put(stamp.key, stamp.value);
    await batch.write({ sync });
  }
}
