// Who of two tabs lacks what of a document.

import * as Y from 'yjs';
import { deletesOf, deletesUpdate, missingUpdate } from '../crdt/missing-update.js';
import type { Summary } from './tab-messages.js';

/** No deletions, as an update. */
const nothing = new Uint8Array(2);

export function summaryOf(doc: Y.Doc): Summary {
  return { stateVector: Y.encodeStateVector(doc), deletesHash: hashOf(deletesUpdate(doc)) };
}

/** Whether a document with this summary has, or may have, what this one lacks. Throws what is no state vector. */
export function mayLack(doc: Y.Doc, other: Summary): boolean {
  for (const [client, clock] of Y.decodeStateVector(other.stateVector))
    if (clock > Y.getState(doc.store, client)) return true;
  const deletes = deletesUpdate(doc);
  return other.deletesHash !== hashOf(deletes) && other.deletesHash !== hashOf(nothing);
}

/** What to ask somebody with this summary for what this document lacks. */
export function wantOf(
  doc: Y.Doc,
  other: Summary,
): { stateVector: Uint8Array; deletes: Uint8Array | undefined } {
  const deletes = deletesUpdate(doc);
  const isSame = hashOf(deletes) === other.deletesHash;
  return { stateVector: Y.encodeStateVector(doc), deletes: isSame ? undefined : deletes };
}

/** The answer; empty when nothing is missing. Throws what is no state vector or no update. */
export function answerTo(
  doc: Y.Doc,
  want: { stateVector: Uint8Array; deletes?: Uint8Array | undefined },
): Uint8Array {
  const known = deletesOf([want.deletes ?? deletesUpdate(doc)]);
  return missingUpdate(doc, want.stateVector, known) ?? new Uint8Array();
}

/** 53 bits of two hashes in the manner of FNV-1a; not for secrets. */
function hashOf(bytes: Uint8Array): number {
  let [high, low] = [0x811c9dc5, 0x2f0b4c47];
  for (const byte of bytes) {
    high = Math.imul(high ^ byte, 0x01000193);
    low = Math.imul(low ^ byte, 0x85ebca6b);
    // Multiplication carries upwards only.
    low ^= low >>> 15;
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
