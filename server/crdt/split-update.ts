// Cuts a large accepted update into parts that can be applied one after the other as they arrive.

import * as encoding from 'lib0/encoding';
import { CausalWalk } from './causal-walk.js';
import type { Inspection } from './inspection.js';
import { type Piece, piecesOf, structAt, writePiece } from './slice-struct.js';
import type { ClockOf } from './state-vector.js';
import { createStoredInspector } from './stored-inspector.js';
import { HAS_ORIGIN, HAS_PARENT_ID, HAS_RIGHT } from './struct-reader.js';

/** What a part has besides structs: the number of its client ids, and an empty delete set. */
const PART_BYTES = 6;
/** What the structs of one client id in one part have besides themselves, at most. */
const HEADER_BYTES = 18;
/** What the deletes of one client id in one part have besides their ranges, at most. */
const DELETE_HEADER_BYTES = 13;
const RANGE_BYTES = 10;
/** A struct larger than this is cut, where only its beginning must be in a part. */
const SMALL_STRUCT = 64;

/** The structs in causal order, each with its block. What the update does not hold itself, its reader has. */
function causalOrder(found: Inspection): { readonly structs: number[]; readonly blocks: number[] } {
  const structs: number[] = [];
  const blocks: number[] = [];
  const walk = new CausalWalk(
    () => Infinity,
    (index, block) => {
      structs.push(index);
      blocks.push(block);
    },
  );
  walk.open(found);
  for (let block = 0; block < found.blockCount; block++) {
    const first = found.blockFirst[block] as number;
    walk.first[block] = first;
    walk.next[block] = first;
    walk.limit[block] = found.blockFirst[block + 1] as number;
    walk.clock[block] = found.start[first] as number;
  }
  walk.run();
  return { structs, blocks };
}

/** Consecutive clocks of one block: those of the structs `first` to `last`, or of pieces of these two. */
interface Stretch {
  readonly block: number;
  readonly first: number;
  /** What there is of the first struct; undefined when it is whole. */
  firstPiece: Piece | undefined;
  last: number;
  /** What there is of the last struct, when that is another one; undefined when it is whole. */
  lastPiece: Piece | undefined;
}

/** Fills one part after the other. */
class Packer {
  readonly parts: Uint8Array[] = [];
  readonly #found: Inspection;
  readonly #maxBytes: number;
  #part = new Map<number, Stretch>();
  #bytes = PART_BYTES;

  constructor(found: Inspection, maxBytes: number) {
    this.#found = found;
    this.#maxBytes = maxBytes;
  }

  /** The next clocks of a block: a whole struct, or a piece of one. */
  add(block: number, index: number, size: number, piece?: Piece): void {
    if (this.#part.size > 0 && this.#bytes + size + HEADER_BYTES > this.#maxBytes) this.finish();
    const stretch = this.#part.get(block);
    this.#bytes += stretch === undefined ? size + HEADER_BYTES : size;
    if (stretch === undefined)
      this.#part.set(block, { block, first: index, firstPiece: piece, last: index, lastPiece: undefined });
    else if (index === stretch.first) stretch.firstPiece = joined(stretch.firstPiece, piece);
    else {
      stretch.lastPiece = index === stretch.last ? joined(stretch.lastPiece, piece) : piece;
      stretch.last = index;
    }
  }

  finish(): void {
    if (this.#part.size > 0) this.parts.push(encodeStructs(this.#found, this.#part));
    this.#part = new Map();
    this.#bytes = PART_BYTES;
  }
}

/** Delete ranges of one client id: start and end of each. */
interface DeletePiece {
  readonly client: number;
  readonly ranges: number[];
}

/**
 * Cuts an accepted update into updates of at most `maxBytes` (and the bytes of one value that cannot be cut). Applied in
 * order they never leave anything pending. Deletes come last, in parts of their own. The beginning of what depends on
 * nothing comes first (see hold-back.ts).
 */
export function splitUpdate(update: Uint8Array, maxBytes: number): Uint8Array[] {
  if (update.length <= maxBytes) return [update];
  const found = createStoredInspector().inspect(update);
  const { structs, blocks } = causalOrder(found);
  // A struct it could not place would be lost without a word; an accepted update has none.
  if (structs.length !== found.structCount) return [update];
  const packer = new Packer(found, maxBytes);
  const begun = packLoose(found, packer);
  for (let i = 0; i < structs.length; i++)
    packStruct(found, packer, { index: structs[i] as number, block: blocks[i] as number, maxBytes, begun });
  packer.finish();
  const parts = [...packer.parts, ...encodeDeletes(deletesOf(found), maxBytes)];
  found.close();
  return parts;
}

/**
 * An update that only deletes, in updates of at most `maxBytes`: those that delete what a reader lacks, and those that
 * delete what it has.
 */
export function splitDeletes(
  deletes: Uint8Array,
  has: ClockOf,
  maxBytes: number,
): { readonly ofMissing: Uint8Array[]; readonly ofKnown: Uint8Array[] } {
  const found = createStoredInspector().inspect(deletes);
  const missing: DeletePiece[] = [];
  const known: DeletePiece[] = [];
  for (const { client, ranges } of deletesOf(found)) {
    const bound = has(client);
    const above = { client, ranges: clipped(ranges, bound, Infinity) };
    const below = { client, ranges: clipped(ranges, 0, bound) };
    if (above.ranges.length > 0) missing.push(above);
    if (below.ranges.length > 0) known.push(below);
  }
  found.close();
  return { ofMissing: encodeDeletes(missing, maxBytes), ofKnown: encodeDeletes(known, maxBytes) };
}

/** Packs the beginning of each struct that depends on nothing, not even on an earlier one of its client id. */
function packLoose(found: Inspection, packer: Packer): Map<number, Piece> {
  const begun = new Map<number, Piece>();
  for (let block = 0; block < found.blockCount; block++) {
    const index = found.blockFirst[block] as number;
    if ((found.start[index] as number) > 0) continue;
    if (((found.shape[index] as number) & (HAS_ORIGIN | HAS_PARENT_ID | HAS_RIGHT)) !== 0) continue;
    const struct = structAt(found, index, block);
    const size = struct.endAt - struct.at;
    const length = found.until[index] as number;
    const first = size > SMALL_STRUCT ? piecesOf(struct, length, 0, 1).next().value : undefined;
    const piece = first ?? { from: 0, to: length, contentAt: struct.at, contentEndAt: struct.endAt };
    const isWhole = piece.to === length;
    packer.add(block, index, isWhole ? size : sizeOf(piece), isWhole ? undefined : piece);
    begun.set(block, piece);
  }
  return begun;
}

interface Next {
  readonly index: number;
  readonly block: number;
  readonly maxBytes: number;
  /** Pieces of the first structs of blocks that are in a part already. */
  readonly begun: ReadonlyMap<number, Piece>;
}

function packStruct(found: Inspection, packer: Packer, { index, block, maxBytes, begun }: Next): void {
  const struct = structAt(found, index, block);
  const size = struct.endAt - struct.at;
  const length = (found.until[index] as number) - struct.clock;
  const from = index === found.blockFirst[block] ? (begun.get(block)?.to ?? 0) : 0;
  if (from === length) return;
  const room = maxBytes - HEADER_BYTES - PART_BYTES;
  if (from === 0 && size <= room) return packer.add(block, index, size);
  for (const piece of piecesOf(struct, length, from, room)) {
    const isWhole = piece.from === 0 && piece.to === length;
    packer.add(block, index, isWhole ? size : sizeOf(piece), isWhole ? undefined : piece);
  }
}

/** Bytes of a piece as a struct, at most. */
function sizeOf(piece: Piece): number {
  return piece.contentEndAt - piece.contentAt + 40;
}

function encodeStructs(found: Inspection, part: ReadonlyMap<number, Stretch>): Uint8Array {
  const encoder = encoding.createEncoder();
  const clientOf = (stretch: Stretch): number => found.blockClient[stretch.block] as number;
  encoding.writeVarUint(encoder, part.size);
  for (const stretch of [...part.values()].sort((a, b) => clientOf(b) - clientOf(a)))
    writeStretch(encoder, found, stretch);
  encoding.writeVarUint(encoder, 0);
  return encoding.toUint8Array(encoder);
}

function writeStretch(encoder: encoding.Encoder, found: Inspection, stretch: Stretch): void {
  const { block, first, firstPiece, last, lastPiece } = stretch;
  const firstStruct = structAt(found, first, block);
  const lastStruct = structAt(found, last, block);
  encoding.writeVarUint(encoder, last - first + 1);
  encoding.writeVarUint(encoder, firstStruct.client);
  encoding.writeVarUint(encoder, firstStruct.clock + (firstPiece?.from ?? 0));
  if (firstPiece !== undefined) writePiece(encoder, firstStruct, firstPiece);
  const from = firstPiece === undefined ? firstStruct.at : firstStruct.endAt;
  const to = lastPiece === undefined ? lastStruct.endAt : lastStruct.at;
  if (from < to) encoding.writeUint8Array(encoder, found.update.subarray(from, to));
  if (lastPiece !== undefined) writePiece(encoder, lastStruct, lastPiece);
}

/** Two pieces of a struct that follow each other, as one. */
function joined(piece: Piece | undefined, next: Piece | undefined): Piece | undefined {
  if (piece === undefined || next === undefined) return piece ?? next;
  return { ...piece, to: next.to, contentEndAt: next.contentEndAt };
}

function deletesOf(found: Inspection): DeletePiece[] {
  const pieces: DeletePiece[] = [];
  for (let block = 0; block < found.deleteBlockCount; block++) {
    const ranges: number[] = [];
    const limit = found.deleteFirst[block + 1] as number;
    for (let range = found.deleteFirst[block] as number; range < limit; range++)
      ranges.push(found.rangeStart[range] as number, found.rangeUntil[range] as number);
    pieces.push({ client: found.deleteClient[block] as number, ranges });
  }
  return pieces;
}

/** The ranges within two clocks. */
function clipped(ranges: readonly number[], from: number, until: number): number[] {
  const within: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const start = Math.max(from, ranges[i] as number);
    const end = Math.min(until, ranges[i + 1] as number);
    if (start < end) within.push(start, end);
  }
  return within;
}

/** Updates that delete the ranges, each of as many as fit into `maxBytes`, at least one. */
function encodeDeletes(pieces: readonly DeletePiece[], maxBytes: number): Uint8Array[] {
  const updates: Uint8Array[] = [];
  let part: DeletePiece[] = [];
  let bytes = PART_BYTES;
  const finish = (): void => {
    if (part.length > 0) updates.push(encodeRanges(part));
    part = [];
    bytes = PART_BYTES;
  };
  for (const { client, ranges } of pieces) {
    for (let i = 0; i < ranges.length; i += 2) {
      if (part.length > 0 && bytes + DELETE_HEADER_BYTES + RANGE_BYTES > maxBytes) finish();
      if (part.at(-1)?.client !== client) {
        part.push({ client, ranges: [] });
        bytes += DELETE_HEADER_BYTES;
      }
      part.at(-1)?.ranges.push(ranges[i] as number, ranges[i + 1] as number);
      bytes += RANGE_BYTES;
    }
  }
  finish();
  return updates;
}

function encodeRanges(pieces: readonly DeletePiece[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, pieces.length);
  for (const { client, ranges } of pieces) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length / 2);
    for (let i = 0; i < ranges.length; i += 2) {
      encoding.writeVarUint(encoder, ranges[i] as number);
      encoding.writeVarUint(encoder, (ranges[i + 1] as number) - (ranges[i] as number));
    }
  }
  return encoding.toUint8Array(encoder);
}
