// The worker thread's side of checkpointer.ts.

import { parentPort } from 'node:worker_threads';
import type { CheckpointReply, CheckpointRequest } from './checkpointer.js';
import { mergeDocument } from './merge-document.js';

parentPort?.on('message', (request: CheckpointRequest) => {
  parentPort?.postMessage(run(request));
});

function run(request: CheckpointRequest): CheckpointReply {
  try {
    return { result: mergeDocument(request) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
