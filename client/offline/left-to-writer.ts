// What comes from elsewhere in a tab that is not the writer: the writer is to store it. Whether it does nobody says; its page
// may be frozen, or may not have heard of it. So this tab keeps it until it finds it in the rows, and stores it itself when
// it is not found in time.

import { areWithin, contentIdsOf, joinedIds, type ContentIds } from '../crdt/content-ids.js';
import { UpdateBuffer } from './update-buffer.js';

/** So much is kept, bytes; of more only the ids, where the whole document can be had instead. */
const mostKeptBytes = 256 * 1024;
/** What is not found in the rows within this time is stored by this tab, ms. */
const lateMs = 2_500;

/** What came between two looks. */
interface Left {
  readonly ids: ContentIds;
  readonly since: number;
  /** Undefined where it was too much to keep. */
  update: Uint8Array | undefined;
}

/** What this tab is to store. */
export interface Overdue {
  readonly updates: readonly Uint8Array[];
  /** There is more than that, which only the whole document has. */
  readonly needsDocument: boolean;
}

export class LeftToWriter {
  readonly #hasDocument: boolean;
  readonly #now: () => number;
  readonly #recent = new UpdateBuffer();
  #recentSince = 0;
  #left: Left[] = [];
  /** What the rows were found to hold, of those that this tab did not load. */
  #found: ContentIds = joinedIds([]);

  /** `hasDocument`: the whole document can be had. `now`: ms, of a clock that does not jump. */
  constructor({ hasDocument, now }: { hasDocument: boolean; now: () => number }) {
    this.#hasDocument = hasDocument;
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#recent.isEmpty && this.#left.length === 0;
  }

  add(update: Uint8Array): void {
    if (this.#recent.isEmpty) this.#recentSince = this.#now();
    this.#recent.add(update);
    if (this.#hasDocument && this.#recent.bytes > mostKeptBytes) this.#settle();
  }

  /** New rows hold this, or there are none. Returns what is in no row and should be by now. */
  found(update: Uint8Array | undefined): Overdue {
    this.#settle();
    if (update !== undefined) this.#found = joinedIds([this.#found, contentIdsOf(update)]);
    const left = this.#left.filter(({ ids }) => !areWithin(ids, this.#found));
    const dueBefore = this.#now() - lateMs;
    this.#left = left.filter(({ since }) => since > dueBefore);
    return overdue(left.filter(({ since }) => since <= dueBefore));
  }

  /** All of it; it is empty then. */
  take(): Overdue {
    this.#settle();
    const all = overdue(this.#left);
    this.#left = [];
    return all;
  }

  #settle(): void {
    const update = this.#recent.merged();
    if (update === undefined) return;
    this.#left.push({ ids: contentIdsOf(update), since: this.#recentSince, update });
    this.#recent.clear();
    const bytes = this.#left.reduce((sum, left) => sum + (left.update?.byteLength ?? 0), 0);
    if (this.#hasDocument && bytes > mostKeptBytes) for (const left of this.#left) left.update = undefined;
  }
}

function overdue(left: readonly Left[]): Overdue {
  return {
    updates: left.flatMap(({ update }) => (update === undefined ? [] : [update])),
    needsDocument: left.some(({ update }) => update === undefined),
  };
}
