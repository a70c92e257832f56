// Sorted, disjoint clock ranges of one client id (what is deleted), two numbers each.

import * as encoding from 'lib0/encoding';

/** Ranges that touch are one range. Appending at the end, the common case, is constant time. */
export class RangeSet {
  private bounds = new Uint32Array(4);
  size = 0;

  get memoryBytes(): number {
    return 200 + this.bounds.byteLength;
  }

  startAt(index: number): number {
    return this.bounds[index * 2] as number;
  }

  untilAt(index: number): number {
    return this.bounds[index * 2 + 1] as number;
  }

  /** Index of the first range that ends after `clock`; `size` when none does. */
  firstEndingAfter(clock: number): number {
    const bounds = this.bounds;
    let high = this.size;
    if (high === 0 || (bounds[high * 2 - 1] as number) <= clock) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[middle * 2 + 1] as number) > clock) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether one range holds all of [start, until). */
  covers(start: number, until: number): boolean {
    const index = this.firstEndingAfter(start);
    return index < this.size && this.startAt(index) <= start && this.untilAt(index) >= until;
  }

  add(start: number, until: number): void {
    const first = start === 0 ? 0 : this.firstEndingAfter(start - 1);
    let last = first;
    let from = start;
    let to = until;
    while (last < this.size && this.startAt(last) <= until) {
      from = Math.min(from, this.startAt(last));
      to = Math.max(to, this.untilAt(last++));
    }
    this.splice(first, last - first, from, to);
  }

  /** Adds ranges starts[i], untils[i] for i in [first, limit), which are sorted: one pass, however many there are. */
  addSorted(starts: Uint32Array, untils: Uint32Array, first: number, limit: number): void {
    const isFew = limit - first < 16;
    if (isFew || this.size === 0 || (starts[first] as number) > this.untilAt(this.size - 1)) {
      for (let i = first; i < limit; i++) this.add(starts[i] as number, untils[i] as number);
      return;
    }
    const old = this.bounds;
    const oldCount = this.size;
    this.bounds = new Uint32Array((oldCount + limit - first) * 2);
    this.size = 0;
    let k = 0;
    for (let i = first; i < limit; i++) {
      const start = starts[i] as number;
      while (k < oldCount && (old[k * 2] as number) <= start) this.append(old, k++);
      this.add(start, untils[i] as number);
    }
    while (k < oldCount) this.append(old, k++);
  }

  /** Number of ranges, then start and length of each, as in a delete set. */
  write(encoder: encoding.Encoder): void {
    encoding.writeVarUint(encoder, this.size);
    for (let i = 0; i < this.size; i++) {
      encoding.writeVarUint(encoder, this.startAt(i));
      encoding.writeVarUint(encoder, this.untilAt(i) - this.startAt(i));
    }
  }

  private append(bounds: Uint32Array, index: number): void {
    this.add(bounds[index * 2] as number, bounds[index * 2 + 1] as number);
  }

  /** Puts one range in the place of `removed` ranges at `index`. */
  private splice(index: number, removed: number, start: number, until: number): void {
    if (removed !== 1) {
      if (this.size + 1 > this.bounds.length / 2) this.grow();
      if (index + removed < this.size)
        this.bounds.copyWithin((index + 1) * 2, (index + removed) * 2, this.size * 2);
      this.size += 1 - removed;
    }
    this.bounds[index * 2] = start;
    this.bounds[index * 2 + 1] = until;
  }

  private grow(): void {
    const bounds = new Uint32Array(Math.max(4, (this.bounds.length * 3) >> 2) * 2);
    bounds.set(this.bounds);
    this.bounds = bounds;
  }
}
