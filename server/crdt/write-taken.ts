// Writes, of an update that was only partly taken or not laid out canonically, the part that was taken.

import * as encoding from 'lib0/encoding';
import { descendingBlocks } from './causal-walk.js';
import { writeUnknownDeletes } from './delete-set.js';
import type { DocumentState } from './document-state.js';
import type { Inspection } from './inspection.js';
import type { KeyValues } from './key-values.js';
import { piecesOf, type StructAt, writePiece, writeSliced } from './slice-struct.js';

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
  const { found } = taken;
  const first = taken.first[block] as number;
  const clock = Math.max(found.start[first] as number, taken.base[block] as number);
  const structs = encoding.createEncoder();
  const count = writeStructs(structs, taken, block);
  encoding.writeVarUint(encoder, count);
  encoding.writeVarUint(encoder, found.blockClient[block] as number);
  encoding.writeVarUint(encoder, clock);
  encoding.writeUint8Array(encoder, encoding.toUint8Array(structs));
}

/** Returns how many were written. */
function writeStructs(encoder: encoding.Encoder, taken: Taken, block: number): number {
  const { found, keyValues } = taken;
  const next = taken.next[block] as number;
  let count = 0;
  /** What is written as it is: structs `from` up to the one that is looked at. */
  let from = taken.first[block] as number;
  const copy = (to: number): void => {
    if (from === to) return;
    const bytes = found.update.subarray(found.at[from], found.structEndAt(to - 1, block));
    encoding.writeUint8Array(encoder, bytes);
    count += to - from;
  };
  for (let index = from; index < next; index++) {
    const clock = found.start[index] as number;
    const offset = Math.max(0, (taken.base[block] as number) - clock);
    const isApart = keyValues.has(index);
    if (offset === 0 && !isApart) continue;
    copy(index);
    from = index + 1;
    const struct: StructAt = {
      bytes: found.update,
      at: found.at[index] as number,
      endAt: found.structEndAt(index, block),
      client: found.blockClient[block] as number,
      clock,
    };
    count += isApart
      ? writeApart(encoder, struct, (found.until[index] as number) - clock, offset)
      : writeRest(encoder, struct, offset);
  }
  copy(next);
  return count;
}

function writeRest(encoder: encoding.Encoder, struct: StructAt, offset: number): number {
  writeSliced(encoder, struct, offset);
  return 1;
}

function writeApart(encoder: encoding.Encoder, struct: StructAt, length: number, offset: number): number {
  let count = 0;
  for (const piece of piecesOf(struct, length, offset, 0)) {
    writePiece(encoder, struct, piece);
    count++;
  }
  return count;
}
