// What a reader of one document is sent for the state vector that it has.

import type { CausalIndex } from '../crdt/causal-index.js';
import { holdBack, holdBackAll } from '../crdt/hold-back.js';
import { mergeAccepted, withDeletes } from '../crdt/merge-updates.js';
import { splitUpdate } from '../crdt/split-update.js';
import { clocksOf, type StateVector } from '../crdt/state-vector.js';
import { sumBytes, type DocumentLog } from './document-log.js';

/**
 * The updates that a reader with this state vector lacks, to be applied in order: in one if they are no larger than `maxBytes`;
 * else in parts of at most that (see splitUpdate and holdBack for what can be larger). A Y.Doc reads the parts of a document
 * with formatted text in one transaction (C10).
 */
export function answer(
  document: { readonly log: DocumentLog; readonly index: CausalIndex },
  has: StateVector,
  maxBytes: number,
): Uint8Array[] {
  const { log, index } = document;
  if (has.size === 0) {
    const all = log.all();
    if (!index.isFormatted) return inParts(all, maxBytes);
    if (sumBytes(all) <= maxBytes) return all.length < 2 ? all : [mergeAccepted(all)];
    const parts = log.seekable();
    const count = log.checkpoint().length;
    return holdBackAll(parts.slice(0, count), parts.slice(count), maxBytes);
  }
  const structs = log.diff(has);
  const deletes = index.deletes();
  if (sumBytes(structs) + (deletes?.length ?? 0) <= maxBytes) return asOne(structs, deletes);
  if (index.isFormatted) return holdBack({ parts: log.seekable(), deletes, has: clocksOf(has) }, maxBytes);
  return inParts(deletes === undefined ? structs : [...structs, deletes], maxBytes);
}

function asOne(structs: readonly Uint8Array[], deletes: Uint8Array | undefined): Uint8Array[] {
  if (structs.length === 0) return deletes === undefined ? [] : [deletes];
  const joined = mergeAccepted(structs);
  return [deletes === undefined ? joined : withDeletes(joined, deletes)];
}

function inParts(updates: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
  return updates.flatMap((update) => splitUpdate(update, maxBytes));
}
