// Cuts a large accepted update into parts that can be applied one after the other as they arrive.

import * as encoding from 'lib0/encoding';
import { CausalWalk } from './causal-walk.js';
import type { Inspection } from './inspection.js';
import { storedInspector } from './stored-inspector.js';

/** Of the structs of one client id in one part, at most. */
const HEADER_BYTES = 18;

/** Lists the structs in causal order. What the update does not hold itself, its reader has. */
class OrderWalk extends CausalWalk {
  readonly structs: number[] = [];
  readonly blocks: number[] = [];

  constructor(found: Inspection) {
    super();
    this.open(found);
    for (let block = 0; block < found.blockCount; block++) {
      const first = found.blockFirst[block] as number;
      this.first[block] = first;
      this.next[block] = first;
      this.limit[block] = found.blockFirst[block + 1] as number;
      this.clock[block] = found.start[first] as number;
    }
    this.walk();
  }

  protected override clockOfOther(): number {
    return Infinity;
  }

  protected override take(index: number, block: number): void {
    this.structs.push(index);
    this.blocks.push(block);
  }
}

/** Consecutive structs of one block: first up to, not including, limit. */
interface Stretch {
  readonly block: number;
  readonly first: number;
  limit: number;
}

/** Delete ranges of one client id, by their numbers in the inspection. */
interface DeletePiece {
  readonly client: number;
  readonly first: number;
  readonly limit: number;
}

/**
 * Cuts an accepted update into updates of about `maxBytes`. Applied in order they never leave anything pending. A
 * single struct is never cut. Deletes come last: a Y.Doc tidies formatting after each part, and does so more wrongly
 * when it has seen deletes but not yet all marks.
 */
export function splitUpdate(update: Uint8Array, maxBytes: number): Uint8Array[] {
  if (update.length <= maxBytes) return [update];
  const found = storedInspector.inspect(update);
  const { structs, blocks } = new OrderWalk(found);
  // A struct it could not place would be lost without a word; an accepted update has none.
  if (structs.length !== found.structCount) return [update];
  const parts: Uint8Array[] = [];
  let part = new Map<number, Stretch>();
  let bytes = 0;
  for (let i = 0; i < structs.length; i++) {
    const index = structs[i] as number;
    const block = blocks[i] as number;
    const size = found.structEndAt(index, block) - (found.at[index] as number);
    if (bytes > 0 && bytes + size > maxBytes) {
      parts.push(encodeStructs(found, part));
      part = new Map();
      bytes = 0;
    }
    const stretch = part.get(block);
    if (stretch === undefined) part.set(block, { block, first: index, limit: index + 1 });
    else stretch.limit = index + 1;
    bytes += stretch === undefined ? size + HEADER_BYTES : size;
  }
  if (part.size > 0) parts.push(encodeStructs(found, part));
  for (const pieces of cutDeletes(found, maxBytes)) parts.push(encodeDeletes(found, pieces));
  found.close();
  return parts;
}

function encodeStructs(found: Inspection, part: ReadonlyMap<number, Stretch>): Uint8Array {
  const encoder = encoding.createEncoder();
  const clientOf = (stretch: Stretch): number => found.blockClient[stretch.block] as number;
  encoding.writeVarUint(encoder, part.size);
  for (const stretch of [...part.values()].sort((a, b) => clientOf(b) - clientOf(a))) {
    const from = found.at[stretch.first] as number;
    encoding.writeVarUint(encoder, stretch.limit - stretch.first);
    encoding.writeVarUint(encoder, clientOf(stretch));
    encoding.writeVarUint(encoder, found.start[stretch.first] as number);
    const to = found.structEndAt(stretch.limit - 1, stretch.block);
    encoding.writeUint8Array(encoder, found.update.subarray(from, to));
  }
  encoding.writeVarUint(encoder, 0);
  return encoding.toUint8Array(encoder);
}

/** Groups of as many ranges as fit into `maxBytes`, at up to ten bytes each. */
function cutDeletes(found: Inspection, maxBytes: number): DeletePiece[][] {
  const most = Math.max(1, Math.floor(maxBytes / 10));
  const groups: DeletePiece[][] = [];
  let room = 0;
  for (let block = 0; block < found.deleteBlockCount; block++) {
    const client = found.deleteClient[block] as number;
    const end = found.deleteFirst[block + 1] as number;
    for (let first = found.deleteFirst[block] as number; first < end;) {
      if (room === 0) {
        groups.push([]);
        room = most;
      }
      const limit = Math.min(end, first + room);
      groups.at(-1)?.push({ client, first, limit });
      room -= limit - first;
      first = limit;
    }
  }
  return groups;
}

function encodeDeletes(found: Inspection, pieces: readonly DeletePiece[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, pieces.length);
  for (const { client, first, limit } of pieces) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, limit - first);
    for (let range = first; range < limit; range++) {
      const start = found.rangeStart[range] as number;
      encoding.writeVarUint(encoder, start);
      encoding.writeVarUint(encoder, (found.rangeUntil[range] as number) - start);
    }
  }
  return encoding.toUint8Array(encoder);
}
