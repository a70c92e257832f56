// Does the work of the document worker in several threads. Threads start when there is work and end when there has been none
// for a while. A job over its budget loses its thread, and the next job gets a new one (V1, V2).

import { availableParallelism } from 'node:os';
import type * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type {
  DocumentWorker,
  Edited,
  Merged,
  MergeRequest,
  OperateRequest,
  Tried,
  TryRequest,
  WholeDocument,
} from '../room/document-worker.js';
import { JobQueue, type Lane } from './job-queue.js';
import { startWorkerThread, type StartThread } from './pool-thread.js';
import { Seat, type Job } from './seat.js';
import { processCpuMs } from './stopwatch.js';
import { Suspects } from './suspects.js';
import type { Result, Results, Task } from './thread-messages.js';

export interface PoolDeps {
  readonly clock: Clock;
  /** CPU time up to which the embedder's copy of a document may hold the server's thread while it is built, ms. */
  readonly maxCopyMs: number;
  /** How many threads there are at most; at least two. */
  readonly size?: number;
  readonly start?: StartThread;
  /** CPU time that the process has used, ms. */
  readonly cpuMs?: () => number;
}

/** The first seat prefers long jobs, and the others prefer trials; the last one takes no long job at all. */
const firstLanes: readonly Lane[] = ['long', 'trial', 'suspect'];
const middleLanes: readonly Lane[] = ['trial', 'long', 'suspect'];
const lastLanes: readonly Lane[] = ['trial'];

export class WorkerPool implements DocumentWorker {
  readonly #maxCopyMs: number;
  readonly #queue = new JobQueue<Job>();
  readonly #seats: readonly Seat[];
  readonly #documents: Suspects<DocumentName>;
  /** Users whose updates were too costly. */
  readonly #authors: Suspects<string>;
  #isClosed = false;

  constructor({ clock, maxCopyMs, size = defaultSize(), start, cpuMs }: PoolDeps) {
    if (size < 2) throw new TypeError('the pool needs two threads, so that no document has all');
    this.#maxCopyMs = maxCopyMs;
    this.#documents = new Suspects(clock);
    this.#authors = new Suspects(clock);
    const deps = {
      clock,
      cpuMs: cpuMs ?? processCpuMs,
      start: start ?? startWorkerThread,
      freed: () => this.#fill(),
      wentOver: (document: DocumentName) => this.#documents.add(document),
    };
    this.#seats = Array.from({ length: size }, () => new Seat(deps));
  }

  merge(document: DocumentName, request: MergeRequest): Promise<Merged> {
    return this.#do({ document, lane: 'long' }, { kind: 'merge', request });
  }

  async try(document: DocumentName, request: TryRequest, author?: string): Promise<Tried> {
    try {
      return await this.#do({ document, lane: 'trial', author }, { kind: 'try', request });
    } catch (error) {
      if (author !== undefined && error instanceof SyncError && error.code === 'UPDATE_TOO_COSTLY')
        this.#authors.add(author);
      throw error;
    }
  }

  async read(document: DocumentName, request: WholeDocument): Promise<Y.Doc> {
    const update = await this.#vouchFor(document, request);
    // Loaded when used, as it brings Yjs, which serving clients does not need.
    const { copyOf } = await import('./embedder-copy.js');
    return copyOf(update, request.gc);
  }

  async edit<T>(
    document: DocumentName,
    request: WholeDocument,
    use: (ydoc: Y.Doc) => T | Promise<T>,
  ): Promise<Edited<T>> {
    const update = await this.#vouchFor(document, request);
    const { editCopy } = await import('./embedder-copy.js');
    return editCopy(update, request.gc, use);
  }

  operate(document: DocumentName, request: OperateRequest): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#do({ document, lane: 'long' }, { kind: 'operate', request });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const error = closed();
    for (const job of this.#queue.clear()) job.reject(error);
    await Promise.all(this.#seats.map((seat) => seat.close(error)));
  }

  /** The document as one update that loads quickly. */
  async #vouchFor(document: DocumentName, request: WholeDocument): Promise<Uint8Array> {
    const { update, loadMs } = await this.#do({ document, lane: 'long' }, { kind: 'copy', request });
    if (loadMs > this.#maxCopyMs)
      throw new SyncError(
        'DOCUMENT_TOO_COSTLY',
        `a copy would hold the server for ${Math.ceil(loadMs)} ms, and maxCopyMs is ${this.#maxCopyMs}`,
      );
    return update;
  }

  #do<K extends Task['kind']>(
    { document, lane, author }: { document: DocumentName; lane: Lane; author?: string | undefined },
    task: Extract<Task, { kind: K }>,
  ): Promise<Results[K]> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#queue.add({
        document,
        author,
        lane: this.#isSuspect(document, author) ? 'suspect' : lane,
        task,
        // A thread answers a task with the result of its kind.
        resolve: (result: Result) => resolve(result as Results[K]),
        reject,
      });
      this.#fill();
    });
  }

  #isSuspect(document: DocumentName, author: string | undefined): boolean {
    return this.#documents.has(document) || (author !== undefined && this.#authors.has(author));
  }

  /** Gives free seats work. One document never holds all seats. */
  #fill(): void {
    if (this.#isClosed) return;
    const mayRun = (document: DocumentName): boolean => {
      const held = this.#seats.filter((seat) => seat.document === document).length;
      return held < this.#seats.length - 1;
    };
    // The last seat first, so that a trial leaves the first one to long jobs.
    for (let i = this.#seats.length - 1; i >= 0 && this.#queue.size > 0; i--) {
      const seat = this.#seats[i];
      if (seat === undefined || seat.isBusy) continue;
      const job = this.#queue.take(this.#lanesOf(i), mayRun);
      if (job !== undefined) seat.run(job);
    }
  }

  #lanesOf(seat: number): readonly Lane[] {
    if (seat === 0) return firstLanes;
    return seat === this.#seats.length - 1 ? lastLanes : middleLanes;
  }
}

function closed(): SyncError {
  return new SyncError('DRAINING', 'the server is closing');
}

/** A thread for each core, but for a few on large machines, as each has a heap of its own. */
function defaultSize(): number {
  return Math.min(Math.max(availableParallelism(), 2), 8);
}
