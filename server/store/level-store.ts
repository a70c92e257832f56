// The default store: documents in LevelDB in one data directory. Owns the order of writes and the failed state;
// documents, keys, values and files are the business of its neighbours.

import { StoreError } from '../errors.js';
import type { Clock, Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { checkAppends, checkCheckpoint } from './append-rules.js';
import { WriteQueue } from './write-queue.js';
import type { Change } from './write-queue.js';
import { randomEpoch } from './data-directory.js';
import { toStoreError } from './disk-errors.js';
import type { Operation } from './level-database.js';
import { DocumentChanges } from './level-changes.js';
import { readKept } from './level-kept.js';
import { stateKey } from './level-keys.js';
import { openDirectory } from './level-open.js';
import type { OpenedDirectory } from './level-open.js';
import { listDocuments, readEverything, readState, readStates, verifyStore } from './level-reads.js';
import type { DocumentItem, StateItem, StoreItem, StoreProblem } from './level-reads.js';
import { encodeBytes } from './record-codec.js';
import type { Append, AppendOutcome, Checkpoint, DocumentStore, DocumentSummary } from './store.js';
import type { Durability, ListOptions, LogRecord, StoredDocument } from './store.js';

/** How often `durability: 'interval'` syncs, ms. */
const syncPeriodMs = 1000;

/** How a store is opened and what its acknowledgements are worth. */
export interface LevelStoreOptions {
  readonly directory: string;
  readonly durability: Durability;
  readonly clock: Clock;
  /** Begin a store where there is none. Default true. */
  readonly createIfMissing?: boolean;
  /**
   * Open a store that has lost commits to damaged files instead of refusing it. Every document gets a new epoch, so
   * that clients offer what they still have. Default false.
   */
  readonly acceptLoss?: boolean;
}

/** Opens the store in a directory, or creates it. Throws StoreError. */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  const { directory, durability, clock, createIfMissing = true, acceptLoss = false } = options;
  const isSynced = durability === 'fsync';
  const opened = await openDirectory({ directory, isSynced, createIfMissing, acceptLoss, now: clock.now() });
  return new LevelStore(opened, durability, clock);
}

/** A store in LevelDB. Made by `openLevelStore`. */
export class LevelStore implements DocumentStore {
  readonly directory: string;
  /** Part of every document's epoch. New after a restore. */
  readonly epoch: string;
  readonly #opened: OpenedDirectory;
  readonly #durability: Durability;
  readonly #writes: WriteQueue;
  readonly #changes: DocumentChanges;
  readonly #reads = new Set<Promise<unknown>>();
  readonly #syncTimer: Timer | undefined;
  #hasUnsynced = false;
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;

  /** For `openLevelStore` and for tests that put a failing database underneath. */
  constructor(opened: OpenedDirectory, durability: Durability, clock: Clock) {
    this.#opened = opened;
    this.#durability = durability;
    this.#changes = new DocumentChanges(opened.database, opened.directory);
    this.directory = opened.directory;
    this.epoch = opened.identity.epoch;
    this.#writes = new WriteQueue(opened.database, {
      stamp: () => opened.ledger.next(),
      committed: (wasSynced) => this.#committed(wasSynced),
      failed: (thrown) => (this.#failure ??= toStoreError(thrown, this.directory)),
    });
    if (durability === 'interval') this.#syncTimer = clock.every(syncPeriodMs, () => this.#syncSoon());
  }

  newEpoch(): string {
    return `${this.epoch}${randomEpoch()}`;
  }

  async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    this.#assertUsable();
    checkAppends(batch);
    let outcomes: readonly AppendOutcome[] = [];
    if (batch.length === 0) return outcomes;
    const prepare = async (): Promise<readonly Operation[]> => {
      const planned = await this.#changes.append(batch, this.epoch);
      ({ outcomes } = planned);
      return planned.operations;
    };
    // Also where nothing is new: what is told to be stored may have been written without a sync.
    await this.#commit({ joins: true, sync: this.#durability === 'fsync', prepare });
    return outcomes;
  }

  load(document: DocumentName): Promise<StoredDocument | undefined> {
    return this.#read(async () => {
      const found = await this.#changes.load(document);
      if (!found) return undefined;
      return {
        epoch: `${this.epoch}${found.meta.epoch}`,
        checkpoint: found.checkpoint,
        records: found.records,
      };
    });
  }

  async replace(
    document: DocumentName,
    checkpoint: Checkpoint,
    keepFrom = checkpoint.offset + 1,
  ): Promise<void> {
    this.#assertUsable();
    checkCheckpoint(document, checkpoint, keepFrom);
    await this.#commit({
      joins: false,
      sync: true,
      prepare: () => this.#changes.replace(document, checkpoint, keepFrom),
    });
  }

  loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    return this.#read(() => readKept(this.#opened.database, document, after));
  }

  async delete(document: DocumentName): Promise<void> {
    this.#assertUsable();
    await this.#commit({ joins: false, sync: true, prepare: () => this.#changes.delete(document) });
  }

  list(options: ListOptions = {}): Promise<DocumentSummary[]> {
    return this.#read(() => listDocuments(this.#opened.database, options));
  }

  getState(key: string): Promise<Uint8Array | undefined> {
    return this.#read(() => readState(this.#opened.database, key));
  }

  async setState(key: string, value: Uint8Array | undefined): Promise<void> {
    this.#assertUsable();
    await this.setStates(new Map([[key, value]]));
  }

  async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#assertUsable();
    const operations = [...changes].map(([key, value]) => putState(key, value));
    await this.#commit({ joins: true, sync: true, prepare: () => operations });
  }

  listState(prefix: string): AsyncGenerator<readonly [string, Uint8Array]> {
    return this.#stream(() => readStates(this.#opened.database, prefix));
  }

  /** Everything as of one moment, for backups: one document in memory at a time. */
  readAll(): AsyncGenerator<StoreItem> {
    return this.#stream(() => readEverything(this.#opened.database));
  }

  /** Checks every key and value and reports what is not as it was written. Changes nothing. */
  verify(): AsyncGenerator<StoreProblem> {
    return this.#stream(() => verifyStore(this.#opened.database));
  }

  /** Takes a piece of a backup as it was. A document must not exist yet. Durable only at `close`. */
  async put(item: StateItem | DocumentItem): Promise<void> {
    this.#assertUsable();
    const prepare = () =>
      item.kind === 'state' ? [putState(item.key, item.value)] : this.#changes.put(item);
    await this.#commit({ joins: true, sync: false, prepare });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { database, ledger, hold } = this.#opened;
    this.#syncTimer?.cancel();
    await this.#writes.idle();
    await Promise.allSettled(this.#reads);
    try {
      if (this.#hasUnsynced && !this.#failure) await this.#writes.submit(emptySync);
      await database.close();
    } catch (error) {
      throw toStoreError(error, this.directory);
    } finally {
      ledger.close();
      await hold.release();
    }
  }

  #committed(wasSynced: boolean): void {
    this.#hasUnsynced = !wasSynced;
    if (wasSynced) this.#opened.ledger.witness();
    this.#changes.committed();
  }

  #syncSoon(): void {
    if (!this.#hasUnsynced || this.#failure || this.#closing) return;
    // A failure here is not lost: it fails the store, and every later call is told.
    this.#writes.submit(emptySync).catch(() => {});
  }

  async #commit(change: Change): Promise<void> {
    try {
      await this.#writes.submit(change);
    } catch (error) {
      throw this.#fault(error);
    }
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    this.#assertUsable();
    const reading = read();
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (error) {
      throw this.#fault(error);
    } finally {
      this.#reads.delete(reading);
    }
  }

  /** Not waited for by `close`, which would wait for ever for one that was left: it ends in STORE_CLOSED then. */
  async *#stream<T>(open: () => AsyncGenerator<T>): AsyncGenerator<T> {
    this.#assertUsable();
    try {
      yield* open();
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #fault(thrown: unknown): StoreError {
    if (thrown instanceof TypeError) throw thrown;
    if (thrown instanceof StoreError) return thrown;
    return this.#closing ? closedError(this.directory) : toStoreError(thrown, this.directory);
  }

  #assertUsable(): void {
    if (this.#closing) throw closedError(this.directory);
    if (this.#failure) throw this.#failure;
  }
}

const emptySync: Change = { joins: true, sync: true, prepare: () => [] };

function putState(key: string, value: Uint8Array | undefined): Operation {
  const levelKey = stateKey(key);
  return value ? { key: levelKey, value: encodeBytes(levelKey, value) } : { key: levelKey };
}

function closedError(directory: string): StoreError {
  return new StoreError('STORE_CLOSED', `the store in ${directory} is closed`);
}
