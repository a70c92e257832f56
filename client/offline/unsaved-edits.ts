// This tab's edits that are not stored yet, in order, and how many of all its edits are durable on the server. An edit
// counts as durable only when all before it are.

import { mergeUpdates } from './merge-updates.js';

interface Edit {
  readonly update: Uint8Array;
  /** The numbers of the first and the last edit in it. */
  readonly first: number;
  readonly last: number;
}

/** Edits to be stored together. */
export interface EditBatch {
  readonly edits: readonly Edit[];
  /** What the server may lack, as one update. */
  readonly pending: Uint8Array | undefined;
  /** How many edits that is. */
  readonly pendingCount: number;
  /** What became durable before it was stored. */
  readonly durable: Uint8Array | undefined;
  /** The number of the last edit in it. */
  readonly last: number;
}

/** So many edits wait unmerged. */
const mostRecent = 64;

export class UnsavedEdits {
  #edits: Edit[] = [];
  /** So many of them, the last ones, were never merged. */
  #recent = 0;
  #last = 0;
  /** So many edits are durable, in the order in which the server was told of them. */
  #told = 0;
  /** Below this number nobody can say which ones these are: none counts as durable then. */
  #countsFrom = 0;

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  /** How many of this tab's edits are durable, counted from the first. */
  get durableCount(): number {
    return this.#told >= this.#countsFrom ? this.#told : 0;
  }

  /** How many edits there were, stored or not. */
  get count(): number {
    return this.#last;
  }

  /**
   * So many edits come before all that were added: they were found in the copy. `isLate`: the server may have been told of
   * some that were added; those that were found are told of later, before `restored` is called.
   */
  precededBy(count: number, isLate: boolean): void {
    if (isLate && count > 0) this.#countsFrom = Infinity;
    this.#last += count;
    this.#edits = this.#edits.map(({ update, first, last }) => ({
      update,
      first: first + count,
      last: last + count,
    }));
  }

  add(update: Uint8Array): void {
    const number = ++this.#last;
    this.#edits.push({ update, first: number, last: number });
    if (++this.#recent >= mostRecent) this.#tidy();
  }

  /** The server will have been told of what was found when it has been told of as many as there are now. */
  restored(): void {
    if (this.#countsFrom === Infinity) this.#countsFrom = this.#last;
  }

  durable(count: number): void {
    this.#told = Math.min(this.#last, this.#told + count);
  }

  /** All that is unsaved; it is empty then. When this throws, nothing was taken. */
  take(): EditBatch | undefined {
    const edits = this.#edits;
    if (edits.length === 0) return undefined;
    const durable = this.durableCount;
    const part = (isDurable: boolean): Uint8Array | undefined =>
      mergeUpdates(edits.filter(({ last }) => last <= durable === isDurable).map(({ update }) => update));
    const { last } = edits.at(-1)!;
    const pendingCount = last - Math.min(last, Math.max(durable, edits[0]!.first - 1));
    const batch = { edits, pending: part(false), pendingCount, durable: part(true), last };
    this.#edits = [];
    this.#recent = 0;
    return batch;
  }

  /** The batch was not stored. */
  putBack({ edits }: EditBatch): void {
    this.#edits = [...edits, ...this.#edits];
  }

  /** Merges the recent edits, and then neighbours of like size: each byte is merged a few times at most. */
  #tidy(): void {
    let from = this.#edits.length - this.#recent;
    let bytes = sizeOf(this.#edits.slice(from));
    for (; from > 0 && this.#edits[from - 1]!.update.byteLength <= bytes; from--)
      bytes += this.#edits[from - 1]!.update.byteLength;
    const some = this.#edits.slice(from);
    const update = mergeUpdates(some.map((one) => one.update))!;
    this.#edits = [...this.#edits.slice(0, from), { update, first: some[0]!.first, last: some.at(-1)!.last }];
    this.#recent = 0;
  }
}

function sizeOf(edits: readonly Edit[]): number {
  return edits.reduce((sum, { update }) => sum + update.byteLength, 0);
}
