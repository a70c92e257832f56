import { describe, expect, test } from 'vitest';
import { FrameReader, opcode } from '../../../bench/load/frame-reader.js';

/** A server's frame: no mask. */
function frame(payload: Buffer, first = 0x82): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

function read(
  bytes: Buffer,
  chunk: number,
  expected?: (length: number) => Buffer | undefined,
): { kind: number; payload: Buffer; isExpected: boolean }[] {
  const messages: { kind: number; payload: Buffer; isExpected: boolean }[] = [];
  const reader = new FrameReader((kind, payload) => {
    const isExpected = payload === expected?.(payload.length);
    messages.push({ kind, payload: Buffer.from(payload), isExpected });
  }, expected);
  // One buffer for all chunks, as sockets have it: what is kept must be copied.
  const shared = Buffer.alloc(chunk);
  for (let at = 0; at < bytes.length; at += chunk)
    reader.push(shared.subarray(0, bytes.copy(shared, 0, at, at + chunk)));
  return messages;
}

describe('frames', () => {
  test('are the same in whatever pieces they come', () => {
    const payloads = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000].map((length) =>
      Buffer.alloc(length, `${length} `),
    );
    const bytes = Buffer.concat(payloads.map((payload) => frame(payload)));
    for (const chunk of [1, 2, 3, 7, 100, 4096, 65_536, bytes.length]) {
      const messages = read(bytes, chunk);
      expect(messages.map(({ payload }) => payload.length)).toEqual(payloads.map(({ length }) => length));
      for (const [i, { payload }] of messages.entries()) expect(payload.equals(payloads[i]!)).toBe(true);
    }
  });

  test('of one message are joined, with a ping between them', () => {
    const bytes = Buffer.concat([
      frame(Buffer.from('one '), opcode.binary),
      frame(Buffer.from('ping'), 0x80 | opcode.ping),
      frame(Buffer.from('two '), opcode.continuation),
      frame(Buffer.from('three'), 0x80 | opcode.continuation),
    ]);
    for (const chunk of [1, 5, bytes.length])
      expect(read(bytes, chunk).map(({ kind, payload }) => [kind, payload.toString()])).toEqual([
        [opcode.ping, 'ping'],
        [opcode.binary, 'one two three'],
      ]);
  });

  test('are what was expected only where every byte is the same', () => {
    const known = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251));
    const before = Buffer.from(known);
    const [differsFirst, differsLater, differsLast] = [0, 40_000, 69_999].map((at) => {
      const other = Buffer.from(known);
      other[at]! ^= 1;
      return other;
    });
    const payloads = [known, differsFirst!, known, differsLater!, differsLast!, known];
    const bytes = Buffer.concat(payloads.map((payload) => frame(payload)));
    for (const chunk of [1, 1000, 4096, 65_536]) {
      const messages = read(bytes, chunk, (length) => (length === known.length ? known : undefined));
      expect(messages.map(({ isExpected }) => isExpected)).toEqual([true, false, true, false, false, true]);
      for (const [i, { payload }] of messages.entries()) expect(payload.equals(payloads[i]!)).toBe(true);
    }
    expect(known.equals(before)).toBe(true);
  });
});
