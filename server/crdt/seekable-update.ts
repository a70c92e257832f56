// A large stored update (the checkpoint) with marks inside, so that cutting off what a peer already has costs about
// what it lacks, not the size of the document.

import * as encoding from 'lib0/encoding';
import { defaultLimits } from '../../shared/limits.js';
import { descendingBlocks } from './causal-walk.js';
import type { Inspection } from './inspection.js';
import { writeSliced } from './slice-struct.js';
import type { StateVector } from './state-vector.js';
import { storedInspector } from './stored-inspector.js';
import { StructReader } from './struct-reader.js';

const BYTES_BETWEEN_MARKS = 4096;

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

const reader = new StructReader(defaultLimits, 'stored');

/** An accepted update, indexed for `diff`. */
export class SeekableUpdate {
  readonly update: Uint8Array;
  private readonly blocks: readonly Block[];

  constructor(update: Uint8Array) {
    const found = storedInspector.inspect(update);
    this.update = update;
    this.blocks = descendingBlocks(found)
      .filter((block) => found.blockFirst[block] !== found.blockFirst[block + 1])
      .map((block) => markedBlock(found, block));
    found.close();
  }

  /** Bytes of the marks, on top of the update's own. */
  get memoryBytes(): number {
    return this.blocks.reduce((sum, block) => sum + 100 + block.marks.byteLength, 0);
  }

  /**
   * The structs the state vector lacks, with an empty delete set (deletes are the caller's: a state vector does not
   * speak of them); undefined when there are none.
   */
  diff(stateVector: StateVector): Uint8Array | undefined {
    const lacking = this.blocks.filter((block) => (stateVector.get(block.client) ?? 0) < block.until);
    if (lacking.length === 0) return undefined;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, lacking.length);
    for (const block of lacking) this.writeFrom(encoder, block, stateVector.get(block.client) ?? 0);
    encoding.writeVarUint(encoder, 0);
    return encoding.toUint8Array(encoder);
  }

  private writeFrom(encoder: encoding.Encoder, block: Block, clock: number): void {
    const bytes = this.update;
    const from = seek(bytes, block, clock);
    const offset = Math.max(0, clock - from.clock);
    encoding.writeVarUint(encoder, block.count - from.passed);
    encoding.writeVarUint(encoder, block.client);
    encoding.writeVarUint(encoder, from.clock + offset);
    let rawAt = from.at;
    if (offset > 0) {
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

/** The struct that holds `clock`, or the block's first if that is before it. */
function seek(bytes: Uint8Array, { marks, endAt }: Block, clock: number): Position {
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
  reader.open(bytes, position.at);
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
