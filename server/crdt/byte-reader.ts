// A cursor over update bytes: canonical varints, counts that cannot lie, strings measured without being decoded.
// Knows nothing of structs.

import { SyncError } from '../../shared/errors.js';
import { utf16Length } from './utf8.js';

/** Refuses an update. `detail` goes to the peer: short, and nothing of the document in it. */
export function invalid(detail: string): never {
  throw new SyncError('UPDATE_INVALID', detail);
}

const NO_BYTES = new Uint8Array(0);
const MAX_UINT32 = 0xffffffff;
/** A varint of 32 bits has at most five bytes, one of 53 bits at most eight: the scales of the last of them. */
const LAST_SCALE_32 = 2 ** 28;
const LAST_SCALE_53 = 2 ** 49;

/** Reads forward through one byte array; every read throws UPDATE_INVALID instead of passing the end. */
export class ByteReader {
  protected bytes: Uint8Array = NO_BYTES;
  protected end = 0;
  /** First byte of the string last skipped; it ends at `pos`. */
  protected textAt = 0;
  pos = 0;

  open(bytes: Uint8Array, pos = 0): void {
    this.bytes = bytes;
    this.end = bytes.length;
    this.pos = pos;
  }

  /** Lets go of the bytes, so that a reader kept for reuse does not keep a large update alive. */
  close(): void {
    this.bytes = NO_BYTES;
    this.end = 0;
  }

  uint8(): number {
    const pos = this.pos;
    if (pos >= this.end) invalid('truncated');
    this.pos = pos + 1;
    return this.bytes[pos] as number;
  }

  /** A varint of at most 32 bits in its shortest form: clocks, lengths and counts are written so. */
  uint32(): number {
    const pos = this.pos;
    if (pos >= this.end) invalid('truncated');
    const first = this.bytes[pos] as number;
    if (first < 0x80) {
      this.pos = pos + 1;
      return first;
    }
    return this.longUint(first & 0x7f, pos + 1, MAX_UINT32, LAST_SCALE_32);
  }

  /** A varint of at most 53 bits in its shortest form: Yjs 13 draws client ids of 32 bits, Yjs 14 of 53. */
  clientId(): number {
    const pos = this.pos;
    if (pos >= this.end) invalid('truncated');
    const first = this.bytes[pos] as number;
    if (first < 0x80) {
      this.pos = pos + 1;
      return first;
    }
    return this.longUint(first & 0x7f, pos + 1, Number.MAX_SAFE_INTEGER, LAST_SCALE_53);
  }

  private longUint(low: number, from: number, max: number, lastScale: number): number {
    const bytes = this.bytes;
    const end = this.end;
    let value = low;
    let scale = 0x80;
    for (let pos = from; pos < end; pos++, scale *= 0x80) {
      const byte = bytes[pos] as number;
      value += (byte & 0x7f) * scale;
      if (value > max) invalid('number out of range');
      if (byte < 0x80) {
        if (byte === 0) invalid('overlong varint');
        this.pos = pos + 1;
        return value;
      }
      if (scale >= lastScale) invalid('number out of range');
    }
    return invalid('truncated');
  }

  /** A signed varint as lib0 writes integers in `any` values; must be exact in a double. */
  protected skipInt(): void {
    let byte = this.uint8();
    let value = byte & 0x3f;
    for (let scale = 0x40; byte >= 0x80; scale *= 0x80) {
      byte = this.uint8();
      if (byte === 0) invalid('overlong varint');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) invalid('number out of range');
    }
  }

  /** A count of things that take at least `minBytes` each: never larger than what the rest of the bytes can hold. */
  count(minBytes: number): number {
    const count = this.uint32();
    if (count * minBytes > this.end - this.pos) invalid('count exceeds the bytes');
    return count;
  }

  protected skip(length: number): void {
    if (length > this.end - this.pos) invalid('truncated');
    this.pos += length;
  }

  /** Moves past a string and returns its length in UTF-16 code units. */
  protected skipString(): number {
    const length = this.count(1);
    const from = this.pos;
    this.textAt = from;
    this.pos = from + length;
    const units = utf16Length(this.bytes, from, from + length);
    if (units < 0) invalid('bad UTF-8');
    return units;
  }

  protected isText(from: number, to: number, text: Uint8Array): boolean {
    if (to - from !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (this.bytes[from + i] !== text[i]) return false;
    return true;
  }
}
