// Where an id of a document is: how deep the list it lives in is nested, whether the id itself is a shared type, and, in a
// document that has comment roots, what a commenter may do there. One number, because a client table holds one for each run
// of ids. Without comment roots the bits about commenters are never set.

/**
 * Bits from the lowest: the id is a shared type; it is under a comment root; it is the value of a key of a map or an element;
 * nobody shows it, nor what refers to it. Above them the depth of the list: 0 for a root type's list.
 */
export type Place = number;

const typeBit = 1;
const commentBit = 2;
const keyedBit = 4;
const goneBit = 8;
const depthShift = 4;

export const rootPlace: Place = 0;
/** In the list of a comment root. */
export const commentRootPlace: Place = commentBit;
/** Of bare ids (GC), and of what hangs on them: Yjs makes bare ids of it, or deletes it at once, wherever it belonged. */
export const gonePlace: Place = goneBit;

/** The place of what is beside an id in the same list, and no type itself. */
export function beside(place: Place): Place {
  return place & ~typeBit;
}

/** The place of what is in the list of a shared type. */
export function inside(place: Place): Place {
  return (place & ~(typeBit | keyedBit)) + (1 << depthShift);
}

/** The place of a shared type, where another id at `place` would be. */
export function asType(place: Place): Place {
  return place | typeBit;
}

/** The place of a value of a key, where an item of the list would be at `place`. */
export function asKeyed(place: Place): Place {
  return place | keyedBit;
}

/** The place of an id of which is not known that it is the value of a key, where one that is would be at `place`. */
export function notKeyed(place: Place): Place {
  return place & ~keyedBit;
}

/** The same place, but not for commenters: of an id whose other neighbour is elsewhere. */
export function elsewhere(place: Place): Place {
  return place & ~(commentBit | goneBit);
}

export function isType(place: Place): boolean {
  return (place & typeBit) !== 0;
}

export function isKeyed(place: Place): boolean {
  return (place & keyedBit) !== 0;
}

/** Whether a commenter may write and delete there (A19): under a comment root, or where nothing is shown to anybody. */
export function isForComments(place: Place): boolean {
  return (place & (commentBit | goneBit)) !== 0;
}

/** How many shared types an id is inside of, a root type not counted. */
export function depthOf(place: Place): number {
  return place >> depthShift;
}
