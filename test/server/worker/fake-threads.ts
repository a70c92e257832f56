// Threads of the pool that do nothing: a test says what each answers, and sees which were ended.

import type { PoolThread, StartThread, ThreadHandler } from '../../../server/worker/pool-thread.js';
import type { Reply, Task } from '../../../server/worker/thread-messages.js';

export class FakeThread implements PoolThread {
  readonly handler: ThreadHandler;
  readonly tasks: Task[] = [];
  isNeeded = false;
  isEnded = false;

  constructor(handler: ThreadHandler) {
    this.handler = handler;
  }

  post(task: Task): void {
    this.tasks.push(task);
  }

  keepAlive(isNeeded: boolean): void {
    this.isNeeded = isNeeded;
  }

  async end(): Promise<void> {
    this.isEnded = true;
  }

  /** Ends on its own. */
  die(error: Error): void {
    this.isEnded = true;
    this.handler.died(error);
  }

  /** Answers as a real thread does: nothing comes from one that was ended. */
  say(reply: Reply): void {
    if (!this.isEnded) this.handler.reply(reply);
  }
}

export class FakeThreads {
  readonly started: FakeThread[] = [];

  readonly start: StartThread = (handler) => {
    const thread = new FakeThread(handler);
    this.started.push(thread);
    return thread;
  };

  /** Threads that have a task they were not ended for. */
  get busy(): FakeThread[] {
    return this.started.filter(({ isNeeded, isEnded }) => isNeeded && !isEnded);
  }
}
