// Joins accepted updates into one without decoding them: V1 structs do not depend on their neighbours in the bytes.

import * as encoding from 'lib0/encoding';
import { RangeSet } from './range-set.js';
import { splitUpdate } from './split-update.js';
import { emptyUpdate } from './state-vector.js';
import { storedInspector } from './stored-inspector.js';

/** Below this many bytes a loop copies faster than a view and `set` do. */
const SMALL = 48;

/** The structs of one client id: pieces of the updates they came in, (update, from, to) each. */
interface Group {
  readonly client: number;
  readonly clock: number;
  /** Clock after the last struct. */
  until: number;
  count: number;
  readonly pieces: number[];
}

/**
 * One canonical update that holds all of these, which one index has accepted in this order: per client id their clocks
 * follow each other. Throws RangeError when they do not.
 */
export function mergeAccepted(updates: readonly Uint8Array[]): Uint8Array {
  const merged = mergeConsecutive(updates);
  if (merged === undefined) throw new RangeError('the clocks of the updates do not follow each other');
  return merged;
}

/** The same for updates of which some may have been left out; undefined when their clocks do not follow each other. */
export function mergeConsecutive(updates: readonly Uint8Array[]): Uint8Array | undefined {
  const only = updates[0];
  if (only === undefined) return emptyUpdate;
  if (updates.length === 1) return only;
  const groups = new Map<number, Group>();
  const deletes = new Map<number, RangeSet>();
  let bytes = 0;
  for (let i = 0; i < updates.length; i++) {
    const added = collect(updates[i] as Uint8Array, i, groups, deletes);
    if (added < 0) return undefined;
    bytes += added;
  }
  const encoder = encoding.createEncoder();
  // One allocation for all: bytes that are copied, and at most 18 for the header of a group.
  encoder.cbuf = new Uint8Array(bytes + 18 * groups.size + 8);
  writeGroups(encoder, updates, groups);
  writeDeletes(encoder, deletes);
  return encoding.toUint8Array(encoder);
}

/** The same, in few updates of at most `maxBytes` (and the bytes of one value that cannot be cut). */
export function mergeInParts(updates: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const push = (merged: Uint8Array): void => {
    for (const part of splitUpdate(merged, maxBytes)) parts.push(part);
  };
  let first = 0;
  let bytes = 0;
  for (const [i, { length }] of updates.entries()) {
    if (i > first && bytes + length > maxBytes) {
      push(mergeAccepted(updates.slice(first, i)));
      [first, bytes] = [i, 0];
    }
    bytes += length;
  }
  if (first < updates.length) push(mergeAccepted(updates.slice(first)));
  return parts;
}

/** The structs of an update that deletes nothing and the delete set of one without structs, as one update, undecoded. */
export function withDeletes(structs: Uint8Array, deletes: Uint8Array): Uint8Array {
  // The one ends with how many clients it deletes from, the other begins with how many it has structs of: 0 both.
  const joined = new Uint8Array(structs.length + deletes.length - 2);
  joined.set(structs.subarray(0, -1), 0);
  joined.set(deletes.subarray(1), structs.length - 1);
  return joined;
}

/** Adds what `update` holds; returns the bytes of its structs, -1 when they do not follow those that are there. */
function collect(
  update: Uint8Array,
  number: number,
  groups: Map<number, Group>,
  deletes: Map<number, RangeSet>,
): number {
  const found = storedInspector.inspect(update);
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
