// What a script deletes, cut where any of its updates begins or ends a range. Deletions name what they delete and not who
// deletes, and several writers may delete the same: so a deletion has arrived when all of its pieces have.

import type { Inspection } from '../../server/crdt/inspection.js';

/** Start and end (exclusive) of clock ranges, by client id. */
interface Cuts {
  readonly bounds: Uint32Array;
  /** Id of the piece from bounds[0] to bounds[1]; the next has the next id. */
  readonly firstId: number;
}

export class DeleteSegments {
  readonly #cuts = new Map<number, Cuts>();
  /** Ids are 0 up to this. */
  readonly count: number;

  /** `ranges`: client id, start, end (exclusive), one after the other. */
  constructor(ranges: readonly number[]) {
    const points = new Map<number, Set<number>>();
    for (let i = 0; i < ranges.length; i += 3) {
      const client = ranges[i]!;
      let ofClient = points.get(client);
      if (ofClient === undefined) points.set(client, (ofClient = new Set()));
      ofClient.add(ranges[i + 1]!).add(ranges[i + 2]!);
    }
    let firstId = 0;
    for (const [client, ofClient] of points) {
      const bounds = Uint32Array.from(ofClient).sort();
      this.#cuts.set(client, { bounds, firstId });
      firstId += bounds.length - 1;
    }
    this.count = firstId;
  }

  /** Ids of all pieces that lie wholly in one of the update's deleted ranges. */
  of(found: Inspection): number[] {
    const ids: number[] = [];
    for (let block = 0; block < found.deleteBlockCount; block++) {
      const cuts = this.#cuts.get(found.deleteClient[block]!);
      if (cuts === undefined) continue;
      for (let range = found.deleteFirst[block]!; range < found.deleteFirst[block + 1]!; range++)
        pushPieces(ids, cuts, found.rangeStart[range]!, found.rangeUntil[range]!);
    }
    return ids;
  }
}

function pushPieces(ids: number[], { bounds, firstId }: Cuts, start: number, until: number): void {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bounds[middle]! < start) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i + 1 < bounds.length && bounds[i + 1]! <= until; i++) ids.push(firstId + i);
}
