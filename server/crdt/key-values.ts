// Structs with several values of one key. Of the values of a key Yjs shows the last, and deletes each when the next comes.
// Without garbage collection it joins the deleted ones into one struct; it never makes one of values that are not deleted.
// Such a struct hurts: when its last value alone is deleted, those before it stay where nothing reaches them, and every
// client throws when the map is deleted (Item.gc of Yjs 13.6: "Unexpected case"). So each value that the same update does not
// delete is written as a struct of its own (C12).

import { SyncError } from '../../shared/errors.js';
import { invalid } from './byte-reader.js';
import type { Inspection } from './inspection.js';
import { RangeSet } from './range-set.js';
import { Kind, KIND_MASK } from './struct-reader.js';

/** Each value costs a dozen bytes more and a microsecond. Yjs needs none; only an upload without its deletions has some. */
const MAX_VALUES = 1 << 16;

/** The structs of one update that have several values of a key, and are to be written apart. Used for one update after another. */
export class KeyValues {
  /** By index: the client id. */
  private readonly structs = new Map<number, number>();

  get isEmpty(): boolean {
    return this.structs.size === 0;
  }

  clear(): void {
    if (this.structs.size > 0) this.structs.clear();
  }

  /** Notes a struct of a client id that is the value of a key, if it has several. */
  note(found: Inspection, index: number, client: number): void {
    const kind = (found.shape[index] as number) & KIND_MASK;
    if (kind !== Kind.any && kind !== Kind.json && kind !== Kind.string) return;
    if (lengthOf(found, index) > 1) this.structs.set(index, client);
  }

  has(index: number): boolean {
    return this.structs.has(index);
  }

  /**
   * Forgets the structs that the update deletes whole. Throws SyncError UPDATE_INVALID where text is left, as text is never the
   * value of a key in Yjs, and DOCUMENT_TOO_LARGE where there are more than 65,536 values.
   */
  settle(found: Inspection): void {
    if (this.isEmpty) return;
    const deletes = deletesIn(found);
    let values = 0;
    for (const [index, client] of this.structs) {
      if (deletes.get(client)?.covers(found.start[index] as number, found.until[index] as number) === true) {
        this.structs.delete(index);
        continue;
      }
      if (((found.shape[index] as number) & KIND_MASK) === Kind.string) invalid('text as the value of a key');
      values += lengthOf(found, index);
    }
    if (values > MAX_VALUES) throw new SyncError('DOCUMENT_TOO_LARGE', 'values of a key');
  }
}

function lengthOf(found: Inspection, index: number): number {
  return (found.until[index] as number) - (found.start[index] as number);
}

/** What the update deletes, by client id. */
function deletesIn(found: Inspection): Map<number, RangeSet> {
  const deletes = new Map<number, RangeSet>();
  for (let each = 0; each < found.deleteBlockCount; each++) {
    const ranges = new RangeSet();
    const [first, limit] = [found.deleteFirst[each] as number, found.deleteFirst[each + 1] as number];
    ranges.addSorted(found.rangeStart, found.rangeUntil, first, limit);
    deletes.set(found.deleteClient[each] as number, ranges);
  }
  return deletes;
}
