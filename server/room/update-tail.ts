// Updates in a row, kept as bytes behind each other: a keystroke of thirty bytes takes about forty, not the three hundred
// of an array of its own.

const firstChunkBytes = 256;
const maxChunkBytes = 16 * 1024;

/** Bytes of many updates. */
interface Chunk {
  readonly bytes: Uint8Array;
  /** Number of its first update. */
  readonly first: number;
}

export class UpdateTail {
  #chunks: Chunk[] = [];
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
    if (chunk === undefined || chunk.bytes.length - this.#free < update.length) {
      const size = Math.min(Math.max(firstChunkBytes, 2 * this.#bytes), maxChunkBytes);
      chunk = { bytes: new Uint8Array(Math.max(size, update.length)), first: this.length };
      // The first in a list of one: growing, it would be given room for seventeen.
      if (chunk.first === 0) this.#chunks = [chunk];
      else this.#chunks.push(chunk);
      this.#free = 0;
    }
    chunk.bytes.set(update, this.#free);
    this.#free += update.length;
    this.#ends.push(this.#free);
    this.#bytes += update.length;
  }

  /** How large the updates are, those before an index. */
  *sizes(to: number): Generator<number> {
    for (const [c, { first }] of this.#chunks.entries()) {
      const end = Math.min(this.#chunks[c + 1]?.first ?? this.length, to);
      for (let i = first; i < end; i++)
        yield (this.#ends[i] ?? 0) - (i === first ? 0 : (this.#ends[i - 1] ?? 0));
    }
  }

  /** Updates from an index up to another, as views. */
  slice(from: number, to: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (const [c, { bytes, first }] of this.#chunks.entries()) {
      const end = Math.min(this.#chunks[c + 1]?.first ?? this.length, to);
      for (let i = Math.max(first, from); i < end; i++) {
        const start = i === first ? 0 : this.#ends[i - 1];
        views.push(bytes.subarray(start, this.#ends[i]));
      }
    }
    return views;
  }
}
