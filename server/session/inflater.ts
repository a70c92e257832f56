// Inflates what clients send, a few messages at a time: a connection has one under way, and each is small (O2). Whoever comes
// later waits in line.

import type { Limits } from '../../shared/limits.js';
import { SyncError } from '../../shared/errors.js';
import { mayBeInflated, type Deflation } from '../../shared/native/deflation.js';
import { Fifo } from './fifo.js';
import { checkFrameSize } from './frame-size.js';

/**
 * Node's thread pool has four threads, and the store works in them too. Frames that are deflated take two more at most
 * (frame-cache.ts).
 */
const maxUnderWay = 2;

export class Inflater {
  readonly #deflation: Deflation;
  readonly #limits: Limits;
  readonly #waiting = new Fifo<() => void>();
  #underWay = 0;

  constructor(deflation: Deflation, limits: Limits) {
    this.#deflation = deflation;
    this.#limits = limits;
  }

  /**
   * What the body holds. Rejects with SyncError FRAME_TOO_LARGE when more is said to be in it than a client may have deflated,
   * and FRAME_MALFORMED when it does not hold exactly so much. The body must not change meanwhile.
   */
  async inflate(body: Uint8Array, size: number): Promise<Uint8Array> {
    checkFrameSize(size, this.#limits);
    if (!mayBeInflated(body.length, size))
      throw new SyncError('FRAME_TOO_LARGE', `${body.length} deflated bytes may not stand for ${size}`);
    if (this.#underWay >= maxUnderWay) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay++;
    try {
      return await this.#deflation.inflate(body, size);
    } finally {
      const next = this.#waiting.take();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }
}
