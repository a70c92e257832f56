// The bytes of one live document: the last checkpoint in parts, the updates since, and what readers are sent of them.
// Owns content and offsets; knows nothing of who wrote or reads it.

import { mergeAccepted } from '../crdt/merge-updates.js';
import { SeekableUpdate } from '../crdt/seekable-update.js';
import type { StateVector } from '../crdt/state-vector.js';
import { UpdateTail } from './update-tail.js';

/** Up to this many updates are sent as they are; more are joined first. */
const joinFrom = 4;

export class DocumentLog {
  #parts: readonly Uint8Array[];
  #seekableParts: SeekableUpdate[] | undefined;
  #tail = new UpdateTail();
  #joinedTail: Uint8Array | undefined;
  /** The tail as it is sent: the same arrays until it changes, as frames made of them are told by identity. */
  #sentTail: readonly Uint8Array[] | undefined;
  #seekableTail: SeekableUpdate | undefined;
  #partBytes: number;
  /** Offset of the checkpoint; the tail begins after it. */
  #checkpointOffset: number;

  /** `parts` in causal order, see splitUpdate; none for a document without a checkpoint. */
  constructor(checkpointOffset: number, parts: readonly Uint8Array[]) {
    this.#checkpointOffset = checkpointOffset;
    this.#parts = parts;
    this.#partBytes = sumBytes(parts);
  }

  /** Offset of the last update. */
  get head(): number {
    return this.#checkpointOffset + this.#tail.length;
  }

  get checkpointOffset(): number {
    return this.#checkpointOffset;
  }

  get checkpointBytes(): number {
    return this.#partBytes;
  }

  get tailLength(): number {
    return this.#tail.length;
  }

  get tailBytes(): number {
    return this.#tail.bytes;
  }

  get bytes(): number {
    return this.#partBytes + this.#tail.bytes;
  }

  /** Returns the update's offset. The bytes are copied. */
  append(update: Uint8Array): number {
    this.#tail.push(update);
    this.#forgetJoinedTail();
    return this.head;
  }

  /** The checkpoint and the updates up to an offset: what a new checkpoint at this offset is made of. */
  upTo(offset: number): Uint8Array[] {
    return [...this.#parts, ...this.#tail.slice(0, offset - this.#checkpointOffset)];
  }

  /** How large the updates after the checkpoint are, up to an offset. */
  sizes(upTo: number): Iterable<number> {
    return this.#tail.sizes(upTo - this.#checkpointOffset);
  }

  /** A new checkpoint takes the place of everything up to its offset. */
  replace(offset: number, parts: readonly Uint8Array[]): void {
    this.#tail = new UpdateTail(this.#tail.slice(offset - this.#checkpointOffset, this.#tail.length));
    this.#forgetJoinedTail();
    this.#checkpointOffset = offset;
    this.#parts = parts;
    this.#seekableParts = undefined;
    this.#partBytes = sumBytes(parts);
  }

  /** Everything, in parts that leave nothing pending when applied in order. */
  all(): Uint8Array[] {
    this.#sentTail ??=
      this.#tail.length < joinFrom ? this.#tail.slice(0, this.#tail.length) : [this.#joined()];
    return [...this.#parts, ...this.#sentTail];
  }

  /** What comes after an offset, that of the checkpoint or a later one, and up to another. */
  since(offset: number, upTo: number): Uint8Array[] {
    return this.#tail.slice(offset - this.#checkpointOffset, upTo - this.#checkpointOffset);
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
    if (this.#tail.length === 0) return this.#seekableParts;
    this.#seekableTail ??= new SeekableUpdate(this.#joined());
    return [...this.#seekableParts, this.#seekableTail];
  }

  #joined(): Uint8Array {
    this.#joinedTail ??= mergeAccepted(this.#tail.slice(0, this.#tail.length));
    return this.#joinedTail;
  }

  #forgetJoinedTail(): void {
    this.#joinedTail = undefined;
    this.#sentTail = undefined;
    this.#seekableTail = undefined;
  }
}

export function sumBytes(updates: readonly Uint8Array[]): number {
  return updates.reduce((sum, update) => sum + update.length, 0);
}
