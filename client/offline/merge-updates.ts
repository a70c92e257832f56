// Joins updates without a document.

import * as Y from 'yjs';
import { OfflineError } from './offline-error.js';

/** Merging many at once takes the square of their number. */
const mergedAtOnce = 64;

/** All of them as one; undefined for none. Rejects what is no update with OfflineError CORRUPT. */
export function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array | undefined {
  try {
    let left = [...updates];
    while (left.length > 1) {
      const next: Uint8Array[] = [];
      for (let at = 0; at < left.length; at += mergedAtOnce) {
        const some = left.slice(at, at + mergedAtOnce);
        next.push(some.length === 1 ? some[0]! : Y.mergeUpdates(some));
      }
      left = next;
    }
    return left[0];
  } catch (error) {
    throw corrupt(error);
  }
}

/** As {@link mergeUpdates}, of rows nobody has looked at: one alone is looked at too. */
export function mergeStored(updates: readonly Uint8Array[]): Uint8Array | undefined {
  const merged = mergeUpdates(updates);
  try {
    if (updates.length === 1) Y.decodeUpdate(merged!);
  } catch (error) {
    throw corrupt(error);
  }
  return merged;
}

/**
 * The document's own encoding, which is smaller than what was merged of its updates, with whatever the merged ones have
 * beyond it.
 */
export function asDocument(document: Uint8Array, merged: Uint8Array): Uint8Array {
  return Y.mergeUpdates([document, Y.diffUpdate(merged, Y.encodeStateVectorFromUpdate(document))]);
}

function corrupt(cause: unknown): OfflineError {
  return new OfflineError('OFFLINE_CORRUPT', 'a row is no update', { cause });
}
