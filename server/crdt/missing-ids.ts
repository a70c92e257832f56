// What an update that was taken in part waits for: the ids that neither the document nor the update has.

import type { Inspection } from './inspection.js';
import { HAS_ORIGIN, HAS_PARENT_ID, HAS_RIGHT, Kind } from './struct-reader.js';

/** An id that an update depends on, and the document lacks. */
export interface MissingId {
  readonly client: number;
  readonly clock: number;
}

/** What came of a walk through an update. Per block: the first struct that was not taken, and where the walk stops. */
export interface Walked {
  readonly found: Inspection;
  readonly next: Uint32Array;
  readonly limit: Uint32Array;
  /** The block of a client id, -1 when the update has none. */
  blockOf(client: number): number;
  /** Next clock of a client id with what was taken. */
  boundOf(client: number): number;
}

/**
 * At most `most` of the ids. A struct that waits for another one of the same update adds nothing: the other one says what
 * it waits for. Two that wait for each other are waited for in vain.
 */
export function missingIds(walked: Walked, most: number): MissingId[] {
  const { found } = walked;
  const missing: MissingId[] = [];
  const add = (client: number, clock: number): void => {
    if (missing.length < most && !isInUpdate(walked, client, clock)) missing.push({ client, clock });
  };
  for (let block = 0; block < found.blockCount; block++) addOfBlock(walked, block, add);
  for (let each = 0; each < found.deleteBlockCount; each++) {
    const client = found.deleteClient[each] as number;
    const bound = walked.boundOf(client);
    const limit = found.deleteFirst[each + 1] as number;
    for (let range = found.deleteFirst[each] as number; range < limit; range++)
      if ((found.rangeUntil[range] as number) > bound) {
        add(client, Math.max(bound, found.rangeStart[range] as number));
        break;
      }
  }
  return missing;
}

type Add = (client: number, clock: number) => void;

function addOfBlock(walked: Walked, block: number, add: Add): void {
  const { found, next, limit } = walked;
  const client = found.blockClient[block] as number;
  let index = next[block] as number;
  while (index < (limit[block] as number) && found.shape[index] === Kind.skip) index++;
  if (index === limit[block]) return;
  const bound = walked.boundOf(client);
  if ((found.start[index] as number) > bound) return add(client, bound);
  const shape = found.shape[index] as number;
  const addIfUnknown = (of: number, clock: number): void => {
    if (clock >= walked.boundOf(of)) add(of, clock);
  };
  if ((shape & (HAS_ORIGIN | HAS_PARENT_ID)) !== 0)
    addIfUnknown(found.depClient[index] as number, found.depClock[index] as number);
  if ((shape & HAS_RIGHT) !== 0)
    addIfUnknown(found.rightClient[index] as number, found.rightClock[index] as number);
}

/** Whether a struct that was not taken, and is none of those left out by their authors, holds the id. */
function isInUpdate(walked: Walked, client: number, clock: number): boolean {
  const { found, next, limit } = walked;
  const block = walked.blockOf(client);
  if (block < 0) return false;
  const index = found.findStruct(next[block] as number, limit[block] as number, clock);
  return index >= 0 && found.shape[index] !== Kind.skip;
}
