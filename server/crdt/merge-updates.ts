// Joins accepted updates into one. The structs are copied as bytes and not decoded, because the bytes of a V1 struct say
// nothing of the structs beside it.

import * as encoding from 'lib0/encoding';
import type { Inspection } from './inspection.js';
import { RangeSet } from './range-set.js';
import { splitUpdate } from './split-update.js';
import { emptyUpdate } from './state-vector.js';
import { createStoredInspector } from './stored-inspector.js';
import type { UpdateInspector } from './update-inspector.js';

/** A loop copies fewer bytes than this faster than a view and `set` do. */
const SMALL = 48;

/** All structs of one client id. */
interface Group {
  readonly client: number;
  /** Clock of the first struct. */
  readonly clock: number;
  /** Clock after the last struct. */
  until: number;
  /** How many structs there are. */
  count: number;
  /** Where their bytes are, three numbers for each piece: the number of the update, the first byte, and the byte after the last. */
  readonly pieces: number[];
}

/**
 * Joins updates that one causal index has accepted in this order into one canonical update. For each client id, the clocks of
 * the updates follow each other; throws RangeError when they do not. `inspector` is for whoever merges often.
 */
export function mergeAccepted(updates: readonly Uint8Array[], inspector?: UpdateInspector): Uint8Array {
  const merged = mergeConsecutive(updates, inspector);
  if (merged === undefined) throw new RangeError('the clocks of the updates do not follow each other');
  return merged;
}

/**
 * Joins updates as mergeAccepted does. Some of those that the index has accepted may have been left out: returns undefined when
 * the clocks do not follow each other for that reason.
 */
export function mergeConsecutive(
  updates: readonly Uint8Array[],
  inspector?: UpdateInspector,
): Uint8Array | undefined {
  const only = updates[0];
  if (only === undefined) return emptyUpdate;
  if (updates.length === 1) return only;
  const stored = inspector ?? createStoredInspector();
  const groups = new Map<number, Group>();
  const deletes = new Map<number, RangeSet>();
  let bytes = 0;
  for (let i = 0; i < updates.length; i++) {
    const added = collect(stored.inspect(updates[i] as Uint8Array), i, groups, deletes);
    if (added < 0) return undefined;
    bytes += added;
  }
  const encoder = encoding.createEncoder();
  // Allocated once: the bytes of all structs, and at most 18 bytes for the header of each group.
  encoder.cbuf = new Uint8Array(bytes + 18 * groups.size + 8);
  writeGroups(encoder, updates, groups);
  writeDeletes(encoder, deletes);
  return encoding.toUint8Array(encoder);
}

/**
 * Joins updates as mergeAccepted does, but into as few updates as fit into `maxBytes` each. One that holds a value that cannot
 * be cut may be larger by that value.
 */
export function mergeInParts(updates: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const push = (merged: Uint8Array): void => {
    for (const part of splitUpdate(merged, maxBytes)) parts.push(part);
  };
  const inspector = createStoredInspector();
  let first = 0;
  let bytes = 0;
  for (const [i, { length }] of updates.entries()) {
    if (i > first && bytes + length > maxBytes) {
      push(mergeAccepted(updates.slice(first, i), inspector));
      [first, bytes] = [i, 0];
    }
    bytes += length;
  }
  if (first < updates.length) push(mergeAccepted(updates.slice(first), inspector));
  return parts;
}

/** One update of two: it has the structs of one that deletes nothing, and the delete set of one that has no structs. */
export function withDeletes(structs: Uint8Array, deletes: Uint8Array): Uint8Array {
  // The first ends with the number of client ids that it deletes from, the second begins with the number of client ids that
  // it has structs of. Both numbers are 0, and are left out.
  const joined = new Uint8Array(structs.length + deletes.length - 2);
  joined.set(structs.subarray(0, -1), 0);
  joined.set(deletes.subarray(1), structs.length - 1);
  return joined;
}

/**
 * Adds the structs and delete ranges of the update with this number. Returns how many bytes its structs have; -1 when the clocks
 * of its structs do not follow those of the updates before it.
 */
function collect(
  found: Inspection,
  number: number,
  groups: Map<number, Group>,
  deletes: Map<number, RangeSet>,
): number {
  let bytes = 0;
  for (let block = 0; block < found.blockCount; block++) {
    const client = found.blockClient[block] as number;
    const first = found.blockFirst[block] as number;
    const count = (found.blockFirst[block + 1] as number) - first;
    if (count === 0) continue;
    let group = groups.get(client);
    if (group === undefined) {
      const clock = found.start[first] as number;
      group = { client, clock, until: clock, count: 0, pieces: [] };
      groups.set(client, group);
    }
    if (found.start[first] !== group.until) return -1;
    group.until = found.until[first + count - 1] as number;
    const from = found.at[first] as number;
    const to = found.blockEndAt[block] as number;
    group.count += count;
    group.pieces.push(number, from, to);
    bytes += to - from;
  }
  for (let each = 0; each < found.deleteBlockCount; each++) {
    const client = found.deleteClient[each] as number;
    let ranges = deletes.get(client);
    if (ranges === undefined) deletes.set(client, (ranges = new RangeSet()));
    const first = found.deleteFirst[each] as number;
    ranges.addSorted(found.rangeStart, found.rangeUntil, first, found.deleteFirst[each + 1] as number);
  }
  found.close();
  return bytes;
}

function writeGroups(
  encoder: encoding.Encoder,
  updates: readonly Uint8Array[],
  groups: ReadonlyMap<number, Group>,
): void {
  const sorted = [...groups.values()].sort((a, b) => b.client - a.client);
  encoding.writeVarUint(encoder, sorted.length);
  for (const { client, clock, count, pieces } of sorted) {
    encoding.writeVarUint(encoder, count);
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    for (let i = 0; i < pieces.length; i += 3)
      writePiece(
        encoder,
        updates[pieces[i] as number] as Uint8Array,
        pieces[i + 1] as number,
        pieces[i + 2] as number,
      );
  }
}

function writePiece(encoder: encoding.Encoder, update: Uint8Array, from: number, to: number): void {
  if (to - from > SMALL) encoding.writeUint8Array(encoder, update.subarray(from, to));
  else for (let pos = from; pos < to; pos++) encoding.writeUint8(encoder, update[pos] as number);
}

function writeDeletes(encoder: encoding.Encoder, deletes: ReadonlyMap<number, RangeSet>): void {
  const sorted = [...deletes].sort(([a], [b]) => b - a);
  encoding.writeVarUint(encoder, sorted.length);
  for (const [client, ranges] of sorted) {
    encoding.writeVarUint(encoder, client);
    ranges.write(encoder);
  }
}
