// Makes checkpoints in a worker thread, one at a time: the only place where a stored document becomes a Y.Doc on its own.

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../shared/clock.js';

/** What the worker is asked. */
export interface CheckpointRequest {
  /** In causal order; together the whole document. */
  readonly updates: readonly Uint8Array[];
  /** Whether deleted content may be dropped. */
  readonly gc: boolean;
  readonly partBytes: number;
}

export interface CheckpointResult {
  /** The whole document as one update. */
  readonly update: Uint8Array;
  /** The same, cut for sending; just the update itself when it is small. */
  readonly parts: readonly Uint8Array[];
}

export type CheckpointReply = { readonly result: CheckpointResult } | { readonly error: string };

interface Job {
  readonly request: CheckpointRequest;
  resolve(result: CheckpointResult): void;
  reject(error: Error): void;
}

/** Runs checkpoint jobs. */
export interface Checkpointer {
  /** Rejects when the document cannot be merged, or takes too long to. */
  merge(request: CheckpointRequest): Promise<CheckpointResult>;
  close(): Promise<void>;
}

export class WorkerCheckpointer implements Checkpointer {
  readonly #clock: Clock;
  readonly #maxMs: number;
  readonly #jobs: Job[] = [];
  #running: Job | undefined;
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  /** `maxMs`: a job that takes longer is given up and its worker ended. */
  constructor(deps: { clock: Clock; maxMs: number }) {
    this.#clock = deps.clock;
    this.#maxMs = deps.maxMs;
  }

  merge(request: CheckpointRequest): Promise<CheckpointResult> {
    if (this.#isClosed) return Promise.reject(new Error('the checkpointer is closed'));
    return new Promise((resolve, reject) => {
      this.#jobs.push({ request, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#abandon(new Error('the checkpointer was closed'));
    for (const job of this.#jobs.splice(0)) job.reject(new Error('the checkpointer was closed'));
    await worker?.terminate();
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const job = this.#jobs.shift();
    if (job === undefined) return;
    this.#running = job;
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#timer = this.#clock.after(this.#maxMs, () =>
      this.#abandon(new Error(`merging took longer than ${this.#maxMs} ms`)),
    );
    this.#worker.postMessage(job.request);
  }

  #start(): Worker {
    // Through the package's import map, so that the compiled worker is found from the sources as well.
    const worker = new Worker(createRequire(import.meta.url).resolve('#checkpoint-worker'));
    worker.on('message', (reply: CheckpointReply) => {
      // One that was given up may still have had its answer under way.
      if (worker === this.#worker) this.#settle(reply);
    });
    worker.on('error', (error) => {
      if (worker === this.#worker) this.#abandon(error instanceof Error ? error : new Error(String(error)));
    });
    return worker;
  }

  #settle(reply: CheckpointReply): void {
    const job = this.#running;
    this.#running = undefined;
    this.#timer?.cancel();
    this.#worker?.unref();
    if ('result' in reply) job?.resolve(reply.result);
    else job?.reject(new Error(reply.error));
    this.#next();
  }

  /** The worker is lost, and the job it was at. */
  #abandon(error: Error): void {
    const worker = this.#worker;
    const job = this.#running;
    this.#worker = undefined;
    this.#running = undefined;
    this.#timer?.cancel();
    if (worker !== undefined) void worker.terminate();
    job?.reject(error);
    if (!this.#isClosed) this.#next();
  }
}
