// Raw deflate by what the platform has: CompressionStream and DecompressionStream, in browsers since 2023 and in Node.

import { notInflatable, type Deflation } from '../../shared/native/deflation.js';

const format = 'deflate-raw';

/** Undefined where the platform cannot do it. */
export function platformDeflation(): Deflation | undefined {
  const deflating = (): CompressionStream => new CompressionStream(format);
  const inflating = (): DecompressionStream => new DecompressionStream(format);
  try {
    // Older browsers have the classes, and do not know the format.
    deflating();
    inflating();
  } catch {
    return undefined;
  }
  return {
    // What becomes larger by it is of no use.
    deflate: (plain) => through(deflating(), plain, plain.length),
    async inflate(deflated, size) {
      const plain = await through(inflating(), deflated, size).catch((error: unknown) => {
        throw notInflatable(error);
      });
      if (plain.length !== size) throw notInflatable();
      return plain;
    },
  };
}

/** What comes out of the stream. Rejects when that is more than `maxBytes`. */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream).getReader();
  const out = new Uint8Array(maxBytes);
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    // Throws where it does not fit.
    out.set(read.value, length);
    length += read.value.length;
  }
  return out.slice(0, length);
}
