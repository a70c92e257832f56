// Writes the tail of a struct, as Yjs' Item.write(encoder, offset) does: the part of it a reader does not have yet.

import * as encoding from 'lib0/encoding';
import { defaultLimits } from '../../shared/limits.js';
import { INFO_ORIGIN, INFO_RIGHT, Kind, StructReader } from './struct-reader.js';
import { positionOfUnit } from './utf8.js';

const reader = new (class extends StructReader {
  /** Moves to the first byte of the content and says where the right origin is, [0, 0) without one. */
  openContent(bytes: Uint8Array, at: number): { rightAt: number; rightEndAt: number } {
    this.open(bytes, at);
    this.skipReferences();
    const info = bytes[at] as number;
    if (!isItem(info) || (info & INFO_RIGHT) === 0) return { rightAt: 0, rightEndAt: 0 };
    const contentAt = this.pos;
    this.pos = at + 1;
    if ((info & INFO_ORIGIN) !== 0) this.id();
    const rightAt = this.pos;
    this.pos = contentAt;
    return { rightAt, rightEndAt: contentAt };
  }

  private id(): void {
    this.clientId();
    this.uint32();
  }
})(defaultLimits, 'stored');

/** Where a struct stands: its bytes, the client id it belongs to and its first clock. */
export interface StructAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly endAt: number;
  readonly client: number;
  readonly clock: number;
}

/** Writes what is left of a valid struct without its first `offset` clocks; 0 < offset < its length. */
export function writeSliced(encoder: encoding.Encoder, struct: StructAt, offset: number): void {
  const { bytes, at, endAt } = struct;
  const info = bytes[at] as number;
  if (!isItem(info)) {
    encoding.writeUint8(encoder, info);
    reader.open(bytes, at + 1);
    encoding.writeVarUint(encoder, reader.uint32() - offset);
    return;
  }
  const { rightAt, rightEndAt } = reader.openContent(bytes, at);
  encoding.writeUint8(encoder, info | INFO_ORIGIN);
  encoding.writeVarUint(encoder, struct.client);
  encoding.writeVarUint(encoder, struct.clock + offset - 1);
  encoding.writeUint8Array(encoder, bytes.subarray(rightAt, rightEndAt));
  const kind = info & 0x1f;
  const count = reader.uint32();
  if (kind === Kind.string) {
    writeTextFrom(encoder, bytes, endAt, offset);
    return;
  }
  encoding.writeVarUint(encoder, count - offset);
  for (let i = 0; i < offset && kind !== Kind.deleted; i++) {
    if (kind === Kind.any) reader.any();
    else reader.json(true);
  }
  encoding.writeUint8Array(encoder, bytes.subarray(reader.pos, endAt));
}

function isItem(info: number): boolean {
  return info !== Kind.gc && info !== Kind.skip;
}

function writeTextFrom(encoder: encoding.Encoder, bytes: Uint8Array, endAt: number, offset: number): void {
  const from = positionOfUnit(bytes, reader.pos, offset);
  if (Number.isInteger(from)) {
    encoding.writeVarUint8Array(encoder, bytes.subarray(from, endAt));
    return;
  }
  // Half of a surrogate pair has no UTF-8: Yjs writes U+FFFD in its place, which keeps the length.
  const after = Math.floor(from) + 4;
  encoding.writeVarUint(encoder, 3 + endAt - after);
  encoding.writeUint8Array(encoder, Uint8Array.of(0xef, 0xbf, 0xbd));
  encoding.writeUint8Array(encoder, bytes.subarray(after, endAt));
}
