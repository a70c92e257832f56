// Frames of large payloads, kept for a moment: when many join at once, all are sent the same, and each frame made anew is
// a document's worth of memory to be found, filled and collected.

import type { Clock } from '../../shared/clock.js';

type Encode = (payload: Uint8Array) => Uint8Array;

/** From here on a frame costs more to make than to find. */
const leastBytes = 16 * 1024;
const maxBytes = 4 * 1024 * 1024;
const keptMs = 1_000;

export class FrameCache {
  readonly #clock: Clock;
  readonly #frames = new Map<Encode, Map<Uint8Array, Uint8Array>>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What `encode` makes of the payload, which is told by identity. Not to be written to. */
  frame(encode: Encode, payload: Uint8Array): Uint8Array {
    if (payload.length < leastBytes || payload.length > maxBytes) return encode(payload);
    const known = this.#frames.get(encode)?.get(payload);
    if (known !== undefined) return known;
    const frame = encode(payload);
    if (this.#bytes + frame.length > maxBytes) this.#clear();
    if (this.#bytes === 0) this.#clock.after(keptMs, () => this.#clear());
    this.#bytes += frame.length;
    const frames = this.#frames.get(encode);
    if (frames === undefined) this.#frames.set(encode, new Map([[payload, frame]]));
    else frames.set(payload, frame);
    return frame;
  }

  #clear(): void {
    this.#frames.clear();
    this.#bytes = 0;
  }
}
