// What runs in a thread of the pool: one task after the other.

import { parentPort } from 'node:worker_threads';
import { SyncError } from '../../shared/errors.js';
import { mergeDocument, mergeWhole } from './merge-document.js';
import { operate } from './operate.js';
import type { Reply, Result, Task } from './thread-messages.js';
import { tryUpdate } from './try-update.js';

parentPort?.on('message', (task: Task) => say(answer(task)));

function say(reply: Reply): void {
  parentPort?.postMessage(reply);
}

function answer(task: Task): Reply {
  try {
    return { kind: 'done', result: run(task) };
  } catch (error) {
    if (error instanceof SyncError) return { kind: 'failed', code: error.code, detail: error.detail };
    return {
      kind: 'failed',
      code: undefined,
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}

function run(task: Task): Result {
  switch (task.kind) {
    case 'merge':
      return mergeDocument(task.request);
    case 'copy':
      return mergeWhole(task.request);
    case 'operate':
      return operate(task.request);
    case 'try':
      return tryUpdate(task.request, () => say({ kind: 'loaded' }));
  }
}
