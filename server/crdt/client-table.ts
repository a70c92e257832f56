// What the document holds per client id: next clock, deleted ranges, and for every id which list it lives in.
// Numbers in columns: a client id costs some twenty bytes, not an object.

import { randomUint32 } from '../../shared/random.js';
import type { Place } from './place.js';
import { RangeSet } from './range-set.js';

const STRIDE = 2;
const LAST_PLACE = 1;
const MAX_UINT32 = 0xffffffff;
/** Up to this many client ids are found by looking at all of them. */
const LINEAR = 8;

/** Keyed by slot: 0, 1, 2, … in the order client ids were added. */
export class ClientTable {
  count = 0;
  /** By slot: the client id, of up to 53 bits. */
  private clients = new Float64Array(2);
  /** By slot: the next clock, and the place of the id before it. */
  private records = new Uint32Array(2 * STRIDE);
  /** Open addressing, slot + 1; absent while there are few client ids. */
  private buckets: Uint32Array | undefined;
  private shift = 32;
  // Client ids are the peers' choice: without secrets in it, the hash could be made to collide. One secret is for the
  // lower 32 bits of an id; the other, which is odd, for the bits above them.
  private readonly seed = randomUint32() | 0;
  private readonly highFactor = randomUint32() | 1;
  /** May be shorter than the table: both end with the last client id that has any. */
  private readonly deleted: (RangeSet | undefined)[] = [];
  private readonly runs: (PlaceRuns | undefined)[] = [];
  private lastFound = 0;

  /** Slot of a client id, -1 when unknown. */
  find(client: number): number {
    const clients = this.clients;
    if (this.lastFound < this.count && clients[this.lastFound] === client) return this.lastFound;
    if (this.buckets !== undefined) return this.findHashed(client, this.buckets);
    for (let slot = 0; slot < this.count; slot++)
      if (clients[slot] === client) return (this.lastFound = slot);
    return -1;
  }

  /** Adds a client id that is not there yet. */
  add(client: number): number {
    const slot = this.count++;
    if (this.count > this.clients.length) this.grow();
    this.clients[slot] = client;
    if (this.count > LINEAR) this.index(slot);
    return slot;
  }

  clientOf(slot: number): number {
    return this.clients[slot] as number;
  }

  clockOf(slot: number): number {
    return this.records[slot * STRIDE] as number;
  }

  lastPlaceOf(slot: number): Place {
    return this.records[slot * STRIDE + LAST_PLACE] as number;
  }

  placeOf(slot: number, clock: number): Place {
    const runs = this.runs[slot];
    return runs === undefined ? this.lastPlaceOf(slot) : runs.at(clock);
  }

  /** The clock at which ids of another place than the one at `clock` begin; the slot's clock where none do. */
  placeEndsAt(slot: number, clock: number): number {
    return Math.min(this.runs[slot]?.endAfter(clock) ?? Infinity, this.clockOf(slot));
  }

  /** Adds the ids from the slot's clock up to `until`, all at one place. */
  extend(slot: number, until: number, place: Place): void {
    const record = slot * STRIDE;
    const clock = this.records[record] as number;
    const lastPlace = this.records[record + LAST_PLACE] as number;
    if (place !== lastPlace) {
      if (clock > 0) this.makeRunsOf(slot, lastPlace).push(clock, place);
      this.records[record + LAST_PLACE] = place;
    }
    this.records[record] = until;
  }

  deletedOf(slot: number): RangeSet | undefined {
    return this.deleted[slot];
  }

  makeDeletedOf(slot: number): RangeSet {
    while (this.deleted.length <= slot) this.deleted.push(undefined);
    return (this.deleted[slot] ??= new RangeSet());
  }

  /** Slots by descending client id: the order in which Yjs writes them. */
  descending(): number[] {
    const clients = this.clients.slice(0, this.count).sort();
    const slots: number[] = [];
    for (let i = this.count - 1; i >= 0; i--) slots.push(this.find(clients[i] as number));
    return slots;
  }

  get memoryBytes(): number {
    let bytes =
      300 +
      this.clients.byteLength +
      this.records.byteLength +
      (this.buckets?.byteLength ?? 0) +
      16 * this.count;
    for (const ranges of this.deleted) bytes += ranges?.memoryBytes ?? 0;
    for (const runs of this.runs) bytes += runs?.memoryBytes ?? 0;
    return bytes;
  }

  private makeRunsOf(slot: number, firstPlace: Place): PlaceRuns {
    while (this.runs.length <= slot) this.runs.push(undefined);
    return (this.runs[slot] ??= new PlaceRuns(firstPlace));
  }

  private findHashed(client: number, buckets: Uint32Array): number {
    const mask = buckets.length - 1;
    for (let bucket = this.hash(client); ; bucket = (bucket + 1) & mask) {
      const slot = (buckets[bucket] as number) - 1;
      if (slot < 0) return -1;
      if (this.clients[slot] === client) return (this.lastFound = slot);
    }
  }

  private hash(client: number): number {
    // `^` takes the lower 32 bits of a number.
    const folded = client <= MAX_UINT32 ? client : client ^ Math.imul(client / 2 ** 32, this.highFactor);
    let hash = Math.imul(folded ^ this.seed, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (this.seed << 7), 0x85ebca77);
    return (hash ^ (hash >>> 13)) >>> this.shift;
  }

  private grow(): void {
    const capacity = (this.count * 3) >> 1;
    const clients = new Float64Array(capacity);
    clients.set(this.clients);
    this.clients = clients;
    const records = new Uint32Array(capacity * STRIDE);
    records.set(this.records);
    this.records = records;
  }

  private index(slot: number): void {
    if (this.buckets !== undefined && this.count * 2 <= this.buckets.length) {
      this.place(slot, this.buckets);
      return;
    }
    this.buckets = new Uint32Array(2 ** Math.ceil(Math.log2(this.count * 4)));
    this.shift = 32 - Math.log2(this.buckets.length);
    for (let each = 0; each < this.count; each++) this.place(each, this.buckets);
  }

  private place(slot: number, buckets: Uint32Array): void {
    const mask = buckets.length - 1;
    let bucket = this.hash(this.clientOf(slot));
    while (buckets[bucket] !== 0) bucket = (bucket + 1) & mask;
    buckets[bucket] = slot + 1;
  }
}

/** Ids of one client with equal places that follow each other are one run: (first clock, place) of each. */
class PlaceRuns {
  private pairs = new Uint32Array(8);
  private count = 1;

  constructor(firstPlace: Place) {
    this.pairs[1] = firstPlace;
  }

  get memoryBytes(): number {
    return 200 + this.pairs.byteLength;
  }

  push(clock: number, place: Place): void {
    if (this.count * 2 === this.pairs.length) {
      const pairs = new Uint32Array(((this.count * 3) >> 1) * 2);
      pairs.set(this.pairs);
      this.pairs = pairs;
    }
    this.pairs[this.count * 2] = clock;
    this.pairs[this.count++ * 2 + 1] = place;
  }

  at(clock: number): Place {
    return this.pairs[this.runOf(clock) * 2 + 1] as number;
  }

  /** The clock at which the run after the one of `clock` begins; Infinity for the last. */
  endAfter(clock: number): number {
    const next = this.runOf(clock) + 1;
    return next < this.count ? (this.pairs[next * 2] as number) : Infinity;
  }

  private runOf(clock: number): number {
    const pairs = this.pairs;
    let low = 0;
    let high = this.count - 1;
    if ((pairs[high * 2] as number) <= clock) return high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((pairs[middle * 2] as number) <= clock) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
