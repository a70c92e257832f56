// Writes, of an update that was only partly taken or not laid out canonically, the part that was taken.

import * as encoding from 'lib0/encoding';
import { descendingBlocks } from './causal-walk.js';
import { writeUnknownDeletes } from './delete-set.js';
import type { DocumentState } from './document-state.js';
import type { Inspection } from './inspection.js';
import type { KeyValues } from './key-values.js';
import { piecesOf, structAt, writePiece, writeSliced } from './slice-struct.js';

/** Per block: structs first up to next are taken, the first of them from clock `base` on. */
export interface Taken {
  readonly found: Inspection;
  readonly state: DocumentState;
  readonly first: Uint32Array;
  readonly next: Uint32Array;
  readonly base: Uint32Array;
  /** The structs of which each value is written as a struct of its own. */
  readonly keyValues: KeyValues;
  /** Next clock of a client id with what is taken; deletes beyond it are left out. */
  readonly boundOf: (client: number) => number;
}

/** A canonical update with the taken structs, and the delete ranges without what `state` has deleted already. */
export function writeTaken(taken: Taken): Uint8Array {
  const encoder = encoding.createEncoder();
  const { found, first, next } = taken;
  const blocks = descendingBlocks(found).filter((block) => first[block] !== next[block]);
  encoding.writeVarUint(encoder, blocks.length);
  for (const block of blocks) writeBlock(encoder, taken, block);
  writeUnknownDeletes(encoder, found, taken.state, taken.boundOf);
  return encoding.toUint8Array(encoder);
}

function writeBlock(encoder: encoding.Encoder, taken: Taken, block: number): void {
  const { found, keyValues } = taken;
  const first = taken.first[block] as number;
  const next = taken.next[block] as number;
  encoding.writeVarUint(encoder, keyValues.isEmpty ? next - first : countStructs(taken, block));
  encoding.writeVarUint(encoder, found.blockClient[block] as number);
  encoding.writeVarUint(encoder, Math.max(found.start[first] as number, taken.base[block] as number));
  // Only of the first struct the document may have a part.
  let from = first;
  if (!keyValues.has(first) && offsetOf(taken, block, first) > 0) {
    writeSliced(encoder, structAt(found, first, block), offsetOf(taken, block, first));
    from++;
  }
  if (!keyValues.isEmpty)
    for (let index = from; index < next; index++) {
      if (!keyValues.has(index)) continue;
      copy(encoder, taken, { block, from, to: index });
      writeApart(encoder, taken, block, index);
      from = index + 1;
    }
  copy(encoder, taken, { block, from, to: next });
}

/** How many structs are written of a block. */
function countStructs(taken: Taken, block: number): number {
  const { found, first, next, keyValues } = taken;
  let count = 0;
  for (let index = first[block] as number; index < (next[block] as number); index++) {
    const length = (found.until[index] as number) - (found.start[index] as number);
    count += keyValues.has(index) ? length - offsetOf(taken, block, index) : 1;
  }
  return count;
}

/** How many clocks of a struct the document has. */
function offsetOf({ found, base }: Taken, block: number, index: number): number {
  return Math.max(0, (base[block] as number) - (found.start[index] as number));
}

/** Writes structs as they are. */
function copy(
  encoder: encoding.Encoder,
  { found }: Taken,
  { block, from, to }: { readonly block: number; readonly from: number; readonly to: number },
): void {
  if (from === to) return;
  const bytes = found.update.subarray(found.at[from], found.structEndAt(to - 1, block));
  encoding.writeUint8Array(encoder, bytes);
}

/** Writes each value of a struct as a struct of its own. */
function writeApart(encoder: encoding.Encoder, taken: Taken, block: number, index: number): void {
  const struct = structAt(taken.found, index, block);
  const length = (taken.found.until[index] as number) - struct.clock;
  for (const piece of piecesOf(struct, length, offsetOf(taken, block, index), 0))
    writePiece(encoder, struct, piece);
}
