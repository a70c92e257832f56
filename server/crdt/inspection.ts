// What an inspector found in an update: columns of numbers, reused from one update to the next so that a keystroke
// allocates nothing. Client ids have up to 53 bits, which a double holds exactly; clocks and positions have 32 bits.

const NO_BYTES = new Uint8Array(0);
const FIRST_CAPACITY = 64;
/** Columns larger than this are let go once a small update follows. */
const KEPT_CAPACITY = 1 << 14;

/** One block per client id, `order` of them by descending client id; structs and delete ranges of a block in order. */
export class Inspection {
  update: Uint8Array = NO_BYTES;
  /** Laid out as this server stores updates: blocks strictly descending and not empty, no Skip, clean delete set. */
  isCanonical = true;
  hasSkips = false;

  blockCount = 0;
  blockClient = new Float64Array(4);
  /** Structs of block b: blockFirst[b] up to, not including, blockFirst[b + 1]. */
  blockFirst = new Uint32Array(5);
  /** Byte after the block's last struct. */
  blockEndAt = new Uint32Array(4);

  structCount = 0;
  /** Byte of the struct's info. */
  at!: Uint32Array;
  shape!: Uint8Array;
  /** Clock range of the struct: start up to, not including, end. */
  start!: Uint32Array;
  until!: Uint32Array;
  depClient!: Float64Array;
  depClock!: Uint32Array;
  rightClient!: Float64Array;
  rightClock!: Uint32Array;

  deleteBlockCount = 0;
  deleteClient = new Float64Array(4);
  /** Ranges of delete block d: deleteFirst[d] up to, not including, deleteFirst[d + 1]; sorted, none touches another. */
  deleteFirst = new Uint32Array(5);

  rangeCount = 0;
  rangeStart = new Uint32Array(4);
  rangeUntil = new Uint32Array(4);

  constructor() {
    this.allocateStructs(FIRST_CAPACITY);
  }

  clear(update: Uint8Array): void {
    this.update = update;
    this.isCanonical = true;
    this.hasSkips = false;
    this.blockCount = 0;
    this.structCount = 0;
    this.deleteBlockCount = 0;
    this.rangeCount = 0;
    this.blockFirst[0] = 0;
    this.deleteFirst[0] = 0;
    if (update.length < KEPT_CAPACITY) this.shrink();
  }

  /** Lets go of the bytes: columns kept for reuse must not keep a large update alive. */
  release(): void {
    this.update = NO_BYTES;
  }

  /** Lets go of the bytes and of columns that a large update grew. */
  close(): void {
    this.clear(NO_BYTES);
  }

  growStructs(): void {
    const { at, shape, start, until, depClient, depClock, rightClient, rightClock } = this;
    this.allocateStructs(at.length * 2);
    this.at.set(at);
    this.shape.set(shape);
    this.start.set(start);
    this.until.set(until);
    this.depClient.set(depClient);
    this.depClock.set(depClock);
    this.rightClient.set(rightClient);
    this.rightClock.set(rightClock);
  }

  growBlocks(): void {
    this.blockClient = grownIds(this.blockClient);
    this.blockFirst = grown(this.blockFirst);
    this.blockEndAt = grown(this.blockEndAt);
  }

  growDeleteBlocks(): void {
    this.deleteClient = grownIds(this.deleteClient);
    this.deleteFirst = grown(this.deleteFirst);
  }

  growRanges(): void {
    this.rangeStart = grown(this.rangeStart);
    this.rangeUntil = grown(this.rangeUntil);
  }

  /** The struct of [first, limit) that holds `clock`, -1 when there is none. */
  findStruct(first: number, limit: number, clock: number): number {
    let low = first;
    let high = limit - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (clock < (this.start[middle] as number)) high = middle - 1;
      else if (clock >= (this.until[middle] as number)) low = middle + 1;
      else return middle;
    }
    return -1;
  }

  /** Byte after struct `index` of block `block`. */
  structEndAt(index: number, block: number): number {
    const next = index + 1;
    return (next === this.blockFirst[block + 1] ? this.blockEndAt[block] : this.at[next]) as number;
  }

  private shrink(): void {
    if (this.at.length > KEPT_CAPACITY) this.allocateStructs(FIRST_CAPACITY);
    if (this.blockClient.length > KEPT_CAPACITY) {
      this.blockClient = new Float64Array(4);
      this.blockFirst = new Uint32Array(5);
      this.blockEndAt = new Uint32Array(4);
    }
    if (this.deleteClient.length > KEPT_CAPACITY) {
      this.deleteClient = new Float64Array(4);
      this.deleteFirst = new Uint32Array(5);
    }
    if (this.rangeStart.length > KEPT_CAPACITY) {
      this.rangeStart = new Uint32Array(4);
      this.rangeUntil = new Uint32Array(4);
    }
  }

  private allocateStructs(capacity: number): void {
    this.at = new Uint32Array(capacity);
    this.shape = new Uint8Array(capacity);
    this.start = new Uint32Array(capacity);
    this.until = new Uint32Array(capacity);
    this.depClient = new Float64Array(capacity);
    this.depClock = new Uint32Array(capacity);
    this.rightClient = new Float64Array(capacity);
    this.rightClock = new Uint32Array(capacity);
  }
}

/** A column with the same numbers and twice the room, plus one for columns that hold an end. */
export function grown(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2 + 1);
  larger.set(column);
  return larger;
}

/** A column of client ids with twice the room, as `grown` makes it. */
function grownIds(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2 + 1);
  larger.set(column);
  return larger;
}
