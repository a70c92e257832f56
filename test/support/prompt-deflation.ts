// Deflates at once, on the thread of the test: what follows comes in a microtask, so that a world with a clock of its own stays
// the same each time.

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { notInflatable, type Deflation } from '../../shared/native/deflation.js';

export const promptDeflation: Deflation = {
  deflate: async (plain) => new Uint8Array(deflateRawSync(plain)),
  inflate: async (deflated, size) => inflatedAtOnce(deflated, size),
};

/** Throws SyncError FRAME_MALFORMED where the bytes do not inflate to exactly `size` bytes. */
export function inflatedAtOnce(deflated: Uint8Array, size: number): Uint8Array {
  try {
    const plain = inflateRawSync(deflated, { maxOutputLength: Math.max(1, size) });
    if (plain.length === size) return new Uint8Array(plain);
  } catch (error) {
    throw notInflatable(error);
  }
  throw notInflatable();
}
