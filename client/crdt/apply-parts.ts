// Updates from elsewhere are applied here. The parts of an answer are applied as what they are together: one change.

import { equalFlat } from 'lib0/array';
import * as Y from 'yjs';
import { throwLater } from '../platform/guarded.js';

/**
 * Applies an update, or several, in one transaction. What an observer of the document throws is thrown again later: the
 * update is in the document all the same. Throws what kept the update out of the document.
 */
export function applyGuarded(doc: Y.Doc, apply: () => void, origin: unknown): void {
  let isApplied = false;
  let failure: unknown;
  // Within the transaction nobody is told of anything; observers are called when it ends.
  const run = (): void => {
    try {
      apply();
      isApplied = true;
    } catch (error) {
      failure = error;
    }
  };
  try {
    Y.transact(doc, run, origin, false);
  } catch (error) {
    if (isApplied) throwLater(error);
    else failure ??= error;
  }
  if (!isApplied) throw failure;
}

/**
 * Applies the parts of an answer in one transaction, so that Yjs tidies nothing between them (C10). `isWhole`: no part is
 * missing. Throws as `applyGuarded` does.
 *
 * Where text is formatted, each part waits for something in the last one (server/crdt/hold-back.ts). Yjs writes all that
 * waits anew with every part that is added to it, which costs the square of the document. So where the first part waits,
 * the last one is applied before the others: then none of them waits. Parts that wait for a last one that has not come are
 * left out; the next answer brings them again.
 */
export function applyParts(
  doc: Y.Doc,
  parts: readonly Uint8Array[],
  origin: unknown,
  isWhole: boolean,
): void {
  const [first, ...others] = parts;
  if (first === undefined) return;
  const run = (): void => {
    if (others.length === 0) return Y.applyUpdate(doc, first, origin);
    const before = Y.encodeStateVector(doc);
    Y.applyUpdate(doc, first, origin);
    const waits = equalFlat(before, Y.encodeStateVector(doc));
    if (waits && !isWhole) return;
    const last = waits ? others.pop() : undefined;
    if (last !== undefined) Y.applyUpdate(doc, last, origin);
    for (const part of others) Y.applyUpdate(doc, part, origin);
  };
  applyGuarded(doc, run, origin);
}
