// What is sent on one socket, in order: while a large frame is being deflated, what comes after it waits.

import {
  isWorthDeflating,
  leastDeflatedBytes,
  mayBeInflated,
  mostInflatedBytes,
  type Deflation,
} from '../../shared/native/deflation.js';
import { encodeClientFrame } from '../../shared/native/frame.js';
import type { ClientSocket } from './socket.js';

export class Outflow {
  readonly #socket: ClientSocket;
  /** Frames as they are, the first of which is being deflated. */
  #waiting: Uint8Array[] = [];

  constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  /** `deflation`: to deflate it by, if it is large. Undefined where this side cannot, or the server does not inflate. */
  send(frame: Uint8Array, deflation: Deflation | undefined): void {
    const isFirst = this.#waiting.length === 0;
    if (isFirst && (deflation === undefined || !isLarge(frame))) return this.#socket.send(frame);
    this.#waiting.push(frame);
    if (isFirst && deflation !== undefined) void this.#sendAll(deflation);
  }

  /** Sends what waits as it is: it would have left by now if it was not to be deflated. */
  close(): void {
    for (const frame of this.#waiting.splice(0)) this.#socket.send(frame);
  }

  async #sendAll(deflation: Deflation): Promise<void> {
    for (let frame = this.#waiting[0]; frame !== undefined; frame = this.#waiting[0]) {
      const made = isLarge(frame) ? await deflated(frame, deflation) : frame;
      // Closed meanwhile, and sent.
      if (this.#waiting[0] !== frame) return;
      this.#waiting.shift();
      this.#socket.send(made);
    }
  }
}

function isLarge({ length }: Uint8Array): boolean {
  return length >= leastDeflatedBytes && length <= mostInflatedBytes;
}

/** The frame as it is where it cannot be deflated, becomes hardly smaller by that, or so small that no server takes it. */
async function deflated(frame: Uint8Array, deflation: Deflation): Promise<Uint8Array> {
  const body = await deflation.deflate(frame).catch(() => frame);
  const isTaken = mayBeInflated(body.length, frame.length);
  if (!isTaken || !isWorthDeflating(frame.length, body.length)) return frame;
  return encodeClientFrame({ type: 'deflated', size: frame.length, body });
}
