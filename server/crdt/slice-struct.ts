// Writes a piece of a struct, as Yjs does when it splits an item: what is left of a struct for a reader who has its
// beginning, and the pieces of a struct that is too large to be sent at once.

import * as encoding from 'lib0/encoding';
import { defaultLimits } from '../../shared/limits.js';
import type { Inspection } from './inspection.js';
import { INFO_KIND, INFO_ORIGIN, INFO_RIGHT, Kind, StructReader } from './struct-reader.js';
import { positionOfUnit, utf16Length } from './utf8.js';

/** What a piece has besides its content, at most: info, origin and right origin, and the length of the content. */
const PIECE_OVERHEAD = 40;
/** U+FFFD. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

/** Reads one struct that was accepted before. Made for each cut, which is rare and costs much more. */
class CutReader extends StructReader {
  constructor() {
    super(defaultLimits, 'stored');
  }

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

  /** Moves past one value of a JSON or `any` struct. */
  value(kind: number): void {
    if (kind === Kind.any) this.any();
    else this.json(true);
  }

  private id(): void {
    this.clientId();
    this.uint32();
  }
}

/** Where a struct stands: its bytes, the client id it belongs to and its first clock. */
export interface StructAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly endAt: number;
  readonly client: number;
  readonly clock: number;
}

/** A struct of an update that was inspected. */
export function structAt(found: Inspection, index: number, block: number): StructAt {
  return {
    bytes: found.update,
    at: found.at[index] as number,
    endAt: found.structEndAt(index, block),
    client: found.blockClient[block] as number,
    clock: found.start[index] as number,
  };
}

/** Clocks of a struct: offsets `from` up to, not including, `to`, whose content has the bytes [contentAt, contentEndAt). */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly contentAt: number;
  readonly contentEndAt: number;
}

/** Writes what is left of a valid struct without its first `offset` clocks; 0 < offset < its length. */
export function writeSliced(encoder: encoding.Encoder, struct: StructAt, offset: number): void {
  const { bytes, at, endAt } = struct;
  const kind = (bytes[at] as number) & INFO_KIND;
  const reader = new CutReader();
  reader.openContent(bytes, at);
  const count = reader.uint32();
  const length = kind === Kind.string ? utf16Length(bytes, reader.pos, endAt) : count;
  const contentAt = positionOfOffset(struct, kind, offset);
  writePiece(encoder, struct, { from: offset, to: length, contentAt, contentEndAt: endAt });
}

/** Writes a piece of a struct that consists of several: a string, a JSON or `any` list, or a deleted run. */
export function writePiece(encoder: encoding.Encoder, struct: StructAt, piece: Piece): void {
  const { bytes, at } = struct;
  const info = bytes[at] as number;
  const kind = info & INFO_KIND;
  const reader = new CutReader();
  const { rightAt, rightEndAt } = reader.openContent(bytes, at);
  if (piece.from === 0 || !isItem(info)) {
    encoding.writeUint8Array(encoder, bytes.subarray(at, reader.pos));
  } else {
    encoding.writeUint8(encoder, info | INFO_ORIGIN);
    encoding.writeVarUint(encoder, struct.client);
    encoding.writeVarUint(encoder, struct.clock + piece.from - 1);
    encoding.writeUint8Array(encoder, bytes.subarray(rightAt, rightEndAt));
  }
  if (kind === Kind.string) return writeText(encoder, bytes, piece.contentAt, piece.contentEndAt);
  encoding.writeVarUint(encoder, piece.to - piece.from);
  if (kind === Kind.any || kind === Kind.json)
    encoding.writeUint8Array(encoder, bytes.subarray(piece.contentAt, piece.contentEndAt));
}

/**
 * The pieces of a struct from an offset on, each of at most `maxBytes` bytes where it can be cut so small: a piece has at
 * least one clock, and ends neither inside a value nor inside a surrogate pair. A struct that cannot be cut is one piece:
 * binary, embed, format, type and subdocument. With a `maxBytes` of 0 a piece is one value of a list or of a key.
 */
export function* piecesOf(
  struct: StructAt,
  length: number,
  offset: number,
  maxBytes: number,
): Generator<Piece> {
  const { bytes, at, endAt } = struct;
  const kind = (bytes[at] as number) & INFO_KIND;
  const budget = Math.max(1, maxBytes - PIECE_OVERHEAD);
  const isCuttable = length > 1;
  let contentAt = isCuttable ? positionOfOffset(struct, kind, offset) : at;
  for (let from = offset; from < length;) {
    const piece = isCuttable
      ? pieceAt(struct, kind, { from, contentAt, length, budget })
      : { from, to: length, contentAt, contentEndAt: endAt };
    yield piece;
    from = piece.to;
    contentAt = piece.contentEndAt;
  }
}

interface Cut {
  readonly from: number;
  readonly contentAt: number;
  readonly length: number;
  readonly budget: number;
}

function pieceAt({ bytes, endAt }: StructAt, kind: number, { from, contentAt, length, budget }: Cut): Piece {
  if (kind === Kind.string) {
    const contentEndAt = endOfText(bytes, contentAt, endAt, budget);
    const isHalf = !Number.isInteger(contentAt);
    const whole = isHalf ? Math.floor(contentAt) + 4 : contentAt;
    const to = from + (isHalf ? 1 : 0) + utf16Length(bytes, whole, contentEndAt);
    return { from, to, contentAt, contentEndAt };
  }
  if (kind !== Kind.any && kind !== Kind.json) return { from, to: length, contentAt, contentEndAt: endAt };
  const reader = new CutReader();
  reader.open(bytes, contentAt);
  let to = from;
  let contentEndAt = contentAt;
  do {
    reader.value(kind);
    if (to > from && reader.pos - contentAt > budget) break;
    contentEndAt = reader.pos;
    to++;
  } while (to < length);
  return { from, to, contentAt, contentEndAt };
}

/** Byte at which the content of a clock begins; plus 0.5 where that is the second half of a surrogate pair. */
function positionOfOffset({ bytes, at }: StructAt, kind: number, offset: number): number {
  const reader = new CutReader();
  reader.openContent(bytes, at);
  reader.uint32();
  if (kind === Kind.string) return positionOfUnit(bytes, reader.pos, offset);
  if (kind === Kind.any || kind === Kind.json)
    for (let passed = 0; passed < offset; passed++) reader.value(kind);
  return reader.pos;
}

/** End of as many whole characters as `budget` bytes hold, at least one character. */
function endOfText(bytes: Uint8Array, contentAt: number, endAt: number, budget: number): number {
  const isHalf = !Number.isInteger(contentAt);
  const from = isHalf ? Math.floor(contentAt) + 4 : contentAt;
  let end = Math.min(endAt, from + budget);
  while (end > from && isContinuation(bytes, end, endAt)) end--;
  if (end > from || isHalf) return end;
  do end++;
  while (isContinuation(bytes, end, endAt));
  return end;
}

function isContinuation(bytes: Uint8Array, at: number, endAt: number): boolean {
  return at < endAt && ((bytes[at] as number) & 0xc0) === 0x80;
}

function isItem(info: number): boolean {
  return info !== Kind.gc && info !== Kind.skip;
}

function writeText(
  encoder: encoding.Encoder,
  bytes: Uint8Array,
  contentAt: number,
  contentEndAt: number,
): void {
  if (Number.isInteger(contentAt)) {
    encoding.writeVarUint8Array(encoder, bytes.subarray(contentAt, contentEndAt));
    return;
  }
  // Half of a surrogate pair has no UTF-8: Yjs writes U+FFFD in its place, which keeps the length.
  const after = Math.floor(contentAt) + 4;
  encoding.writeVarUint(encoder, REPLACEMENT.length + contentEndAt - after);
  encoding.writeUint8Array(encoder, REPLACEMENT);
  encoding.writeUint8Array(encoder, bytes.subarray(after, contentEndAt));
}
