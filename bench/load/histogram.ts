// Durations, counted in buckets that grow with what they hold: adding is cheap and any quantile is right within one percent.

import type { LatencyCurve } from '../measurement.js';

const leastMs = 0.001;
const perOctave = 64;
/** From a microsecond to more than two minutes; what is longer counts as that. */
const bucketCount = 27 * perOctave;

/** Shares of a curve: even steps, and finer ones towards the end. */
const shares = Array.from({ length: 50 }, (_, i) => (i + 1) * 0.018).concat([
  0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1,
]);

export class Histogram {
  #buckets = new Uint32Array(bucketCount);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** Duration in ms; `times` of the same. */
  add(ms: number, times = 1): void {
    this.#buckets[bucketOf(ms)]! += times;
    this.#count += times;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  merge(other: Histogram): void {
    for (let i = 0; i < bucketCount; i++) this.#buckets[i]! += other.#buckets[i]!;
    this.#count += other.#count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }

  /** The duration in ms that this share (0 to 1) took at most; NaN when nothing was counted. */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let i = 0; i < bucketCount; i++) {
      seen += this.#buckets[i]!;
      if (seen >= rank) return Math.min(endOf(i), this.#maxMs);
    }
    return this.#maxMs;
  }

  curve(): LatencyCurve {
    if (this.#count === 0) return { count: 0, points: [] };
    return { count: this.#count, points: shares.map((share) => ({ share, ms: this.quantile(share) })) };
  }
}

function bucketOf(ms: number): number {
  if (ms <= leastMs) return 0;
  return Math.min(bucketCount - 1, Math.floor(Math.log2(ms / leastMs) * perOctave));
}

function endOf(bucket: number): number {
  return leastMs * 2 ** ((bucket + 1) / perOctave);
}
