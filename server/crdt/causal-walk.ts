// Goes through the structs of an inspected update in an order in which each comes after all it depends on. Time is
// linear in the update (a block that must wait hangs on the very struct it waits for), whatever a peer made of it.

import { grown, type Inspection } from './inspection.js';
import { HAS_ORIGIN, HAS_PARENT_ID, HAS_RIGHT, Kind } from './struct-reader.js';

/** Walks through one update after the other: `open` it, set the columns of each block, then `run`. */
export class CausalWalk {
  found!: Inspection;
  /** Per block: the next clock of its client id, which grows as structs are taken. */
  clock = new Uint32Array(4);
  /** Per block: its first struct that is not known yet, the first that was not taken, and where to stop. */
  first = new Uint32Array(4);
  next = new Uint32Array(4);
  limit = new Uint32Array(4);

  private readonly clockOfOther: (client: number) => number;
  private readonly take: (index: number, block: number) => void;

  /** Block numbers by descending client id, only when the update has them in another order. */
  private order: number[] | undefined;
  private boundClient = -1;
  private bound = 0;

  private isWaiting = false;
  private waiterOf = new Uint32Array(0);
  private nextWaiter = new Uint32Array(4);
  private ready = new Uint32Array(4);
  private readyCount = 0;

  /**
   * `clockOfOther` tells the next clock of a client id of which the update has no block. `take` is called for each struct
   * when all that the struct depends on has been taken.
   */
  constructor(clockOfOther: (client: number) => number, take: (index: number, block: number) => void) {
    this.clockOfOther = clockOfOther;
    this.take = take;
  }

  /** Prepares the columns; the caller then sets clock, first, next and limit of each block. */
  open(found: Inspection): void {
    this.found = found;
    this.order = undefined;
    this.boundClient = -1;
    this.isWaiting = false;
    this.readyCount = 0;
    while (this.clock.length < found.blockCount) {
      this.clock = grown(this.clock);
      this.first = grown(this.first);
      this.next = grown(this.next);
      this.limit = grown(this.limit);
      this.nextWaiter = grown(this.nextWaiter);
      this.ready = grown(this.ready);
    }
  }

  run(): void {
    const count = this.found.blockCount;
    for (let block = 0; block < count; block++) {
      this.advance(block);
      while (this.readyCount > 0) this.advance(this.ready[--this.readyCount] as number);
    }
  }

  /** Next clock of a client id with the structs that were taken. */
  boundOf(client: number): number {
    const block = this.blockOf(client);
    return block < 0 ? this.clockOfOther(client) : (this.clock[block] as number);
  }

  /** The block of a client id, -1 when the update has none. */
  blockOf(client: number): number {
    const { blockClient, blockCount, isCanonical } = this.found;
    if (blockCount === 1) return blockClient[0] === client ? 0 : -1;
    const order = isCanonical ? undefined : (this.order ??= descendingBlocks(this.found));
    let low = 0;
    let high = blockCount - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const block = order === undefined ? middle : (order[middle] as number);
      const other = blockClient[block] as number;
      if (other === client) return block;
      if (other > client) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  private advance(block: number): void {
    const { found, clock } = this;
    const limit = this.limit[block] as number;
    let index = this.next[block] as number;
    for (; index < limit; index++) {
      // A gap before it (or a Skip, which is one): nothing after it can be taken either.
      if ((found.start[index] as number) > (clock[block] as number) || found.shape[index] === Kind.skip)
        break;
      if (!this.hasDependencies(index, block)) break;
      this.take(index, block);
      clock[block] = found.until[index] as number;
      if (this.isWaiting) this.wake(index);
    }
    this.next[block] = index;
  }

  private hasDependencies(index: number, block: number): boolean {
    const found = this.found;
    const shape = found.shape[index] as number;
    const own = found.blockClient[block] as number;
    if ((shape & (HAS_ORIGIN | HAS_PARENT_ID)) !== 0) {
      const client = found.depClient[index] as number;
      if (client !== own && !this.has(client, found.depClock[index] as number, block)) return false;
    }
    if ((shape & HAS_RIGHT) !== 0) {
      const client = found.rightClient[index] as number;
      if (client !== own && !this.has(client, found.rightClock[index] as number, block)) return false;
    }
    return true;
  }

  /** Whether (client, clock) is known or taken. If it is still to come in this update, `waiting` hangs on it. */
  private has(client: number, clock: number, waiting: number): boolean {
    if (client === this.boundClient && clock < this.bound) return true;
    const block = this.blockOf(client);
    this.boundClient = client;
    this.bound = block < 0 ? this.clockOfOther(client) : (this.clock[block] as number);
    if (clock < this.bound) return true;
    if (block >= 0) this.wait(block, clock, waiting);
    return false;
  }

  private wait(block: number, clock: number, waiting: number): void {
    const found = this.found;
    const index = found.findStruct(this.next[block] as number, this.limit[block] as number, clock);
    if (index < 0) return;
    if (!this.isWaiting) {
      this.isWaiting = true;
      if (this.waiterOf.length < found.structCount || this.waiterOf.length > 4 * found.structCount + 1024)
        this.waiterOf = new Uint32Array(found.structCount);
      else this.waiterOf.fill(0, 0, found.structCount);
    }
    this.nextWaiter[waiting] = this.waiterOf[index] as number;
    this.waiterOf[index] = waiting + 1;
  }

  private wake(index: number): void {
    let waiter = this.waiterOf[index] as number;
    for (; waiter !== 0; waiter = this.nextWaiter[waiter - 1] as number)
      this.ready[this.readyCount++] = waiter - 1;
    this.waiterOf[index] = 0;
  }
}

/** Numbers of the blocks by descending client id. */
export function descendingBlocks(found: Inspection): number[] {
  const clients = found.blockClient;
  const blocks = Array.from({ length: found.blockCount }, (_, block) => block);
  return found.isCanonical ? blocks : blocks.sort((a, b) => (clients[b] as number) - (clients[a] as number));
}
