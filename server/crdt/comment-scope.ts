// What of an update lies where a commenter may not write (A19): decided by the places of ids, without a Y.Doc.

import type { BoundOf } from './delete-set.js';
import type { Inspection } from './inspection.js';
import { gonePlace, isForComments, isKeyed, type Place } from './place.js';
import type { RangeSet } from './range-set.js';
import { Kind } from './struct-reader.js';

/**
 * Where an update may change something. anywhere: no bounds. comments: under comment roots, and an update that does more is
 * refused. comments-only-deletes-left-out: the same, but what it deletes elsewhere is left out of it (A21).
 */
export type Scope = 'anywhere' | 'comments' | 'comments-only-deletes-left-out';

/** What of an update is out of its scope. left-out: it was left out of the verdict's update. */
export type OutOfScope = 'nothing' | 'left-out' | 'something';

/**
 * Whether a commenter may add a struct that is no GC. `place`: by its left neighbour or parent, or by its right neighbour where
 * it names no other; `rightPlace`: of its right neighbour, where it names one beside. Both count, as versions of Yjs differ in
 * which one they go by. Deleted content shows nothing, but as the value of a key it would hide the value before it. Between a list
 * elsewhere and a key under a comment root it would be such a value to some versions of Yjs, and they would delete its neighbour in
 * the list: so both neighbours of deleted content are for comments, or neither is.
 */
export function mayAdd(kind: number, place: Place, rightPlace: Place): boolean {
  const isInside = isForComments(place);
  if (isInside !== isForComments(rightPlace)) return false;
  return isInside || (kind === Kind.deleted && !isKeyed(place) && !isKeyed(rightPlace));
}

/** Ids of one client from some clock up to `until` that have one place. */
export interface PlaceRun {
  readonly place: Place;
  readonly until: number;
}

/** What the deletions of an update are compared with. */
export interface Deletable {
  readonly found: Inspection;
  /** As for judgeDeletes. */
  readonly boundOf: BoundOf;
  /** What of a client id is deleted already. */
  readonly deletedOf: (client: number) => RangeSet | undefined;
  /** The run that an id is in, which is below the client's bound. */
  readonly runAt: (client: number, clock: number) => PlaceRun;
}

/** Whether the update deletes something that a commenter may not delete, and that is not deleted yet. */
export function deletesElsewhere(of: Deletable): boolean {
  let isElsewhere = false;
  const look = (): boolean => !isElsewhere;
  eachRun(of, look, (client, start, until, place) => {
    isElsewhere ||= !isForComments(place) && of.deletedOf(client)?.covers(start, until) !== true;
  });
  return isElsewhere;
}

/** Takes out of the columns what a commenter may not delete. Deletions of ids that are not known yet stay. */
export function leaveOutDeletes(of: Deletable): void {
  const { found } = of;
  const kept: number[] = [];
  const ends: number[] = [];
  const goOn = (): boolean => true;
  eachRun(
    of,
    goOn,
    (_client, start, until, place) => {
      if (!isForComments(place)) return;
      if (kept.length > 2 * (ends.at(-1) ?? 0) && kept.at(-1) === start) kept[kept.length - 1] = until;
      else kept.push(start, until);
    },
    () => ends.push(kept.length / 2),
  );
  found.rangeCount = kept.length / 2;
  while (found.rangeStart.length < found.rangeCount) found.growRanges();
  for (let range = 0; range < found.rangeCount; range++) {
    found.rangeStart[range] = kept[2 * range] as number;
    found.rangeUntil[range] = kept[2 * range + 1] as number;
  }
  for (const [block, end] of ends.entries()) found.deleteFirst[block + 1] = end;
  found.isCanonical = false;
}

/** Tells each delete range in runs of one place; what is beyond the client's bound as one that is allowed. */
function eachRun(
  { found, boundOf, runAt }: Deletable,
  goesOn: () => boolean,
  tell: (client: number, start: number, until: number, place: Place) => void,
  blockEnds: () => void = () => {},
): void {
  for (let each = 0; each < found.deleteBlockCount && goesOn(); each++) {
    const client = found.deleteClient[each] as number;
    const bound = boundOf(client);
    const limit = found.deleteFirst[each + 1] as number;
    for (let range = found.deleteFirst[each] as number; range < limit && goesOn(); range++) {
      const end = found.rangeUntil[range] as number;
      let at = found.rangeStart[range] as number;
      while (at < Math.min(end, bound) && goesOn()) {
        const run = runAt(client, at);
        const until = Math.min(end, run.until);
        tell(client, at, until, run.place);
        at = until;
      }
      // An update with such a deletion is not taken yet, and judged again.
      if (at < end) tell(client, at, end, gonePlace);
    }
    blockEnds();
  }
}
