// Makes a room's checkpoint: takes what is durable, has it merged, and puts the result in the place of the log. One at a time
// for each room. A document that proves to be damaged ends its room; any other failure leaves the log as it is (D3).

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import { refusalOf, scopeOf } from '../errors.js';
import type { DocumentStore } from '../store/store.js';
import type { CostlyDocuments } from './costly-documents.js';
import { sumBytes } from './document-log.js';
import type { DocumentWorker } from './document-worker.js';
import type { Room } from './room.js';

export interface CheckpointRunsDeps {
  readonly store: DocumentStore;
  readonly worker: DocumentWorker;
  readonly costs: CostlyDocuments;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly gc: boolean;
}

/** How long a document is left alone after it could not be merged, ms. */
const mergeRetryMs = 10 * 60_000;
/** How long it is left alone after the store did not answer, ms. */
const storeRetryMs = 30_000;

export class CheckpointRuns {
  readonly #deps: CheckpointRunsDeps;
  readonly #done: (room: Room) => void;
  readonly #running = new Map<Room, Promise<void>>();
  /** Monotonic times before which documents are left alone. */
  readonly #notBefore = new Map<DocumentName, number>();
  #isClosed = false;

  /** `done` is called after each run, whatever came of it. */
  constructor(deps: CheckpointRunsDeps, done: (room: Room) => void) {
    this.#deps = deps;
    this.#done = done;
  }

  isRunning(room: Room): boolean {
    return this.#running.has(room);
  }

  /** How long the document is to be left alone, ms; 0 when its checkpoint may be made. */
  waitMs(document: DocumentName): number {
    const notBefore = this.#notBefore.get(document);
    return notBefore === undefined ? 0 : Math.max(0, notBefore - this.#deps.clock.monotonic());
  }

  /** Makes a checkpoint of what is durable now. Resolves when it is in the store, or could not be made, which is logged. */
  async run(room: Room): Promise<void> {
    if (this.#running.has(room)) return;
    const work = this.#run(room).finally(() => {
      this.#running.delete(room);
      this.#done(room);
    });
    this.#running.set(room, work);
    await work;
  }

  /** Resolves when no checkpoint of the room is under way. */
  async idle(room: Room): Promise<void> {
    await this.#running.get(room);
  }

  /** Gives up what is under way, trials too. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#deps.worker.close();
    await Promise.allSettled(this.#running.values());
  }

  async #run(room: Room): Promise<void> {
    const { worker, costs, store, gc, limits, clock } = this.#deps;
    const { offset, updates } = room.compaction.input();
    if (offset === room.compaction.offset) return;
    try {
      const result = await worker.merge(room.document, { updates, gc, partBytes: limits.syncPartBytes });
      costs.measured(room.document, { bytes: result.update.length, loadMs: result.loadMs });
      const kept = await room.compaction.keptAt(offset, result.update.length);
      // Another room may have the document by now.
      if (room.hasEnded) return;
      const checkpoint = { offset, time: clock.now(), update: result.update };
      await store.replace(room.document, checkpoint, kept[0]?.first);
      room.compaction.replaced(offset, result, kept);
      this.#notBefore.delete(room.document);
    } catch (error) {
      if (!this.#isClosed && !room.hasEnded) this.#fail(room, error, sumBytes(updates));
    }
  }

  #fail(room: Room, error: unknown, bytes: number): void {
    if (error instanceof SyncError && error.code === 'DOCUMENT_TOO_COSTLY')
      this.#deps.costs.overBudget(room.document, bytes);
    const scope = scopeOf(error);
    if (scope === 'document') return room.end(refusalOf(error));
    this.#leaveAlone(room.document, scope === 'again' ? storeRetryMs : mergeRetryMs);
    // The log stays as it is (D3): nothing is lost but the space a checkpoint would have saved.
    this.#deps.logger.error({ document: room.document, err: error }, 'a checkpoint could not be made');
  }

  #leaveAlone(document: DocumentName, ms: number): void {
    const now = this.#deps.clock.monotonic();
    for (const [other, notBefore] of this.#notBefore) if (notBefore <= now) this.#notBefore.delete(other);
    this.#notBefore.set(document, now + ms);
  }
}
