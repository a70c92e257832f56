// The parts of an answer, applied as what they are together: one change.

import * as Y from 'yjs';

/**
 * Applies the parts of an answer in one transaction, so that Yjs tidies nothing between them (C10). `isWhole`: no part is
 * missing.
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
    const before = Y.encodeStateVector(doc);
    Y.applyUpdate(doc, first, origin);
    const waits = others.length > 0 && isSame(before, Y.encodeStateVector(doc));
    if (waits && !isWhole) return;
    const last = waits ? others.pop() : undefined;
    if (last !== undefined) Y.applyUpdate(doc, last, origin);
    for (const part of others) Y.applyUpdate(doc, part, origin);
  };
  Y.transact(doc, run, origin, false);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
