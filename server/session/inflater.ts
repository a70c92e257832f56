// Inflates what clients send, which is bounded (O2). A connection has one message under way.

import type { Limits } from '../../shared/limits.js';
import { SyncError } from '../../shared/errors.js';
import { mayBeInflated, type Deflation } from '../../shared/native/deflation.js';
import { checkFrameSize } from './frame-size.js';

export class Inflater {
  readonly #deflation: Deflation;
  readonly #limits: Limits;

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
    return this.#deflation.inflate(body, size);
  }
}
