// Cuts the bytes of a server into WebSocket messages. Small frames are handed over where they lie. A frame larger than
// what came is compared with what it probably is, as it comes, and not copied at all while it is the same; otherwise it
// is gathered in a buffer of its size, and copied once.

export const opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Longest header of a frame without mask. */
const maxHeader = 10;

export class FrameReader {
  readonly #received: (kind: number, payload: Buffer) => void;
  readonly #expected: (length: number) => Buffer | undefined;
  /** Bytes of a header that has not come whole. */
  #head: Buffer = Buffer.alloc(0);
  /** A payload that is being gathered. */
  #gathered: Buffer | undefined;
  /** It is an expected one, the same so far: to be compared, not written to. */
  #isExpected = false;
  #filled = 0;
  #first = 0;
  /** Earlier frames of a message that comes in several. */
  #fragments: Buffer[] = [];
  #kind = 0;

  /**
   * `received` gets every whole message; a payload is valid for the call. `expected` names what a payload of a length
   * may be: when it is, byte for byte, that very buffer is received.
   */
  constructor(
    received: (kind: number, payload: Buffer) => void,
    expected: (length: number) => Buffer | undefined = () => undefined,
  ) {
    this.#received = received;
    this.#expected = expected;
  }

  /** The next bytes; they are not kept. */
  push(chunk: Buffer): void {
    let data = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    this.#head = Buffer.alloc(0);
    while (data.length > 0) {
      if (this.#gathered !== undefined) data = this.#gather(this.#gathered, data);
      else {
        const rest = this.#frame(data);
        if (rest === undefined) {
          this.#head = Buffer.from(data);
          return;
        }
        data = rest;
      }
    }
  }

  /** Takes one frame off the front, or begins to gather it. Undefined when its header is not whole. */
  #frame(data: Buffer): Buffer | undefined {
    const header = headerOf(data);
    if (header === undefined) return undefined;
    const { start, length } = header;
    this.#first = data[0]!;
    if (data.length - start >= length) {
      this.#take(data.subarray(start, start + length));
      return data.subarray(start + length);
    }
    const expected = this.#expected(length);
    this.#isExpected = expected !== undefined;
    this.#gathered = expected ?? Buffer.allocUnsafe(length);
    this.#filled = 0;
    return data.subarray(start);
  }

  #gather(into: Buffer, data: Buffer): Buffer {
    const from = this.#filled;
    const count = Math.min(data.length, into.length - from);
    if (this.#isExpected && into.compare(data, 0, count, from, from + count) !== 0)
      into = this.#gathered = this.#copyOf(into, from);
    if (!this.#isExpected) data.copy(into, from);
    this.#filled += count;
    if (this.#filled === into.length) {
      this.#gathered = undefined;
      this.#take(into);
    }
    return data.subarray(count);
  }

  /** It is another than was expected, but for its first bytes: from here on it is gathered. */
  #copyOf(expected: Buffer, until: number): Buffer {
    this.#isExpected = false;
    const own = Buffer.allocUnsafe(expected.length);
    expected.copy(own, 0, 0, until);
    return own;
  }

  #take(payload: Buffer): void {
    const kind = this.#first & 0x0f;
    const isFinal = (this.#first & 0x80) !== 0;
    if (kind >= opcode.close || (isFinal && kind !== opcode.continuation)) {
      this.#received(kind, payload);
      return;
    }
    if (kind !== opcode.continuation) this.#kind = kind;
    this.#fragments.push(Buffer.from(payload));
    if (!isFinal) return;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#received(this.#kind, whole);
  }
}

/** Where the payload of the frame at the front begins, and its length. */
function headerOf(data: Buffer): { start: number; length: number } | undefined {
  if (data.length < 2) return undefined;
  const short = data[1]! & 0x7f;
  if (short < 126) return { start: 2, length: short };
  if (short === 126) return data.length < 4 ? undefined : { start: 4, length: data.readUInt16BE(2) };
  return data.length < maxHeader ? undefined : { start: maxHeader, length: Number(data.readBigUInt64BE(2)) };
}
