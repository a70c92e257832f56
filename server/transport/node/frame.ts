// The bytes of a frame that the server sends, as RFC 6455 has them in section 5.2: whole, binary, not masked.

const finalBinary = 0x82;
const length16 = 126;
const length64 = 127;

/** A ping without payload. */
export const pingFrame: Buffer = Buffer.from([0x89, 0]);

/** Makes the frame around the payload, which is copied. The same bytes can be written to any number of sockets. */
export function binaryFrame(payload: Uint8Array): Buffer {
  const { length } = payload;
  const headBytes = length < length16 ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = finalBinary;
  frame[1] = headBytes === 2 ? length : headBytes === 4 ? length16 : length64;
  if (headBytes === 4) frame.writeUInt16BE(length, 2);
  if (headBytes === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, headBytes);
  return frame;
}
