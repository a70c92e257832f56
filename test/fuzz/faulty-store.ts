// A store in front of another one that can be slow, fail, leave an append unanswered, refuse one document of a batch, and be
// pulled away as a crash would: what was not durable by then never happened. The store behind it outlives it, as a disk outlives a process.

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

/**
 * What goes wrong with an append. refused: one document of it fails alone. away: nothing is written, and there is no answer.
 * unanswered: it is written, and there is no answer.
 */
export type AppendFault = 'refused' | 'away' | 'unanswered';

export class FaultyStore implements DocumentStore {
  /** Calls so far. */
  appends = 0;
  loads = 0;
  checkpoints = 0;
  /** So many of the next loads fail, as a disk that is away. */
  failingLoads = 0;
  readonly #inner: DocumentStore;
  readonly #delayMs: () => number;
  readonly #fault: () => AppendFault | undefined;
  #isCalm = false;
  #isHeld = false;
  #isGone = false;
  #waiting: (() => void)[] = [];

  /** Both are asked before every append. */
  constructor(
    inner: DocumentStore,
    delayMs: () => number = () => 0,
    fault: () => AppendFault | undefined = () => undefined,
  ) {
    this.#inner = inner;
    this.#delayMs = delayMs;
    this.#fault = fault;
  }

  /** Nothing becomes durable from now on, until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** No append goes wrong from now on. */
  calm(): void {
    this.#isCalm = true;
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
    const fault = this.#isCalm ? undefined : this.#fault();
    if (fault === 'away') throw new StoreError('STORE_AWAY', 'no connection');
    if (fault === 'refused') return this.#appendRest(batch);
    const outcomes = await this.#inner.append(batch);
    if (fault === 'unanswered') throw new StoreError('STORE_AWAY', 'no answer');
    return outcomes;
  }

  /** The first document of the batch fails alone. */
  async #appendRest(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    const outcomes = await this.#inner.append(batch.slice(1));
    return [{ kind: 'failed', error: new StoreError('STORE_CONFLICT', 'refused') }, ...outcomes];
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

  async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#assertHere();
    await this.#inner.setStates(changes);
  }

  listState(prefix: string): ReturnType<DocumentStore['listState']> {
    this.#assertHere();
    return this.#inner.listState(prefix);
  }

  /** The store behind stays open. */
  async close(): Promise<void> {
    this.#isGone = true;
  }

  #assertHere(): void {
    if (this.#isGone) throw new StoreError('STORE_CLOSED', 'the store is gone');
  }
}
