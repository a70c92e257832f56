// Group commit: gathers what all rooms accepted and writes it as one batch, one batch at a time (D1).

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { Append, DocumentStore, LogRecord } from '../store/store.js';

/** A log with something to write. */
export interface CommitSource {
  readonly document: DocumentName;
  readonly epoch: string;
  /** Records accepted since the last call, in order; at least one. They are the queue's from now on. */
  takeUncommitted(): LogRecord[];
  /** Everything up to this offset is durable. */
  committed(offset: number): void;
}

/** The more there is to write, the more a longer pace saves; with little, nobody should wait. */
const fewDocuments = 16;
const manyDocumentsFactor = 3.5;
const fewUpdates = 3;
const manyUpdatesFactor = 2.5;

export class CommitQueue {
  readonly #store: DocumentStore;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #maxBytes: number;
  readonly #onFailure: (error: unknown) => void;
  #dirty = new Set<CommitSource>();
  #bytes = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #updates = 0;
  /** How much longer than on a quiet server it is to the next commit, by what was in the last one. */
  #factor = 1;
  #isScheduled = false;
  #timer: Timer | undefined;
  #inFlight: Promise<void> | undefined;
  #failure: SyncError | undefined;

  /** `onFailure` is called once, when the store could not write: nothing is acknowledged from then on. */
  constructor(deps: {
    store: DocumentStore;
    clock: Clock;
    intervalMs: number;
    maxBytes: number;
    onFailure: (error: unknown) => void;
  }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#intervalMs = deps.intervalMs;
    this.#maxBytes = deps.maxBytes;
    this.#onFailure = deps.onFailure;
  }

  /** Throws when nothing more can be accepted: the store has failed, or is so slow that too much waits for it (O2). */
  checkCapacity(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#bytes > this.#maxBytes) throw new SyncError('STORE_UNAVAILABLE', 'the store is not keeping up');
  }

  /** The source has accepted one more record, of this size. */
  add(source: CommitSource, bytes: number): void {
    this.#dirty.add(source);
    this.#updates++;
    this.#bytes += bytes;
    this.#schedule();
  }

  /** Writes what is there and waits for it. */
  async drain(): Promise<void> {
    while ((this.#dirty.size > 0 || this.#inFlight !== undefined) && this.#failure === undefined) {
      await (this.#inFlight ?? this.#commit());
    }
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#inFlight !== undefined || this.#failure !== undefined) return;
    this.#isScheduled = true;
    const run = (): void => {
      this.#isScheduled = false;
      if (this.#dirty.size > 0 && this.#inFlight === undefined) void this.#commit();
    };
    const waitMs = this.#startedAt + this.#intervalMs * this.#factor - this.#clock.monotonic();
    if (waitMs <= 0) this.#clock.soon(run);
    else this.#timer = this.#clock.after(waitMs, run);
  }

  /** Never rejects. */
  #commit(): Promise<void> {
    this.#timer?.cancel();
    this.#isScheduled = false;
    const sources = [...this.#dirty];
    this.#dirty = new Set();
    const bytes = this.#bytes;
    this.#startedAt = this.#clock.monotonic();
    this.#factor = factorFor(sources.length, this.#updates);
    this.#updates = 0;
    const batch: Append[] = sources.map((source) => ({
      document: source.document,
      epoch: source.epoch,
      records: source.takeUncommitted(),
    }));
    this.#inFlight = this.#store.append(batch).then(
      (outcomes) => {
        const failed = outcomes.find((outcome) => outcome.kind === 'failed');
        if (failed?.kind === 'failed') this.#fail(failed.error);
        else this.#succeed(sources, batch, bytes);
      },
      (error: unknown) => this.#fail(error),
    );
    return this.#inFlight;
  }

  #succeed(sources: readonly CommitSource[], batch: readonly Append[], bytes: number): void {
    this.#inFlight = undefined;
    this.#bytes -= bytes;
    for (const [i, source] of sources.entries()) {
      const last = batch[i]?.records.at(-1);
      if (last !== undefined) source.committed(last.offset);
    }
    if (this.#dirty.size > 0) this.#schedule();
  }

  /** An fsync that failed once must not be tried again and believed: from here on nothing is acknowledged. */
  #fail(error: unknown): void {
    this.#inFlight = undefined;
    this.#failure = new SyncError('STORE_UNAVAILABLE', '', { cause: error });
    this.#onFailure(error);
  }
}

function factorFor(documents: number, updates: number): number {
  if (documents > fewDocuments) return manyDocumentsFactor;
  return updates > fewUpdates ? manyUpdatesFactor : 1;
}
