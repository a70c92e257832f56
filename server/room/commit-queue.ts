// Group commit: gathers what all rooms accepted and writes it as one batch, one batch at a time (D1). What becomes of a batch
// is one of three things. A document that failed alone ends its room, and the others go on (O7). A batch that the store did
// not answer for is written again, for a bounded time, and nothing is acknowledged meanwhile (O8). Anything else is the end.

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { Logger } from '../../shared/logger.js';
import { refusalOf, scopeOf, StoreError } from '../errors.js';
import type { Append, AppendOutcome, DocumentStore, LogRecord } from '../store/store.js';
import { commitTable, type CommitEvent, type CommitState } from './commit-state.js';
import { Milestones } from './milestones.js';
import type { StoreSilence } from './store-silence.js';

/** A log with something to write. */
export interface CommitSource {
  readonly document: DocumentName;
  readonly epoch: string;
  /**
   * Records accepted since the last call, in order; at least one. They are the queue's from now on: given to the store in
   * this turn, or dropped where the source has ended.
   */
  takeUncommitted(): LogRecord[];
  /** Everything up to this offset is durable. */
  durable(offset: number): void;
  /** The source must not go on: its records cannot be written, or its `durable` has thrown. Does not throw. */
  end(error: SyncError): void;
}

/** What is with the store, or waits to be given to it once more. */
interface Batch {
  readonly sources: readonly CommitSource[];
  readonly appends: readonly Append[];
  readonly bytes: number;
  /** Monotonic time at which the store first did not answer. */
  lostAt: number | undefined;
  attempts: number;
}

/** The more there is to write, the more a longer pace saves; with little, nobody should wait. */
const fewDocuments = 16;
const manyDocumentsFactor = 3.5;
const fewUpdates = 3;
const manyUpdatesFactor = 2.5;
/** How long to wait before a batch is written again: doubled each time, up to the second figure, ms. */
const firstRetryMs = 50;
const lastRetryMs = 2_000;

export class CommitQueue {
  readonly #store: DocumentStore;
  readonly #silence: StoreSilence;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #intervalMs: number;
  readonly #maxBytes: number;
  readonly #maxAwayMs: number;
  readonly #onFailure: (error: unknown) => void;
  #state: CommitState = 'idle';
  /** The batch that the store has, or is to be given again: in the states `writing` and `away`. */
  #batch: Batch | undefined;
  /** Fires when the next batch is to be written: in the states `due` and `away`. */
  #timer: Timer | undefined;
  /** Why the store can write nothing any more: in the state `failed`. */
  #failure: SyncError | undefined;
  /** Logs with records that are in no batch. */
  #dirty = new Set<CommitSource>();
  /** Bytes of all records that are not durable. */
  #bytes = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #updates = 0;
  /** How much longer than on a quiet server it is to the next commit, by what was in the last one. */
  #factor = 1;
  /** Batches so far; whoever settles waits for one of them. */
  #batches = 0;
  readonly #written = new Milestones();

  /**
   * `maxAwayMs`: how long a batch is written again. `onFailure` is called once, when the store cannot write: nothing is
   * acknowledged from then on.
   */
  constructor(deps: {
    store: DocumentStore;
    silence: StoreSilence;
    clock: Clock;
    logger: Logger;
    intervalMs: number;
    maxBytes: number;
    maxAwayMs: number;
    onFailure: (error: unknown) => void;
  }) {
    this.#store = deps.store;
    this.#silence = deps.silence;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#intervalMs = deps.intervalMs;
    this.#maxBytes = deps.maxBytes;
    this.#maxAwayMs = deps.maxAwayMs;
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
    if (this.#state === 'idle') this.#schedule();
  }

  /** The source has ended: its records that are in no batch are dropped. */
  remove(source: CommitSource): void {
    if (!this.#dirty.delete(source)) return;
    for (const { update } of source.takeUncommitted()) this.#bytes -= update.length;
    this.#rest();
  }

  /**
   * Writes what there is now, without waiting for its time, and resolves when that is durable, whatever is added meanwhile.
   * Rejects with SyncError STORE_UNAVAILABLE when the store has failed.
   */
  async settle(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const isNextNeeded = this.#dirty.size > 0;
    if (!isNextNeeded && this.#batch === undefined) return;
    const written = this.#written.wait(isNextNeeded ? this.#batches + 1 : this.#batches);
    if (this.#state === 'due') this.#write();
    await written;
  }

  get hasFailed(): boolean {
    return this.#state === 'failed';
  }

  /** Whether the event has a place in this state; if so, the state is the next one. */
  #move(event: CommitEvent): boolean {
    const next = commitTable[this.#state][event];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  #schedule(): void {
    if (!this.#move('added')) return;
    const waitMs = this.#startedAt + this.#intervalMs * this.#factor - this.#clock.monotonic();
    const number = this.#batches;
    const run = (): void => {
      // What runs soon cannot be cancelled, and `settle` may have come before it.
      if (this.#state === 'due' && this.#batches === number) this.#write();
    };
    if (waitMs <= 0) this.#clock.soon(run);
    else this.#timer = this.#clock.after(waitMs, run);
  }

  /** Gives the store a new batch, or the one it did not answer for. */
  #write(): void {
    if (!this.#move('time')) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const batch = (this.#batch ??= this.#nextBatch());
    batch.attempts++;
    this.#append(batch.appends).then(
      (outcomes) => this.#answered(batch, outcomes),
      (error: unknown) => this.#rejected(batch, error),
    );
  }

  /** A store that throws, or answers for other documents than it was asked, has failed. */
  async #append(appends: readonly Append[]): Promise<readonly AppendOutcome[]> {
    if (appends.length === 0) return [];
    const outcomes = await this.#silence.of(this.#store.append(appends));
    if (outcomes.length === appends.length) return outcomes;
    throw new Error(`the store answered for ${outcomes.length} of ${appends.length} appends`);
  }

  #nextBatch(): Batch {
    const sources = [...this.#dirty];
    this.#dirty = new Set();
    this.#batches++;
    this.#startedAt = this.#clock.monotonic();
    this.#factor = factorFor(sources.length, this.#updates);
    this.#updates = 0;
    const appends = sources.map((source) => ({
      document: source.document,
      epoch: source.epoch,
      records: source.takeUncommitted(),
    }));
    // Nothing else is on its way: all that is not durable is in this batch.
    return { sources, appends, bytes: this.#bytes, lostAt: undefined, attempts: 0 };
  }

  #answered(batch: Batch, outcomes: readonly AppendOutcome[]): void {
    if (!this.#move('answered')) return;
    this.#batch = undefined;
    this.#bytes -= batch.bytes;
    for (const [i, source] of batch.sources.entries()) tell(source, batch.appends[i], outcomes[i]);
    this.#written.reached(this.#batches);
    this.#rest();
  }

  /** After a batch, or when there is less to write: on to the next one, at once where somebody waits for it. */
  #rest(): void {
    if (this.#batch !== undefined || this.#failure !== undefined) return;
    if (this.#dirty.size === 0) return this.#written.reached(Infinity);
    if (this.#state === 'idle') this.#schedule();
    if (this.#written.isAwaited) this.#write();
  }

  #rejected(batch: Batch, error: unknown): void {
    const scope = scopeOf(error);
    // Not said of which of them: none of the batch is stored, and each is loaded anew.
    if (scope === 'document' && error instanceof StoreError)
      return this.#answered(
        batch,
        batch.appends.map(() => ({ kind: 'failed', error })),
      );
    if (scope !== 'again' || !this.#retryLater(batch, error)) this.#break(error);
  }

  /** False when the store has been away for too long. */
  #retryLater(batch: Batch, error: unknown): boolean {
    const now = this.#clock.monotonic();
    batch.lostAt ??= now;
    const leftMs = batch.lostAt + this.#maxAwayMs - now;
    if (leftMs <= 0) return false;
    if (!this.#move('lost')) return true;
    const { attempts } = batch;
    this.#logger.warn(
      { err: error, attempts },
      'the store is away: what it did not answer for is written again',
    );
    const waitMs = Math.min(firstRetryMs * 2 ** (attempts - 1), lastRetryMs, leftMs);
    this.#timer = this.#clock.after(waitMs, () => this.#write());
    return true;
  }

  /** An fsync that failed once must not be tried again and believed: from here on nothing is acknowledged. */
  #break(error: unknown): void {
    if (!this.#move('broken')) return;
    const sources = [...(this.#batch?.sources ?? []), ...this.#dirty];
    const failure = new SyncError('STORE_UNAVAILABLE', '', { cause: error });
    this.#batch = undefined;
    this.#failure = failure;
    this.#written.fail(failure);
    this.#onFailure(error);
    // Whoever waits for something to be durable waits for one of these.
    for (const source of sources) source.end(failure);
  }
}

/** Tells a source what became of its records. Does not throw: the other sources of the batch wait for their answer. */
function tell(source: CommitSource, append: Append | undefined, outcome: AppendOutcome | undefined): void {
  if (outcome?.kind === 'failed') return source.end(refusalOf(outcome.error));
  try {
    source.durable(append?.records.at(-1)?.offset ?? 0);
  } catch (cause) {
    source.end(new SyncError('INTERNAL', '', { cause }));
  }
}

function factorFor(documents: number, updates: number): number {
  if (documents > fewDocuments) return manyDocumentsFactor;
  return updates > fewUpdates ? manyUpdatesFactor : 1;
}
