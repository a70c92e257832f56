// When messages go deflated, and the port to whatever deflates. The rules are in docs/protocol.md.

import { SyncError } from '../errors.js';

/** Raw deflate. Either call may take its time, and holds no thread that has other work. */
export interface Deflation {
  /** Rejects when it cannot be done, as where it would only become larger. */
  deflate(plain: Uint8Array): Promise<Uint8Array>;
  /** Rejects with SyncError FRAME_MALFORMED when the bytes do not inflate to exactly `size` bytes. Takes little more memory. */
  inflate(deflated: Uint8Array, size: number): Promise<Uint8Array>;
}

/** Smaller frames go as they are: deflating would save few packets, and make those that come after them wait. */
export const leastDeflatedBytes = 16 * 1024;

/** What a client may have deflated in one message, bytes before that. */
export const mostInflatedBytes = 4 * 1024 * 1024;
/** A deflated message of a client holds at most this many times its own bytes: few bytes must not make much work. */
export const mostInflation = 64;

/** What a small message may become larger by when it is deflated all the same, bytes. */
const deflationOverhead = 1_024;

/** Whether a client may send so many bytes for so many. */
export function mayBeInflated(deflatedBytes: number, plainBytes: number): boolean {
  const isSmall = plainBytes <= mostInflatedBytes && plainBytes <= mostInflation * deflatedBytes;
  return isSmall && deflatedBytes <= plainBytes + deflationOverhead;
}

/** Whether so few bytes are worth the work: images, say, hardly become smaller. */
export function isWorthDeflating(plainBytes: number, deflatedBytes: number): boolean {
  return deflatedBytes <= 0.9 * plainBytes;
}

/** The error for bytes that do not inflate to what was said. */
export function notInflatable(cause?: unknown): SyncError {
  return new SyncError('FRAME_MALFORMED', 'a deflated message does not hold what it says', { cause });
}
