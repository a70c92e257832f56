// Frames of large payloads, kept for a moment: when many join at once, all are sent the same, and each frame made anew is
// a document's worth of memory to be found, filled and collected. A deflated frame is made once for all, too.

import type { Clock } from '../../shared/clock.js';
import { isWorthDeflating, leastDeflatedBytes } from '../../shared/native/deflation.js';
import { encodeServerFrame } from '../../shared/native/frame.js';
import type { BoundedDeflation } from './bounded-deflation.js';

type Encode = (payload: Uint8Array) => Uint8Array;

/** From here on a frame costs more to make than to find. */
const leastBytes = leastDeflatedBytes;
const maxBytes = 4 * 1024 * 1024;
const keptMs = 1_000;

/** The frames of one payload. */
interface Frames {
  plain?: Uint8Array;
  deflated?: Uint8Array;
}

interface Making {
  readonly encode: Encode;
  readonly payload: Uint8Array;
  readonly frame: Promise<Uint8Array>;
}

export class FrameCache {
  readonly #clock: Clock;
  readonly #deflation: BoundedDeflation;
  readonly #frames = new Map<Encode, Map<Uint8Array, Frames>>();
  #bytes = 0;
  /** Frames that are being deflated. */
  #making: readonly Making[] = [];
  /** Payloads that deflating makes hardly smaller. */
  readonly #dense = new WeakSet<Uint8Array>();

  constructor(clock: Clock, deflation: BoundedDeflation) {
    this.#clock = clock;
    this.#deflation = deflation;
  }

  /** What `encode` makes of the payload, which is told by identity. Not to be written to. */
  frame(encode: Encode, payload: Uint8Array): Uint8Array {
    if (!isKept(payload)) return encode(payload);
    const known = this.#frames.get(encode)?.get(payload)?.plain;
    if (known !== undefined) return known;
    const plain = encode(payload);
    this.#keep(encode, payload, { plain });
    return plain;
  }

  /**
   * The same for a client of our own that inflates: deflated where that is worth it. A promise while it is being deflated.
   * A frame waits for nothing else: while enough is being deflated or inflated, it goes as it is. So nobody waits in a line.
   */
  deflatedFrame(encode: Encode, payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const known = this.#frames.get(encode)?.get(payload)?.deflated;
    if (known !== undefined) return known;
    if (!isKept(payload) || this.#dense.has(payload)) return this.frame(encode, payload);
    const under = this.#making.find((one) => one.encode === encode && one.payload === payload);
    if (under !== undefined) return under.frame;
    if (!this.#deflation.isFree) return this.frame(encode, payload);
    const frame = this.#deflate(encode, payload);
    this.#making = [...this.#making, { encode, payload, frame }];
    return frame;
  }

  async #deflate(encode: Encode, payload: Uint8Array): Promise<Uint8Array> {
    const plain = encode(payload);
    const body = await this.#deflation.deflate(plain).finally(() => this.#made(encode, payload));
    if (isWorthDeflating(plain.length, body.length)) {
      const deflated = encodeServerFrame({ type: 'deflated', size: plain.length, body });
      this.#keep(encode, payload, { deflated });
      return deflated;
    }
    this.#dense.add(payload);
    return this.frame(encode, payload);
  }

  #made(encode: Encode, payload: Uint8Array): void {
    this.#making = this.#making.filter((one) => one.encode !== encode || one.payload !== payload);
  }

  #keep(encode: Encode, payload: Uint8Array, made: Frames): void {
    const bytes = (made.plain ?? made.deflated)?.length ?? 0;
    if (this.#bytes + bytes > maxBytes) this.#clear();
    if (this.#bytes === 0) this.#clock.after(keptMs, () => this.#clear());
    this.#bytes += bytes;
    const frames = this.#frames.get(encode);
    if (frames === undefined) this.#frames.set(encode, new Map([[payload, made]]));
    else frames.set(payload, { ...frames.get(payload), ...made });
  }

  #clear(): void {
    this.#frames.clear();
    this.#bytes = 0;
  }
}

function isKept({ length }: Uint8Array): boolean {
  return length >= leastBytes && length <= maxBytes;
}
