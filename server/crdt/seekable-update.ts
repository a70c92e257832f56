// A large stored update (a part of the checkpoint, or a piece of the log) with marks inside, so that cutting off what a peer
// already has costs about what it lacks, not the size of the document.

import * as encoding from 'lib0/encoding';
import { defaultLimits } from '../../shared/limits.js';
import { descendingBlocks } from './causal-walk.js';
import type { Inspection } from './inspection.js';
import { piecesOf, type StructAt, writePiece, writeSliced } from './slice-struct.js';
import { type ClockOf, clocksOf, type StateVector } from './state-vector.js';
import { createStoredInspector } from './stored-inspector.js';
import { HAS_ORIGIN, HAS_PARENT_ID, HAS_RIGHT, StructReader } from './struct-reader.js';

const BYTES_BETWEEN_MARKS = 4096;

/** A struct larger than this is cut, where only its beginning must be apart. */
const SMALL_STRUCT = 64;

/** The structs of one client id. Marks: (clock, byte, number of structs before) of every so many bytes, the first 0th. */
interface Block {
  readonly client: number;
  readonly until: number;
  readonly count: number;
  readonly endAt: number;
  readonly marks: Uint32Array;
}

/** Where in a block a clock is: the struct that holds it starts at byte `at` with `clock`, `passed` before it. */
interface Position {
  clock: number;
  at: number;
  passed: number;
}

/** A delete set of no client ids. */
const noDeletes = Uint8Array.of(0);

/** What a reader lacks of an update, in two. */
export interface Divided {
  /** The loose structs, each alone in its block, and of a long one only the beginning; undefined without any. */
  readonly loose: Uint8Array | undefined;
  /** All others: a Y.Doc that lacks what is loose holds all of them back. Undefined without any. */
  readonly bound: Uint8Array | undefined;
}

interface Index {
  readonly blocks: readonly Block[];
  readonly isCanonical: boolean;
  /** Byte at which the delete set begins; undefined when nothing is deleted. */
  readonly deletesAt: number | undefined;
}

/** The structs of a block from a clock on. */
interface Rest {
  readonly block: Block;
  readonly clock: number;
}

/** An accepted update, indexed for `diff`. */
export class SeekableUpdate {
  readonly update: Uint8Array;
  private found: Index | undefined;
  /** Made when a struct is read first; closed between two calls. */
  private structs: StructReader | undefined;

  /** Nothing is read before it is asked for. */
  constructor(update: Uint8Array) {
    this.update = update;
  }

  private get index(): Index {
    return (this.found ??= indexOf(this.update));
  }

  private get reader(): StructReader {
    return (this.structs ??= new StructReader(defaultLimits, 'stored'));
  }

  /**
   * The structs the state vector lacks, with an empty delete set (deletes are the caller's: a state vector does not
   * speak of them); undefined when there are none.
   */
  diff(stateVector: StateVector): Uint8Array | undefined {
    return this.encode(this.lacking(clocksOf(stateVector)));
  }

  /**
   * The structs that a reader lacks, in two updates; `keepsDeletes`: with what the update deletes. A struct is loose if it
   * depends on nothing but what the reader has: the reader takes it at once. What follows a loose struct in its block, and all
   * that is not loose, has to wait for something that is.
   */
  divide(has: ClockOf, keepsDeletes = false): Divided {
    const loose = encoding.createEncoder();
    const bound: Rest[] = [];
    let count = 0;
    for (const rest of this.lacking(has)) {
      const until = this.writeLoose(loose, rest, has);
      if (until > 0) count++;
      const clock = Math.max(rest.clock, until);
      if (clock < rest.block.until) bound.push({ block: rest.block, clock });
    }
    return {
      loose: count === 0 ? undefined : update(count, encoding.toUint8Array(loose), noDeletes),
      bound: this.encode(bound, keepsDeletes),
    };
  }

  private lacking(has: ClockOf): Rest[] {
    const lacking: Rest[] = [];
    for (const block of this.index.blocks) {
      const clock = has(block.client);
      if (clock < block.until) lacking.push({ block, clock });
    }
    return lacking;
  }

  /** `keepsDeletes`: with what the update deletes. */
  private encode(rests: readonly Rest[], keepsDeletes = false): Uint8Array | undefined {
    const { isCanonical, deletesAt } = this.index;
    const hasDeletes = keepsDeletes && deletesAt !== undefined;
    if (rests.length === 0 && !hasDeletes) return undefined;
    const isWithAll = keepsDeletes || deletesAt === undefined;
    if (isCanonical && isWithAll && this.isAll(rests)) return this.update;
    const encoder = encoding.createEncoder();
    for (const { block, clock } of rests) this.writeFrom(encoder, block, clock);
    const deletes = hasDeletes ? this.update.subarray(deletesAt) : noDeletes;
    return update(rests.length, encoding.toUint8Array(encoder), deletes);
  }

  private isAll(rests: readonly Rest[]): boolean {
    return (
      rests.length === this.index.blocks.length &&
      rests.every(({ block, clock }) => clock <= (block.marks[0] as number))
    );
  }

  /** Writes the first struct of what is lacking, or its beginning, if it is loose; returns where that ends, or 0. */
  private writeLoose(encoder: encoding.Encoder, { block, clock }: Rest, has: ClockOf): number {
    const bytes = this.update;
    const from = this.seek(block, clock);
    if (from.clock > clock) return 0;
    const { reader } = this;
    reader.open(bytes, from.at);
    reader.struct();
    const { length, pos: endAt } = reader;
    const isLoose = !dependsOnOthers(reader, block.client, has);
    reader.close();
    if (!isLoose) return 0;
    const struct: StructAt = { bytes, at: from.at, endAt, client: block.client, clock: from.clock };
    const offset = clock - from.clock;
    const isWhole = offset === 0 && endAt - from.at <= SMALL_STRUCT;
    const piece = isWhole ? undefined : piecesOf(struct, length, offset, 1).next().value;
    const to = piece?.to ?? length;
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, block.client);
    encoding.writeVarUint(encoder, clock);
    if (piece === undefined || (offset === 0 && to === length))
      encoding.writeUint8Array(encoder, bytes.subarray(from.at, endAt));
    else writePiece(encoder, struct, piece);
    return from.clock + to;
  }

  private writeFrom(encoder: encoding.Encoder, block: Block, clock: number): void {
    const bytes = this.update;
    const from = this.seek(block, clock);
    const offset = Math.max(0, clock - from.clock);
    encoding.writeVarUint(encoder, block.count - from.passed);
    encoding.writeVarUint(encoder, block.client);
    encoding.writeVarUint(encoder, from.clock + offset);
    let rawAt = from.at;
    if (offset > 0) {
      const { reader } = this;
      reader.open(bytes, from.at);
      reader.struct();
      rawAt = reader.pos;
      reader.close();
      writeSliced(
        encoder,
        { bytes, at: from.at, endAt: rawAt, client: block.client, clock: from.clock },
        offset,
      );
    }
    encoding.writeUint8Array(encoder, bytes.subarray(rawAt, block.endAt));
  }

  /** The struct that holds `clock`, or the block's first if that is before it. */
  private seek({ marks, endAt }: Block, clock: number): Position {
    let low = 0;
    let high = marks.length / 3 - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((marks[middle * 3] as number) <= clock) low = middle;
      else high = middle - 1;
    }
    const position = {
      clock: marks[low * 3] as number,
      at: marks[low * 3 + 1] as number,
      passed: marks[low * 3 + 2] as number,
    };
    if (clock <= position.clock) return position;
    const { reader } = this;
    reader.open(this.update, position.at);
    while (reader.pos < endAt) {
      reader.struct();
      if (position.clock + reader.length > clock) break;
      position.clock += reader.length;
      position.at = reader.pos;
      position.passed++;
    }
    reader.close();
    return position;
  }
}

function update(count: number, blocks: Uint8Array, deletes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, count);
  encoding.writeUint8Array(encoder, blocks);
  encoding.writeUint8Array(encoder, deletes);
  return encoding.toUint8Array(encoder);
}

/** Whether the struct last read needs something of another client id that the state vector lacks. */
function dependsOnOthers(
  { shape, depClient, depClock, rightClient, rightClock }: StructReader,
  own: number,
  has: ClockOf,
): boolean {
  const lacks = (client: number, clock: number): boolean => client !== own && has(client) <= clock;
  if ((shape & (HAS_ORIGIN | HAS_PARENT_ID)) !== 0 && lacks(depClient, depClock)) return true;
  return (shape & HAS_RIGHT) !== 0 && lacks(rightClient, rightClock);
}

function indexOf(update: Uint8Array): Index {
  const found = createStoredInspector().inspect(update);
  const { isCanonical, blockCount, deleteBlockCount } = found;
  const blocks = descendingBlocks(found)
    .filter((block) => found.blockFirst[block] !== found.blockFirst[block + 1])
    .map((block) => markedBlock(found, block));
  const endAt = blockCount === 0 ? 1 : (found.blockEndAt[blockCount - 1] as number);
  found.close();
  return { blocks, isCanonical, deletesAt: deleteBlockCount === 0 ? undefined : endAt };
}

function markedBlock(found: Inspection, block: number): Block {
  const first = found.blockFirst[block] as number;
  const limit = found.blockFirst[block + 1] as number;
  const marks: number[] = [];
  let nextMarkAt = 0;
  for (let index = first; index < limit; index++) {
    const at = found.at[index] as number;
    if (at < nextMarkAt) continue;
    marks.push(found.start[index] as number, at, index - first);
    nextMarkAt = at + BYTES_BETWEEN_MARKS;
  }
  return {
    client: found.blockClient[block] as number,
    until: found.until[limit - 1] as number,
    count: limit - first,
    endAt: found.blockEndAt[block] as number,
    marks: Uint32Array.from(marks),
  };
}
