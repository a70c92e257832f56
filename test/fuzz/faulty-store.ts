// A store in front of another one that can be slow, fail, and be pulled away as a crash would: what was not durable by
// then never happened. The store behind it outlives it, as a disk outlives a process.

import { StoreError } from '../../server/errors.js';
import type {
  Append,
  AppendOutcome,
  Checkpoint,
  DocumentStore,
  DocumentSummary,
  ListOptions,
  LogRecord,
  StoredDocument,
} from '../../server/store/store.js';
import type { DocumentName } from '../../shared/document-name.js';

export class FaultyStore implements DocumentStore {
  /** Calls so far. */
  appends = 0;
  loads = 0;
  checkpoints = 0;
  /** So many of the next loads fail, as a disk that is away. */
  failingLoads = 0;
  readonly #inner: DocumentStore;
  readonly #delayMs: () => number;
  #isHeld = false;
  #isGone = false;
  #waiting: (() => void)[] = [];

  /** `delayMs` is asked before every append. */
  constructor(inner: DocumentStore, delayMs: () => number = () => 0) {
    this.#inner = inner;
    this.#delayMs = delayMs;
  }

  /** Nothing becomes durable from now on, until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** The process is gone: what waits is lost, and nothing works any more. */
  crash(): void {
    this.#isGone = true;
    this.release();
  }

  newEpoch(): string {
    return this.#inner.newEpoch();
  }

  async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    this.#assertHere();
    this.appends++;
    const delayMs = this.#delayMs();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#assertHere();
    return this.#inner.append(batch);
  }

  async load(document: DocumentName): Promise<StoredDocument | undefined> {
    this.#assertHere();
    this.loads++;
    if (this.failingLoads > 0) {
      this.failingLoads--;
      throw new StoreError('STORE_IO', 'the disk is away');
    }
    return this.#inner.load(document);
  }

  async replace(document: DocumentName, checkpoint: Checkpoint, keepFrom?: number): Promise<void> {
    this.#assertHere();
    await this.#inner.replace(document, checkpoint, keepFrom);
    this.checkpoints++;
  }

  async loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    this.#assertHere();
    return this.#inner.loadKept(document, after);
  }

  async delete(document: DocumentName): Promise<void> {
    this.#assertHere();
    await this.#inner.delete(document);
  }

  async list(options?: ListOptions): Promise<DocumentSummary[]> {
    this.#assertHere();
    return this.#inner.list(options);
  }

  async getState(key: string): Promise<Uint8Array | undefined> {
    this.#assertHere();
    return this.#inner.getState(key);
  }

  async setState(key: string, value: Uint8Array | undefined): Promise<void> {
    this.#assertHere();
    await this.#inner.setState(key, value);
  }

  /** The store behind stays open. */
  async close(): Promise<void> {
    this.#isGone = true;
  }

  #assertHere(): void {
    if (this.#isGone) throw new StoreError('STORE_CLOSED', 'the store is gone');
  }
}
