// How much CPU time and memory a job may take. Pure.

import { excessiveMs, fairMs } from '../room/load-cost.js';
import type { Task } from './thread-messages.js';

/** No document that is worth serving takes longer. */
const maxMs = 30_000;
/** A merge loads the document twice, encodes it and cuts it: all this for a document that is already excessive. */
const wholeFactor = 3;

export interface Budget {
  /** From the beginning of the job, ms. For a trial: until the document is loaded. */
  readonly documentMs: number;
  /** For a trial, once the document is loaded: applying the update, encoding, loading again, comparing, ms. */
  readonly updateMs: number;
}

/**
 * The hard budget of a task. The thread itself compares what a trial took with `fairMs`; the pool ends a thread only when it
 * is so far above that it may never come back.
 */
export function budgetOf({ kind, request }: Task): Budget {
  const bytes = request.updates.reduce((sum, update) => sum + update.length, 0);
  const documentMs = Math.min(wholeFactor * excessiveMs(bytes), maxMs);
  if (kind !== 'try') return { documentMs, updateMs: 0 };
  const added = request.update?.length ?? 0;
  // Loading again takes as long as loading did, which an honest document does within `fairMs`.
  return { documentMs, updateMs: Math.min(2 * fairMs(added) + 2 * fairMs(bytes), maxMs) };
}

/** Heap of a thread, MB: a Y.Doc takes ten to twenty times the bytes of its update. Strings count, bytes in buffers do not. */
export const maxHeapMb = 1024;
