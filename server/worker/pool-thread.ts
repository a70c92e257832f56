// A thread of the pool, as the pool sees it. Its memory is bounded: a job that needs more ends it.

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { maxHeapMb } from './budgets.js';
import type { Reply, Task } from './thread-messages.js';

export interface ThreadHandler {
  reply(reply: Reply): void;
  /** The thread ended on its own. Called once, unless the pool ended the thread. */
  died(error: Error): void;
}

export interface PoolThread {
  post(task: Task): void;
  /** Whether the thread keeps the process alive. */
  keepAlive(isNeeded: boolean): void;
  /** Ends the thread in the middle of whatever it does. Nothing is told to the handler afterwards. */
  end(): Promise<void>;
}

export type StartThread = (handler: ThreadHandler) => PoolThread;

export function startWorkerThread(handler: ThreadHandler): PoolThread {
  return poolThread(newWorker(maxHeapMb), handler);
}

export function newWorker(heapMb: number): Worker {
  // Through the package's import map, so that the compiled thread is found from the sources as well.
  const file = createRequire(import.meta.url).resolve('#document-worker');
  return new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: heapMb } });
}

export function poolThread(worker: Worker, handler: ThreadHandler): PoolThread {
  let isOver = false;
  const die = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    handler.died(error);
  };
  worker.on('message', (reply: Reply) => {
    if (!isOver) handler.reply(reply);
  });
  worker.on('error', (error) => die(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) => die(new Error(`the worker thread ended with code ${code}`)));
  worker.unref();
  return {
    post: (task) => worker.postMessage(task),
    keepAlive(isNeeded) {
      if (isNeeded) worker.ref();
      else worker.unref();
    },
    async end() {
      isOver = true;
      await worker.terminate();
    },
  };
}
