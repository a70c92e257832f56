// What an update from the server brings of a ledger's script: clock ranges of its writers and deleted pieces.

import type { Inspection } from '../../server/crdt/inspection.js';
import { Kind, KIND_MASK } from '../../server/crdt/struct-reader.js';

/** Columns, one entry per clock range. */
export interface UpdateParts {
  readonly writers: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Ids of deleted pieces. */
  readonly pieces: readonly number[];
  /** Writers that have something to do with what came, each once. */
  readonly touched: readonly number[];
}

/** Calls `found` for every unbroken range of clocks. */
export function forEachRange(
  update: Inspection,
  found: (client: number, from: number, to: number) => void,
): void {
  for (let block = 0; block < update.blockCount; block++) {
    const client = update.blockClient[block]!;
    const limit = update.blockFirst[block + 1]!;
    let from = -1;
    let to = -1;
    for (let i = update.blockFirst[block]!; i < limit; i++) {
      if ((update.shape[i]! & KIND_MASK) === Kind.skip) continue;
      if (update.start[i] !== to) {
        if (to > from) found(client, from, to);
        from = update.start[i]!;
      }
      to = update.until[i]!;
    }
    if (to > from) found(client, from, to);
  }
}
