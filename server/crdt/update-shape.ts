// Which work an update may make for Yjs, read off the columns of its inspection in one pass. An upper bound: only a Y.Doc
// knows the true cost. The point is to tell the plain edits, which are nearly all, from those that deserve a trial.

import type { Inspection } from './inspection.js';
import { HAS_ORIGIN, HAS_PARENT_ID, HAS_RIGHT, Kind, KIND_MASK } from './struct-reader.js';

/**
 * Yjs finds the place of a struct at once when its left neighbour is still followed by its right neighbour. Otherwise Yjs
 * walks over what stands between them, which can be every item of the document. A struct is tied when such a walk ends at
 * its first step for certain, and searched when it may be long. Tied is
 *  - a struct that continues what the same client id wrote last (typing on),
 *  - a struct that begins a list whose type the same block made (the content of a new paragraph),
 *  - a struct that follows the end of one of the same block and has the same right neighbour (the next new paragraph).
 */
export interface UpdateShape {
  /** Structs and delete ranges. */
  readonly parts: number;
  /** Structs that are searched. */
  readonly searched: number;
  /** Items that a Y.Doc holds more than before, about. */
  readonly items: number;
}

/** The shape of an update that adds nothing. */
export const noShape: UpdateShape = { parts: 0, searched: 0, items: 0 };
/** The usual keystrokes share their shapes, so that they allocate nothing. */
const typingOn: UpdateShape = { parts: 1, searched: 0, items: 0 };
const typingElsewhere: UpdateShape = { parts: 1, searched: 1, items: 2 };
const oneDelete: UpdateShape = { parts: 1, searched: 0, items: 1 };

/**
 * The shape of the structs that are taken: of each block those from `first[block]` up to, not including, `next[block]`.
 */
export function shapeOf(found: Inspection, first: Uint32Array, next: Uint32Array): UpdateShape {
  let structs = 0;
  let searched = 0;
  let merging = 0;
  for (let block = 0; block < found.blockCount; block++) {
    const from = first[block] as number;
    const to = next[block] as number;
    structs += to - from;
    for (let index = from; index < to; index++) {
      if (!isTied(found, index, block, from)) searched++;
      else if (mergesWithLast(found, index)) merging++;
    }
  }
  const parts = structs + found.rangeCount;
  if (parts === 1) return searched === 1 ? typingElsewhere : merging === 1 ? typingOn : oneDelete;
  // A searched struct may cut an item in two, and so may a delete range.
  return { parts, searched, items: structs - merging + searched + found.rangeCount };
}

/** Whether nothing can stand between the struct and its left neighbour. `from`: the first of its block that is taken. */
function isTied(found: Inspection, index: number, block: number, from: number): boolean {
  const shape = found.shape[index] as number;
  if ((shape & KIND_MASK) === Kind.gc) return true;
  if ((shape & (HAS_ORIGIN | HAS_PARENT_ID)) === 0) return false;
  if (found.depClient[index] !== found.blockClient[block]) return false;
  const clock = found.depClock[index] as number;
  if ((shape & HAS_ORIGIN) === 0) return clock >= (found.start[from] as number);
  return clock === (found.start[index] as number) - 1 || followsSibling(found, index, from);
}

/** Whether the left neighbour is the end of a struct of the same block that has the same right neighbour. */
function followsSibling(found: Inspection, index: number, from: number): boolean {
  const clock = found.depClock[index] as number;
  const left = found.findStruct(from, index, clock);
  if (left < 0 || found.until[left] !== clock + 1) return false;
  const hasRight = ((found.shape[index] as number) & HAS_RIGHT) !== 0;
  if (hasRight !== (((found.shape[left] as number) & HAS_RIGHT) !== 0)) return false;
  return (
    !hasRight ||
    (found.rightClient[left] === found.rightClient[index] &&
      found.rightClock[left] === found.rightClock[index])
  );
}

/** Whether Yjs makes one item of this struct, which is tied, and the one before it. */
function mergesWithLast(found: Inspection, index: number): boolean {
  const shape = found.shape[index] as number;
  const kind = shape & KIND_MASK;
  if (kind === Kind.gc) return true;
  return (shape & HAS_ORIGIN) !== 0 && (kind === Kind.string || kind === Kind.any || kind === Kind.deleted);
}
