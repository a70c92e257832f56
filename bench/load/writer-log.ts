// What one writer is to send, when it sent it, and what each of its updates needs to have arrived.

import type { WriterScript } from '../input/script.js';

export class WriterLog {
  readonly script: WriterScript;
  /** Clock at which update i is whole. */
  readonly ends: Uint32Array;
  /** When update i was sent, ms. */
  readonly sentAt: Float64Array;
  sentCount = 0;
  /** Pieces that update i deletes; absent where it deletes nothing. Undefined for a writer that never deletes. */
  deletes: (readonly number[] | undefined)[] | undefined;

  constructor(script: WriterScript) {
    this.script = script;
    this.sentAt = new Float64Array(script.updates.length);
    this.ends = new Uint32Array(script.updates.length);
    let end = this.start;
    for (const [i, { from, to }] of script.updates.entries()) {
      if (to > from) end = to;
      this.ends[i] = end;
    }
  }

  /** Clock of its first update's first struct. */
  get start(): number {
    return this.script.updates.find(({ from, to }) => to > from)?.from ?? 0;
  }

  /** How many updates are whole when everything before this clock is there, deletions aside. */
  countUpTo(clock: number): number {
    const { ends } = this;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! <= clock) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
