// A place for one thread, and the job the thread is at. Watches the job's budget.
//
//   empty --run--> busy --answer--> idle --run--> busy
//   busy --over budget, thread died--> empty        idle --unused for a while--> empty

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import { budgetOf } from './budgets.js';
import type { Queued } from './job-queue.js';
import type { PoolThread, StartThread } from './pool-thread.js';
import { Stopwatch } from './stopwatch.js';
import type { Reply, Result, Task } from './thread-messages.js';

export interface Job extends Queued {
  readonly task: Task;
  resolve(result: Result): void;
  reject(error: Error): void;
}

type State =
  | { readonly kind: 'empty' }
  | { readonly kind: 'idle'; readonly thread: PoolThread; readonly timer: Timer }
  | { readonly kind: 'busy'; readonly thread: PoolThread; readonly job: Job; isLoaded: boolean };

/** A thread without work is ended after this long: it holds some ten megabytes, and starting one takes a tenth of a second. */
const idleMs = 30_000;
/** How often a job at the end of its budget by the clock is looked at again, when it has not had the CPU time yet. */
const lookAgainMs = 20;

export interface SeatDeps {
  readonly clock: Clock;
  readonly cpuMs: () => number;
  readonly start: StartThread;
  /** The job of the seat is over, and its caller has been told. */
  readonly freed: () => void;
  /** A job of this document took more than its budget. */
  readonly wentOver: (document: DocumentName) => void;
}

export class Seat {
  readonly #deps: SeatDeps;
  #state: State = { kind: 'empty' };
  #watch: Timer | undefined;

  constructor(deps: SeatDeps) {
    this.#deps = deps;
  }

  /** The document whose job is under way. */
  get document(): DocumentName | undefined {
    return this.#state.kind === 'busy' ? this.#state.job.document : undefined;
  }

  get isBusy(): boolean {
    return this.#state.kind === 'busy';
  }

  /** Begins a job. The seat must not be busy. */
  run(job: Job): void {
    const thread = this.#takeThread();
    this.#state = { kind: 'busy', thread, job, isLoaded: false };
    thread.keepAlive(true);
    thread.post(job.task);
    this.#watchFor(budgetOf(job.task).documentMs);
  }

  /** Gives up the job and ends the thread. */
  async close(error: Error): Promise<void> {
    const state = this.#state;
    if (state.kind === 'empty') return;
    this.#leave();
    if (state.kind === 'busy') state.job.reject(error);
    await state.thread.end();
  }

  #takeThread(): PoolThread {
    const state = this.#state;
    if (state.kind === 'idle') {
      state.timer.cancel();
      return state.thread;
    }
    const thread: PoolThread = this.#deps.start({
      reply: (reply) => this.#hear(reply),
      died: (error) => this.#lose(error),
    });
    return thread;
  }

  #hear(reply: Reply): void {
    const state = this.#state;
    if (state.kind !== 'busy') return;
    if (reply.kind === 'loaded') {
      state.isLoaded = true;
      return this.#watchFor(budgetOf(state.job.task).updateMs);
    }
    const { thread, job } = state;
    this.#watch?.cancel();
    this.#watch = undefined;
    thread.keepAlive(false);
    this.#state = { kind: 'idle', thread, timer: this.#deps.clock.after(idleMs, () => this.#endIdle()) };
    if (reply.kind === 'done') job.resolve(reply.result);
    else
      job.reject(
        reply.code === undefined ? new Error(reply.detail) : new SyncError(reply.code, reply.detail),
      );
    this.#deps.freed();
  }

  #endIdle(): void {
    if (this.#state.kind !== 'idle') return;
    const { thread } = this.#state;
    this.#leave();
    void thread.end();
  }

  /** The thread ended on its own: it needed more memory than it may have, or it could not start. */
  #lose(error: Error): void {
    const state = this.#state;
    this.#leave();
    if (state.kind !== 'busy') return;
    if (isOutOfMemory(error)) this.#blame(state.job, state.isLoaded, 'memory');
    else state.job.reject(error);
    this.#deps.freed();
  }

  /** Gives up the job when it has had this much CPU time from now on. */
  #watchFor(budgetMs: number): void {
    const { clock, cpuMs } = this.#deps;
    this.#watch?.cancel();
    const stopwatch = new Stopwatch(clock, cpuMs);
    const lookAfter = (ms: number): void => {
      const timer = clock.after(ms, () => {
        const leftMs = budgetMs - stopwatch.elapsedMs;
        if (leftMs > 0) return lookAfter(Math.max(leftMs, lookAgainMs));
        // The answer may have come while this thread was busy, and waits behind the timer.
        clock.soon(() => {
          if (this.#watch === timer) this.#giveUp();
        });
      });
      this.#watch = timer;
    };
    lookAfter(budgetMs);
  }

  #giveUp(): void {
    const state = this.#state;
    if (state.kind !== 'busy') return;
    this.#leave();
    void state.thread.end();
    this.#blame(state.job, state.isLoaded, 'CPU time');
    this.#deps.freed();
  }

  #blame(job: Job, isLoaded: boolean, what: string): void {
    this.#deps.wentOver(job.document);
    const isUpdate = job.task.kind === 'try' && isLoaded;
    job.reject(
      isUpdate
        ? new SyncError('UPDATE_TOO_COSTLY', `reading the update takes too much ${what}`)
        : new SyncError('DOCUMENT_TOO_COSTLY', `loading the document takes too much ${what}`),
    );
  }

  #leave(): void {
    if (this.#state.kind === 'idle') this.#state.timer.cancel();
    this.#watch?.cancel();
    this.#watch = undefined;
    this.#state = { kind: 'empty' };
  }
}

function isOutOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
