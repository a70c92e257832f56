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

  /** Bytes of the updates, without the memory that keeps them. */
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

  /** The sizes of the updates from an index up to another, bytes. */
  *sizes(from: number, to: number): Generator<number> {
    for (let c = this.#chunkOf(from); c < this.#chunks.length; c++) {
      const first = this.#firstOf(c);
      if (first >= to) break;
      const end = Math.min(this.#firstOf(c + 1), to);
      for (let i = Math.max(first, from); i < end; i++) yield this.#endOf(i) - this.#startOf(i, first);
    }
  }

  /** Updates from an index up to another, as views. */
  slice(from: number, to: number): Uint8Array[] {
    return this.take(from, to, Infinity);
  }

  /** Updates from an index up to another, as views: as many as have no more than `maxBytes` together, but at least the first. */
  take(from: number, to: number, maxBytes: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    let bytes = 0;
    for (let c = this.#chunkOf(from); c < this.#chunks.length; c++) {
      const first = this.#firstOf(c);
      if (first >= to) break;
      const end = Math.min(this.#firstOf(c + 1), to);
      for (let i = Math.max(first, from); i < end; i++) {
        const [start, stop] = [this.#startOf(i, first), this.#endOf(i)];
        bytes += stop - start;
        if (bytes > maxBytes && views.length > 0) return views;
        views.push(this.#bytesOf(c).subarray(start, stop));
      }
    }
    return views;
  }

  /** The chunk that holds the update with this index. */
  #chunkOf(index: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firstOf(middle) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Index of the first update of a chunk; of a chunk that is not there, the index of the next update. */
  #firstOf(chunk: number): number {
    return this.#chunks[chunk]?.first ?? this.length;
  }

  #bytesOf(chunk: number): Uint8Array {
    return this.#chunks[chunk]?.bytes ?? new Uint8Array(0);
  }

  #startOf(index: number, firstOfChunk: number): number {
    return index === firstOfChunk ? 0 : this.#endOf(index - 1);
  }

  #endOf(index: number): number {
    return this.#ends[index] ?? 0;
  }
}
