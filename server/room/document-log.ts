// The bytes of one live document: the last checkpoint in parts, the updates since, and what readers are sent of them.
// Owns content and offsets; knows nothing of who wrote or reads it.

import { mergeAccepted } from '../crdt/merge-updates.js';
import { SeekableUpdate } from '../crdt/seekable-update.js';
import type { StateVector } from '../crdt/state-vector.js';
import { UpdateTail } from './update-tail.js';

/** Updates that follow each other in the log, as one. */
export interface Piece {
  /** Not to be written to. */
  readonly update: Uint8Array;
  /** Offset of the last of them. */
  readonly offset: number;
}

interface KeptPiece extends Piece {
  /** Whether the piece is as large as pieces get: it stays the same when more is appended. */
  readonly isFull: boolean;
  /** Made when a diff asks for it. */
  seekable: SeekableUpdate | undefined;
}

export class DocumentLog {
  #parts: readonly Uint8Array[];
  #seekableParts: SeekableUpdate[] | undefined;
  #tail = new UpdateTail();
  /**
   * Pieces of the tail by the offset before their first update. Many readers ask for the same pieces within moments, and
   * after that nobody does: so they are held weakly.
   */
  #pieces: WeakRef<Map<number, KeptPiece>> | undefined;
  #bytesOfParts: number;
  /** Offset of the checkpoint; the tail begins after it. */
  #checkpointOffset: number;
  readonly #pieceBytes: number;

  /**
   * `parts`: the checkpoint in causal order, see splitUpdate; none for a document without a checkpoint. `pieceBytes`: size
   * of what readers are sent at once.
   */
  constructor(checkpointOffset: number, parts: readonly Uint8Array[], pieceBytes: number) {
    this.#checkpointOffset = checkpointOffset;
    this.#parts = parts;
    this.#bytesOfParts = sumBytes(parts);
    this.#pieceBytes = pieceBytes;
  }

  /** Offset of the last update. */
  get head(): number {
    return this.#checkpointOffset + this.#tail.length;
  }

  get checkpointOffset(): number {
    return this.#checkpointOffset;
  }

  get checkpointBytes(): number {
    return this.#bytesOfParts;
  }

  get tailLength(): number {
    return this.#tail.length;
  }

  get tailBytes(): number {
    return this.#tail.bytes;
  }

  get bytes(): number {
    return this.#bytesOfParts + this.#tail.bytes;
  }

  /** Returns the update's offset. The bytes are copied. */
  append(update: Uint8Array): number {
    this.#tail.push(update);
    return this.head;
  }

  /** The checkpoint in parts to be applied in order. */
  checkpoint(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** The checkpoint and the updates up to an offset: what a new checkpoint at this offset is made of. */
  upTo(offset: number): Uint8Array[] {
    return [...this.#parts, ...this.#tail.slice(0, offset - this.#checkpointOffset)];
  }

  /** How large the updates after the checkpoint are, up to an offset. */
  sizes(upTo: number): Iterable<number> {
    return this.#tail.sizes(0, upTo - this.#checkpointOffset);
  }

  /** Bytes of the updates after an offset, that of the checkpoint or a later one, and up to another. */
  bytesBetween(after: number, upTo: number): number {
    let bytes = 0;
    for (const size of this.#tail.sizes(after - this.#checkpointOffset, upTo - this.#checkpointOffset))
      bytes += size;
    return bytes;
  }

  /** A new checkpoint takes the place of everything up to its offset. */
  replace(offset: number, parts: readonly Uint8Array[]): void {
    this.#tail = new UpdateTail(this.#tail.slice(offset - this.#checkpointOffset, this.#tail.length));
    this.#pieces = undefined;
    this.#checkpointOffset = offset;
    this.#parts = parts;
    this.#seekableParts = undefined;
    this.#bytesOfParts = sumBytes(parts);
  }

  /** Everything, in parts that leave nothing pending when applied in order. */
  all(): Uint8Array[] {
    return [...this.#parts, ...this.#tailPieces().map(({ update }) => update)];
  }

  /**
   * The next piece of the log after an offset, that of the checkpoint or a later one, with no update after `upTo`, which
   * is later. At least one update; more as long as all of them together are no larger than a piece. Throws RangeError for an
   * earlier offset: the updates after it are not here.
   */
  read(after: number, upTo: number): Piece {
    if (after < this.#checkpointOffset)
      throw new RangeError(`the log begins after ${this.#checkpointOffset}, not after ${after}`);
    return this.#piece(after, upTo);
  }

  /** The structs a state vector lacks, in parts; deletes are not in it (state vectors do not speak of them). */
  diff(stateVector: StateVector): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const part of this.seekable()) {
      const diff = part.diff(stateVector);
      if (diff !== undefined) found.push(diff);
    }
    return found;
  }

  /** Everything, in causal order, to be divided by what a reader has. */
  seekable(): readonly SeekableUpdate[] {
    this.#seekableParts ??= this.#parts.map((part) => new SeekableUpdate(part));
    const ofTail = this.#tailPieces().map((piece) => (piece.seekable ??= new SeekableUpdate(piece.update)));
    return [...this.#seekableParts, ...ofTail];
  }

  #tailPieces(): KeptPiece[] {
    const pieces: KeptPiece[] = [];
    for (let after = this.#checkpointOffset; after < this.head;) {
      const piece = this.#piece(after, this.head);
      pieces.push(piece);
      after = piece.offset;
    }
    return pieces;
  }

  #piece(after: number, upTo: number): KeptPiece {
    const pieces = this.#heldPieces();
    const known = pieces.get(after);
    if (known !== undefined && (known.offset === upTo || (known.isFull && known.offset < upTo))) return known;
    const from = after - this.#checkpointOffset;
    const updates = this.#tail.take(from, upTo - this.#checkpointOffset, this.#pieceBytes);
    const offset = after + updates.length;
    const piece = { update: mergeAccepted(updates), offset, isFull: offset < upTo, seekable: undefined };
    pieces.set(after, piece);
    return piece;
  }

  #heldPieces(): Map<number, KeptPiece> {
    const held = this.#pieces?.deref();
    if (held !== undefined) return held;
    const pieces = new Map<number, KeptPiece>();
    this.#pieces = new WeakRef(pieces);
    return pieces;
  }
}

export function sumBytes(updates: readonly Uint8Array[]): number {
  return updates.reduce((sum, update) => sum + update.length, 0);
}
