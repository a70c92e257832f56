// A whole document from its updates: through a Y.Doc where deleted content may go, by joining bytes where it must stay.

import * as Y from 'yjs';
import { mergeAccepted } from '../crdt/merge-updates.js';
import { splitUpdate } from '../crdt/split-update.js';
import type { Merged, MergeRequest, WholeDocument } from '../room/document-worker.js';
import { buildDocument, timed } from './build-document.js';

/** Throws when the updates leave something pending: a checkpoint of that would lose it (D3). */
export function mergeDocument({ updates, gc, partBytes }: MergeRequest): Merged {
  const { update, loadMs } = mergeWhole({ updates, gc });
  return { update, parts: splitUpdate(update, partBytes), loadMs };
}

/** The whole document as one update, and the CPU time that loading this update took, ms. */
export function mergeWhole({ updates, gc }: WholeDocument): { update: Uint8Array; loadMs: number } {
  // Joined first: Yjs takes as long for a transaction as for hundreds of letters in one.
  const joined = mergeAccepted(updates);
  const doc = gc ? buildDocument([joined], true) : undefined;
  const update = doc === undefined ? joined : Y.encodeStateAsUpdate(doc);
  const { result: again, ms: loadMs } = timed(() => buildDocument([update], gc));
  // What Yjs wrote must be what it read: a document that cannot be read back must not replace one that can.
  if (doc !== undefined && !isEqual(Y.encodeStateVector(doc), Y.encodeStateVector(again)))
    throw new Error('the merged document differs from its updates');
  return { update, loadMs };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
