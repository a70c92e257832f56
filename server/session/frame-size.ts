// The limit on what a client may send at once. The transport takes half as much again, so that a client which is a little
// over the limit is told so, and does not send the same again and again (O6).

import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';

/** Room for what stands in front of a payload: type, document, number and length. */
const headBytes = 16;

/** Throws SyncError FRAME_TOO_LARGE for a frame of so many bytes. */
export function checkFrameSize(bytes: number, { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>): void {
  if (bytes > maxMessageBytes + headBytes)
    throw new SyncError('FRAME_TOO_LARGE', `a message is at most ${maxMessageBytes} bytes`);
}

/** The largest frame that the transport receives, bytes. */
export function maxReceivedBytes({ maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>): number {
  return Math.ceil(maxMessageBytes * 1.5) + headBytes;
}
