// Deflates and inflates in the thread pool of zlib, not on the server's thread.

import { deflateRaw, inflateRaw } from 'node:zlib';
import { notInflatable, type Deflation } from '../../shared/native/deflation.js';

/** More takes much longer and saves little: see docs/performance.md. */
const level = 3;
/** So much comes of one job of the thread pool, which the store uses too. */
const chunkSize = 64 * 1024;

export const zlibDeflation: Deflation = {
  deflate: (plain) =>
    new Promise((resolve, reject) => {
      deflateRaw(plain, { level, chunkSize }, (error, deflated) => {
        if (error === null) resolve(bytesOf(deflated));
        else reject(error);
      });
    }),
  inflate: (deflated, size) =>
    new Promise((resolve, reject) => {
      if (size === 0) return reject(notInflatable());
      // It ends with an error as soon as there is more than was said.
      inflateRaw(deflated, { maxOutputLength: size, chunkSize }, (error, plain) => {
        if (error === null && plain.length === size) resolve(bytesOf(plain));
        else reject(notInflatable(error ?? undefined));
      });
    }),
};

/** A Buffer's slice is no copy: nobody else is to meet one. */
function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
