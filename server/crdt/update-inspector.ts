// Reads an incoming V1 update once, to its last byte, and refuses what is not well formed. Stateless: whether an
// update fits a document is the causal index's question.

import type { Limits } from '../../shared/limits.js';
import { invalid } from './byte-reader.js';
import { Inspection } from './inspection.js';
import { HAS_ORIGIN, HAS_PARENT_ID, HAS_RIGHT, Kind, StructReader } from './struct-reader.js';
import type { Trust } from './value-reader.js';

const MAX_CLOCK = 0xffffffff;

/** Inspects one update after the other; each inspection is valid until the next. */
export class UpdateInspector {
  private readonly reader: StructReader;
  private readonly found = new Inspection();
  private readonly maxClients: number;
  private readonly maxStructs: number;
  private readonly maxDeletes: number;

  /** `stored` is for what an earlier inspection let in: no limits, and values are not looked into. */
  constructor(limits: Limits, trust: Trust = 'peer') {
    const isStored = trust === 'stored';
    this.reader = new StructReader(limits, trust);
    this.maxClients = isStored ? Infinity : limits.maxClientsPerUpdate;
    this.maxStructs = isStored ? Infinity : limits.maxStructsPerUpdate;
    this.maxDeletes = isStored ? Infinity : limits.maxDeletesPerUpdate;
  }

  /** Throws SyncError UPDATE_INVALID. */
  inspect(update: Uint8Array): Inspection {
    const { reader, found } = this;
    found.clear(update);
    reader.open(update);
    reader.valueCount = 0;
    const blocks = reader.count(3);
    if (blocks > this.maxClients) invalid('too many client ids');
    for (let i = 0; i < blocks; i++) this.readBlock();
    this.readDeleteSet();
    if (reader.pos !== update.length) invalid('trailing bytes');
    if (!found.isCanonical) refuseRepeats(found.blockClient, found.blockCount);
    reader.close();
    return found;
  }

  private readBlock(): void {
    const { reader, found } = this;
    const count = reader.count(2);
    const client = reader.clientId();
    let clock = reader.uint32();
    if (found.structCount + count > this.maxStructs) invalid('too many structs');
    const block = found.blockCount++;
    if (block === found.blockClient.length) found.growBlocks();
    found.blockClient[block] = client;
    if (count === 0 || (block > 0 && client >= (found.blockClient[block - 1] as number)))
      found.isCanonical = false;
    const first = found.structCount;
    for (let index = first; index < first + count; index++) clock = this.readStruct(index, client, clock);
    found.structCount = first + count;
    found.blockFirst[block + 1] = first + count;
    found.blockEndAt[block] = reader.pos;
  }

  private readStruct(index: number, client: number, clock: number): number {
    const { reader, found } = this;
    if (index === found.at.length) found.growStructs();
    found.at[index] = reader.pos;
    reader.struct();
    const shape = reader.shape;
    found.shape[index] = shape;
    found.start[index] = clock;
    const until = clock + reader.length;
    if (until > MAX_CLOCK) invalid('clock out of range');
    found.until[index] = until;
    if ((shape & (HAS_ORIGIN | HAS_PARENT_ID)) !== 0) {
      if (reader.depClient === client && reader.depClock >= clock) invalid('self reference');
      found.depClient[index] = reader.depClient;
      found.depClock[index] = reader.depClock;
    }
    if ((shape & HAS_RIGHT) !== 0) {
      if (reader.rightClient === client && reader.rightClock >= clock) invalid('self reference');
      found.rightClient[index] = reader.rightClient;
      found.rightClock[index] = reader.rightClock;
    }
    if (shape === Kind.skip) {
      found.hasSkips = true;
      found.isCanonical = false;
    }
    return until;
  }

  private readDeleteSet(): void {
    const { reader, found } = this;
    const blocks = reader.count(2);
    let isDescending = true;
    for (let block = 0; block < blocks; block++) {
      const client = reader.clientId();
      const count = reader.count(2);
      if (found.rangeCount + count > this.maxDeletes) invalid('too many delete ranges');
      if (block === found.deleteClient.length) found.growDeleteBlocks();
      found.deleteClient[block] = client;
      if (count === 0) found.isCanonical = false;
      if (block > 0 && client >= (found.deleteClient[block - 1] as number)) isDescending = false;
      this.readRanges(count);
      found.deleteFirst[block + 1] = found.rangeCount;
      found.deleteBlockCount = block + 1;
    }
    if (!isDescending) refuseRepeats(found.deleteClient, blocks);
  }

  private readRanges(count: number): void {
    const { reader, found } = this;
    const first = found.rangeCount;
    let isSorted = true;
    let last = -1;
    for (let index = first; index < first + count; index++) {
      const start = reader.uint32();
      const until = start + reader.uint32();
      if (until === start) invalid('empty delete range');
      if (until > MAX_CLOCK) invalid('clock out of range');
      // Ranges that touch are fine for Yjs, but joined they can be compared with what is known one by one.
      if (start <= last) isSorted = false;
      last = until;
      if (index === found.rangeStart.length) found.growRanges();
      found.rangeStart[index] = start;
      found.rangeUntil[index] = until;
    }
    found.rangeCount = first + count;
    if (!isSorted) sortRanges(found, first);
  }
}

/** Sorts the ranges from `first` on and joins those that overlap or touch. */
function sortRanges(found: Inspection, first: number): void {
  const { rangeStart, rangeUntil } = found;
  found.isCanonical = false;
  const order = Array.from({ length: found.rangeCount - first }, (_, i) => first + i)
    .sort((a, b) => (rangeStart[a] as number) - (rangeStart[b] as number))
    .map((i) => [rangeStart[i] as number, rangeUntil[i] as number] as const);
  let count = first;
  for (const [start, until] of order) {
    if (count > first && start <= (rangeUntil[count - 1] as number)) {
      rangeUntil[count - 1] = Math.max(until, rangeUntil[count - 1] as number);
    } else {
      rangeStart[count] = start;
      rangeUntil[count++] = until;
    }
  }
  found.rangeCount = count;
}

/** Yjs keeps only the last block of a client id, other readers the first: one id twice means two documents. */
function refuseRepeats(clients: Float64Array, count: number): void {
  const sorted = clients.slice(0, count).sort();
  for (let i = 1; i < count; i++) if (sorted[i] === sorted[i - 1]) invalid('client id twice');
}
