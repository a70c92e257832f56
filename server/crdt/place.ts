// Where an id of a document is: how deep the list it lives in is nested, and whether the id itself is a shared type. One
// number, because a client table holds one for each run of ids.

/** Twice the depth of the list, plus one for a shared type. Depth 0 is a root type's list. */
export type Place = number;

export const rootPlace: Place = 0;

/** The place of what is beside an id in the same list, and no type itself. */
export function beside(place: Place): Place {
  return place & ~1;
}

/** The place of what is in the list of a shared type. */
export function inside(place: Place): Place {
  return (place & ~1) + 2;
}

/** The place of a shared type, where another id at `place` would be. */
export function asType(place: Place): Place {
  return place | 1;
}

export function isType(place: Place): boolean {
  return (place & 1) === 1;
}

/** How many shared types an id is inside of, a root type not counted. */
export function depthOf(place: Place): number {
  return place >> 1;
}
