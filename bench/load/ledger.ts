// What was sent into one room, and when: what every participant's deliveries are checked against.

import * as Y from 'yjs';
import { UpdateInspector } from '../../server/crdt/update-inspector.js';
import type { Inspection } from '../../server/crdt/inspection.js';
import { defaultLimits } from '../../shared/limits.js';
import type { PreparedUpdate, Script } from '../input/script.js';
import { DeliveryError } from '../measurement.js';
import type { Content } from './content.js';
import { DeleteSegments } from './delete-segments.js';
import { documentOf } from './documents.js';
import { Histogram } from './histogram.js';
import { SharedPayloads } from './shared-payloads.js';
import { forEachRange, type UpdateParts } from './update-parts.js';
import { WriterLog } from './writer-log.js';

/** Which update of which writer alone deletes a piece. */
export interface PieceOwner {
  readonly writer: number;
  readonly update: number;
}

/** One per room. */
export class Ledger {
  /** By index of the writer in the script. */
  readonly writers: readonly WriterLog[];
  /** ms, of sampled participants' deliveries, not the sender's own. */
  readonly latency = new Histogram();
  /** ms, from sending to the echo or the message that acknowledges it, at the sender. */
  readonly acknowledgements = new Histogram();
  /** What the room's participants receive alike, read once. */
  readonly payloads = new SharedPayloads<readonly Content[]>();
  readonly pieceCount: number;
  /** By piece; undefined where several updates delete it. */
  readonly pieceOwners: (PieceOwner | undefined)[] = [];
  #sentCount = 0;
  readonly #base: Uint8Array;
  readonly #indexes = new Map<number, number>();
  readonly #segments: DeleteSegments;
  readonly #inspector = new UpdateInspector(defaultLimits, 'stored');
  /** Writers that delete something. */
  readonly #deleting: number[] = [];
  #writerOf: Map<PreparedUpdate, number> | undefined;

  constructor(script: Script) {
    this.#base = script.base;
    this.writers = script.writers.map((writer) => new WriterLog(writer));
    for (const [i, { clientId }] of script.writers.entries()) this.#indexes.set(clientId, i);
    this.#segments = new DeleteSegments(this.#deletedRanges());
    this.pieceCount = this.#segments.count;
    if (this.pieceCount > 0) this.#assignPieces();
  }

  /** Updates sent so far. */
  get sentCount(): number {
    return this.#sentCount;
  }

  /** Index of a writer by its client id. */
  indexOf(clientId: number): number | undefined {
    return this.#indexes.get(clientId);
  }

  /** Notes that a writer's next update is being sent. `writer` is its index; without it the update is looked up. */
  sent(update: PreparedUpdate, atMs: number, writer = this.#lookUp(update)): void {
    const log = this.writers[writer];
    if (log === undefined || log.script.updates[log.sentCount] !== update)
      throw new Error(`client ${update.clientId} sent something else than the next update of its script`);
    log.sentAt[log.sentCount++] = atMs;
    this.#sentCount++;
  }

  /** The document of base and everything sent, as one update. */
  expected(): Uint8Array {
    return Y.encodeStateAsUpdate(this.document());
  }

  /** The same as a document. */
  document(): Y.Doc {
    const updates = [this.#base];
    for (const { script, sentCount } of this.writers)
      for (let i = 0; i < sentCount; i++) updates.push(script.updates[i]!.update);
    return documentOf(updates);
  }

  /** What an update from the server brings of this script. Throws DeliveryError when it is malformed. */
  partsOf(update: Uint8Array): UpdateParts {
    const writers: number[] = [];
    const from: number[] = [];
    const to: number[] = [];
    const touched = new Set<number>();
    const found = this.#inspect(update);
    forEachRange(found, (client, start, until) => {
      const writer = this.#indexes.get(client);
      if (writer === undefined) return;
      writers.push(writer);
      from.push(start);
      to.push(until);
      touched.add(writer);
    });
    const pieces = this.#segments.of(found);
    for (const piece of pieces) {
      const owner = this.pieceOwners[piece];
      if (owner !== undefined) touched.add(owner.writer);
      else for (const writer of this.#deleting) touched.add(writer);
    }
    return { writers, from, to, pieces, touched: [...touched] };
  }

  #inspect(update: Uint8Array): Inspection {
    try {
      return this.#inspector.inspect(update);
    } catch (error) {
      throw new DeliveryError(`the server sent a malformed update: ${String(error)}`, { cause: error });
    }
  }

  #lookUp(update: PreparedUpdate): number {
    this.#writerOf ??= new Map(
      this.writers.flatMap(({ script }, i) => script.updates.map((one) => [one, i] as const)),
    );
    return this.#writerOf.get(update) ?? -1;
  }

  #deletedRanges(): number[] {
    const ranges: number[] = [];
    for (const { script } of this.writers)
      for (const { update, deleted } of script.updates) {
        if (deleted === 0) continue;
        const found = this.#inspector.inspect(update);
        for (let block = 0; block < found.deleteBlockCount; block++)
          for (let i = found.deleteFirst[block]!; i < found.deleteFirst[block + 1]!; i++)
            ranges.push(found.deleteClient[block]!, found.rangeStart[i]!, found.rangeUntil[i]!);
      }
    return ranges;
  }

  #assignPieces(): void {
    const isTaken = new Uint8Array(this.pieceCount);
    for (const [writer, log] of this.writers.entries()) {
      for (const [update, { update: bytes, deleted }] of log.script.updates.entries()) {
        if (deleted === 0) continue;
        const pieces = this.#segments.of(this.#inspector.inspect(bytes));
        (log.deletes ??= [])[update] = pieces;
        for (const piece of pieces) {
          this.pieceOwners[piece] = isTaken[piece] === 0 ? { writer, update } : undefined;
          isTaken[piece] = 1;
        }
      }
      if (log.deletes !== undefined) this.#deleting.push(writer);
    }
  }
}
