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

const mostEdits = 64;

export class UnsavedEdits {
  #edits: Edit[] = [];
  #last = 0;
  #durable = 0;

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  /** How many of this tab's edits are durable, counted from the first. */
  get durableCount(): number {
    return this.#durable;
  }

  /** How many edits there were, stored or not. */
  get count(): number {
    return this.#last;
  }

  /** So many edits come before all that were added: they were found in the copy. */
  precededBy(count: number): void {
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
    if (this.#edits.length < mostEdits) return;
    const { first } = this.#edits[0]!;
    this.#edits = [{ update: mergeUpdates(this.#edits.map((one) => one.update))!, first, last: number }];
  }

  durable(count: number): void {
    this.#durable = Math.min(this.#last, this.#durable + count);
  }

  /** All that is unsaved; it is empty then. */
  take(): EditBatch | undefined {
    const edits = this.#edits;
    if (edits.length === 0) return undefined;
    this.#edits = [];
    const part = (isDurable: boolean): Uint8Array | undefined =>
      mergeUpdates(
        edits.filter(({ last }) => last <= this.#durable === isDurable).map(({ update }) => update),
      );
    const { last } = edits.at(-1)!;
    const pendingCount = last - Math.min(last, Math.max(this.#durable, edits[0]!.first - 1));
    return { edits, pending: part(false), pendingCount, durable: part(true), last };
  }

  /** The batch was not stored. */
  putBack({ edits }: EditBatch): void {
    this.#edits = [...edits, ...this.#edits];
  }
}
