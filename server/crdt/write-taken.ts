// Writes, of an update that was only partly taken or not laid out canonically, the part that was taken.

import * as encoding from 'lib0/encoding';
import { descendingBlocks } from './causal-walk.js';
import { writeUnknownDeletes } from './delete-set.js';
import type { DocumentState } from './document-state.js';
import type { Inspection } from './inspection.js';
import { writeSliced } from './slice-struct.js';

/** Per block: structs first up to next are taken, the first of them from clock `base` on. */
export interface Taken {
  readonly found: Inspection;
  readonly state: DocumentState;
  readonly first: Uint32Array;
  readonly next: Uint32Array;
  readonly base: Uint32Array;
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
  const bytes = found.update;
  const first = taken.first[block] as number;
  const last = (taken.next[block] as number) - 1;
  const client = found.blockClient[block] as number;
  const clock = found.start[first] as number;
  const at = found.at[first] as number;
  const offset = Math.max(0, (taken.base[block] as number) - clock);
  encoding.writeVarUint(encoder, last - first + 1);
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock + offset);
  let rawAt = at;
  if (offset > 0) {
    rawAt = found.structEndAt(first, block);
    writeSliced(encoder, { bytes, at, endAt: rawAt, client, clock }, offset);
  }
  encoding.writeUint8Array(encoder, bytes.subarray(rawAt, found.structEndAt(last, block)));
}
