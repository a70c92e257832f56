// The delete set of an inspected update against what a document has deleted.

import * as encoding from 'lib0/encoding';
import type { DocumentState } from './document-state.js';
import type { Inspection } from './inspection.js';
import type { RangeSet } from './range-set.js';

/** Next clock of a client id once the update's structs are taken: deletes beyond it are of unknown structs. */
export type BoundOf = (client: number) => number;

/** How many of the ranges delete something new, and whether any reaches beyond what is known. */
export function judgeDeletes(
  found: Inspection,
  state: DocumentState,
  boundOf: BoundOf,
): { readonly fresh: number; readonly isBeyond: boolean } {
  let fresh = 0;
  let isBeyond = false;
  for (let each = 0; each < found.deleteBlockCount; each++) {
    const client = found.deleteClient[each] as number;
    const bound = boundOf(client);
    const known = knownDeletes(state, client);
    const limit = found.deleteFirst[each + 1] as number;
    for (let range = found.deleteFirst[each] as number; range < limit; range++) {
      const start = found.rangeStart[range] as number;
      const until = Math.min(found.rangeUntil[range] as number, bound);
      if (until !== found.rangeUntil[range]) isBeyond = true;
      if (start < until && (known === undefined || !known.covers(start, until))) fresh++;
    }
  }
  return { fresh, isBeyond };
}

/** Records the ranges, as far as the document has what they delete. */
export function applyDeletes(found: Inspection, state: DocumentState): void {
  const { clients } = state;
  for (let each = 0; each < found.deleteBlockCount; each++) {
    const slot = clients.find(found.deleteClient[each] as number);
    if (slot < 0) continue;
    const bound = clients.clockOf(slot);
    const first = found.deleteFirst[each] as number;
    let limit = found.deleteFirst[each + 1] as number;
    while (limit > first && (found.rangeStart[limit - 1] as number) >= bound) limit--;
    if (limit === first) continue;
    if ((found.rangeUntil[limit - 1] as number) > bound) found.rangeUntil[limit - 1] = bound;
    clients.makeDeletedOf(slot).addSorted(found.rangeStart, found.rangeUntil, first, limit);
  }
}

function knownDeletes(state: DocumentState, client: number): RangeSet | undefined {
  const slot = state.clients.find(client);
  return slot < 0 ? undefined : state.clients.deletedOf(slot);
}

/** Writes the ranges below the bounds, without what `state` has deleted already. */
export function writeUnknownDeletes(
  encoder: encoding.Encoder,
  found: Inspection,
  state: DocumentState,
  boundOf: BoundOf,
): void {
  const blocks: { client: number; ranges: number[] }[] = [];
  for (let each = 0; each < found.deleteBlockCount; each++) {
    const client = found.deleteClient[each] as number;
    const bound = boundOf(client);
    const known = knownDeletes(state, client);
    const ranges: number[] = [];
    const limit = found.deleteFirst[each + 1] as number;
    for (let range = found.deleteFirst[each] as number; range < limit; range++) {
      const until = Math.min(found.rangeUntil[range] as number, bound);
      pushUnknown(ranges, known, found.rangeStart[range] as number, until);
    }
    if (ranges.length > 0) blocks.push({ client, ranges });
  }
  blocks.sort((a, b) => b.client - a.client);
  encoding.writeVarUint(encoder, blocks.length);
  for (const { client, ranges } of blocks) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length / 2);
    for (const number of ranges) encoding.writeVarUint(encoder, number);
  }
}

/** Pushes (start, length) of each part of [start, until) that is not in `known`. */
function pushUnknown(ranges: number[], known: RangeSet | undefined, start: number, until: number): void {
  let from = start;
  if (known !== undefined) {
    for (let i = known.firstEndingAfter(start); i < known.size && known.startAt(i) < until; i++) {
      if (known.startAt(i) > from) ranges.push(from, known.startAt(i) - from);
      from = known.untilAt(i);
    }
  }
  if (from < until) ranges.push(from, until - from);
}
