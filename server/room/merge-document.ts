// A whole document from its updates: through a Y.Doc where deleted content may go, by joining bytes where it must stay.

import * as Y from 'yjs';
import { mergeAccepted } from '../crdt/merge-updates.js';
import { splitUpdate } from '../crdt/split-update.js';
import type { CheckpointRequest, CheckpointResult } from './checkpointer.js';

/** Throws when the updates leave something pending: a checkpoint of that would lose it (D3). */
export function mergeDocument({ updates, gc, partBytes }: CheckpointRequest): CheckpointResult {
  const update = gc ? collect(updates) : mergeAccepted(updates);
  return { update, parts: splitUpdate(update, partBytes) };
}

function collect(updates: readonly Uint8Array[]): Uint8Array {
  // Joined first: Yjs takes as long for a transaction as for hundreds of letters in one.
  const doc = buildDocument([mergeAccepted(updates)], true);
  const update = Y.encodeStateAsUpdate(doc);
  // What Yjs wrote must be what it read: a document that cannot be read back must not replace one that can.
  const again = buildDocument([update], true);
  if (!isEqual(Y.encodeStateVector(doc), Y.encodeStateVector(again))) {
    throw new Error('the merged document differs from its updates');
  }
  return update;
}

/** A Y.Doc that holds the updates, which must be causally complete. */
export function buildDocument(updates: readonly Uint8Array[], gc: boolean): Y.Doc {
  const doc = new Y.Doc({ gc });
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new Error('the updates depend on something that is missing');
  }
  return doc;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
