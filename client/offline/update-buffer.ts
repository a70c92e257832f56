// Updates that wait to be stored, kept few.

import { mergeUpdates } from './merge-updates.js';

const mostUpdates = 64;

export class UpdateBuffer {
  /** Merged ones, each smaller than the one before: a byte is merged a few times at most. */
  #merged: Uint8Array[] = [];
  #recent: Uint8Array[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Of what it holds, about. */
  get bytes(): number {
    return this.#bytes;
  }

  add(update: Uint8Array): void {
    this.#recent.push(update);
    this.#bytes += update.byteLength;
    if (this.#recent.length >= mostUpdates) this.#tidy();
  }

  /** All of it as one update; undefined when it is empty. */
  merged(): Uint8Array | undefined {
    return mergeUpdates([...this.#merged, ...this.#recent]);
  }

  /** As `merged`; it is empty then. When this throws, nothing was taken. */
  take(): Uint8Array | undefined {
    const all = this.merged();
    this.clear();
    return all;
  }

  clear(): void {
    this.#merged = [];
    this.#recent = [];
    this.#bytes = 0;
  }

  #tidy(): void {
    let next = mergeUpdates(this.#recent)!;
    this.#recent = [];
    while ((this.#merged.at(-1)?.byteLength ?? Infinity) <= next.byteLength)
      next = mergeUpdates([this.#merged.pop()!, next])!;
    this.#merged.push(next);
    this.#bytes = this.#merged.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}
