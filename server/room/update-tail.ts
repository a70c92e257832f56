// Updates in a row, kept as bytes behind each other: a keystroke of thirty bytes takes about forty, not the three hundred
// of an array of its own.

const firstChunkBytes = 256;
const maxChunkBytes = 16 * 1024;

export class UpdateTail {
  /** Where each update is; chunks are shared by many. */
  readonly #chunks: Uint8Array[] = [];
  /** Per chunk, how many updates the chunks before it hold. */
  readonly #firstOf: number[] = [];
  /** Where each update ends in its chunk. */
  readonly #ends: number[] = [];
  #free = 0;
  #bytes = 0;

  constructor(updates: readonly Uint8Array[] = []) {
    for (const update of updates) this.push(update);
  }

  get length(): number {
    return this.#ends.length;
  }

  /** Of the updates, without what they are kept in. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies the update. */
  push(update: Uint8Array): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.length - this.#free < update.length) {
      const size = Math.min(Math.max(firstChunkBytes, 2 * this.#bytes), maxChunkBytes);
      chunk = new Uint8Array(Math.max(size, update.length));
      this.#chunks.push(chunk);
      this.#firstOf.push(this.length);
      this.#free = 0;
    }
    chunk.set(update, this.#free);
    this.#free += update.length;
    this.#ends.push(this.#free);
    this.#bytes += update.length;
  }

  /** Updates from an index up to another, as views. */
  slice(from: number, to: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (let c = 0; c < this.#chunks.length; c++) {
      const first = this.#firstOf[c] ?? 0;
      const end = Math.min(this.#firstOf[c + 1] ?? this.length, to);
      for (let i = Math.max(first, from); i < end; i++) {
        const start = i === first ? 0 : this.#ends[i - 1];
        views.push((this.#chunks[c] as Uint8Array).subarray(start, this.#ends[i]));
      }
    }
    return views;
  }
}
