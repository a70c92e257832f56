// A Y.Doc from the bytes of a document, and what it costs.

import * as Y from 'yjs';
import { systemClock } from '../../shared/clock.js';
import { processCpuMs, Stopwatch } from './stopwatch.js';

/** A Y.Doc that holds the updates, which must be causally complete. */
export function buildDocument(updates: readonly Uint8Array[], gc: boolean): Y.Doc {
  const doc = new Y.Doc({ gc });
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  refusePending(doc);
  return doc;
}

export function refusePending(doc: Y.Doc): void {
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)
    throw new Error('the updates depend on something that is missing');
}

/** Runs `work` and tells what it returned and how much CPU time it took, ms. */
export function timed<T>(work: () => T): { result: T; ms: number } {
  const stopwatch = new Stopwatch(systemClock, processCpuMs);
  const result = work();
  return { result, ms: stopwatch.elapsedMs };
}
