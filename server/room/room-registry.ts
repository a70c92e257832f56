// Which documents are open: opens each once, drops unused ones under a memory budget, has checkpoints made. The owner of
// the map; what happens inside a room is the room's.

import type { Clock, Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { DocumentStore, LogRecord } from '../store/store.js';
import type { Checkpointer } from './checkpointer.js';
import { isCheckpointDue } from './checkpoint-policy.js';
import { CommitQueue } from './commit-queue.js';
import { loadDocument } from './load-document.js';
import { Room, type Admission, type RoomDeps } from './room.js';
import { serverWriter, type Fanout } from './writer.js';

export interface RegistryDeps<F extends Fanout> {
  readonly store: DocumentStore;
  readonly checkpointer: Checkpointer;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly gc: boolean;
  readonly commitIntervalMs: number;
  readonly createFanout: (document: DocumentName) => F;
  readonly admission?: Admission | undefined;
  /** Called before a document is first served; a returned update is merged in first, durably. */
  readonly loaded?: ((document: DocumentName, isNew: boolean) => Promise<Uint8Array | undefined>) | undefined;
  readonly changed?: ((document: DocumentName) => void) | undefined;
  /** The store can no longer write. Called once. */
  readonly failed: (error: unknown) => void;
}

const sweepMs = 1_000;
/** After a document could not be merged, it is left alone for this long. */
const mergeRetryMs = 10 * 60_000;

export class RoomRegistry<F extends Fanout = Fanout> {
  readonly #deps: RegistryDeps<F>;
  readonly #commits: CommitQueue;
  readonly #roomDeps: RoomDeps;
  readonly #rooms = new Map<DocumentName, Room<F>>();
  readonly #opening = new Map<DocumentName, Promise<Room<F>>>();
  /** Rooms with a checkpoint under way. */
  readonly #merging = new Set<Room<F>>();
  readonly #checkpoints = new Set<Promise<void>>();
  readonly #mergeNotBefore = new Map<DocumentName, number>();
  /** Rooms nobody has open, the longest unused first. */
  readonly #idle = new Set<Room<F>>();
  readonly #sweeper: Timer;
  #isClosed = false;

  constructor(deps: RegistryDeps<F>) {
    this.#deps = deps;
    this.#commits = new CommitQueue({
      store: deps.store,
      clock: deps.clock,
      intervalMs: deps.commitIntervalMs,
      maxBytes: deps.limits.maxUncommittedBytes,
      onFailure: deps.failed,
    });
    this.#roomDeps = {
      clock: deps.clock,
      limits: deps.limits,
      commits: this.#commits,
      admission: deps.admission,
      changed: deps.changed ?? (() => {}),
      loadKept: (document, after) => this.#loadKept(document, after),
    };
    this.#sweeper = deps.clock.every(sweepMs, () => this.#sweep());
  }

  /**
   * The document's room, loaded. Join it in the same turn, or it may be dropped again. Rejects with SyncError
   * DOCUMENT_CORRUPT, STORE_UNAVAILABLE or DRAINING.
   */
  async open(document: DocumentName): Promise<Room<F>> {
    if (this.#isClosed) throw new SyncError('DRAINING');
    const room = this.#rooms.get(document);
    if (room !== undefined) return room;
    const opening = this.#opening.get(document);
    if (opening !== undefined) return opening;
    const load = this.#load(document).finally(() => this.#opening.delete(document));
    this.#opening.set(document, load);
    return load;
  }

  /** The last member has left, or a use without members has ended. */
  released(room: Room<F>): void {
    if (room.memberCount > 0) return;
    this.#idle.delete(room);
    this.#idle.add(room);
  }

  /** A member has joined. */
  used(room: Room<F>): void {
    this.#idle.delete(room);
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** Whether the store still takes writes. */
  get isHealthy(): boolean {
    return !this.#commits.hasFailed;
  }

  /** Waits until everything accepted is durable. */
  drain(): Promise<void> {
    return this.#commits.drain();
  }

  /** Opens nothing more, makes everything durable, stops. The store stays open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sweeper.cancel();
    await Promise.allSettled(this.#opening.values());
    await this.#commits.drain();
    await this.#deps.checkpointer.close();
    await Promise.allSettled(this.#checkpoints);
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    this.#idle.clear();
  }

  /** Makes a checkpoint of what is durable now. Resolves when it is in the store; logs and goes on when it cannot be made. */
  async checkpoint(room: Room<F>): Promise<void> {
    if (this.#merging.has(room)) return;
    this.#merging.add(room);
    const work = this.#checkpoint(room).finally(() => {
      this.#merging.delete(room);
      this.#checkpoints.delete(work);
    });
    this.#checkpoints.add(work);
    await work;
  }

  async #load(document: DocumentName): Promise<Room<F>> {
    const { store, limits, logger, createFanout } = this.#deps;
    try {
      const { isNew, epoch, log, index } = await loadDocument(store, document, limits);
      const room = new Room(document, epoch, { log, index, fanout: createFanout(document) }, this.#roomDeps);
      await this.#seed(room, isNew);
      this.#rooms.set(document, room);
      this.#idle.add(room);
      return room;
    } catch (error) {
      const refusal = toSyncError(error);
      logger.error(
        { document, code: refusal.code, err: refusal.cause ?? refusal },
        'a document could not be opened',
      );
      throw refusal;
    }
  }

  async #seed(room: Room, isNew: boolean): Promise<void> {
    const update = await this.#deps.loaded?.(room.document, isNew);
    if (update === undefined) return;
    const { isIncomplete } = await room.accept(update, seeder, false);
    if (isIncomplete)
      throw new SyncError('UPDATE_INCOMPLETE', 'the first content depends on something missing');
    await this.#commits.drain();
    if (this.#commits.hasFailed)
      throw new SyncError('STORE_UNAVAILABLE', 'the first content could not be written');
  }

  /** Whoever needs it can do without: the document is whole. */
  async #loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    try {
      return await this.#deps.store.loadKept(document, after);
    } catch (error) {
      this.#deps.logger.error({ document, err: error }, 'the log before a checkpoint could not be read');
      return [];
    }
  }

  #sweep(): void {
    for (const room of this.#rooms.values()) {
      if (isCheckpointDue(room.tail) && this.#mayMerge(room)) void this.checkpoint(room);
    }
    this.#evict();
  }

  /** Drops the longest unused rooms until the rest fits the budget. Synchronous, so that nobody can join in between. */
  #evict(): void {
    let bytes = 0;
    for (const room of this.#idle) bytes += room.memoryBytes;
    for (const room of this.#idle) {
      if (bytes <= this.#deps.limits.maxIdleBytes) break;
      if (room.isBusy || this.#merging.has(room)) continue;
      bytes -= room.memoryBytes;
      this.#idle.delete(room);
      this.#rooms.delete(room.document);
      room.close();
    }
  }

  #mayMerge(room: Room<F>): boolean {
    const notBefore = this.#mergeNotBefore.get(room.document);
    return notBefore === undefined || this.#deps.clock.monotonic() >= notBefore;
  }

  async #checkpoint(room: Room<F>): Promise<void> {
    const { checkpointer, store, gc, limits, clock, logger } = this.#deps;
    const { offset, updates } = room.checkpointInput();
    if (offset === room.checkpointOffset) return;
    try {
      const result = await checkpointer.merge({ updates, gc, partBytes: limits.syncPartBytes });
      const kept = await room.keptAt(offset, result.update.length);
      const checkpoint = { offset, time: clock.now(), update: result.update };
      await store.replace(room.document, checkpoint, kept[0]?.first);
      room.checkpointed(offset, result, kept);
      this.#mergeNotBefore.delete(room.document);
    } catch (error) {
      // The log stays as it is (D3): nothing is lost but the space a checkpoint would have saved.
      if (this.#isClosed) return;
      this.#mergeNotBefore.set(room.document, clock.monotonic() + mergeRetryMs);
      logger.error({ document: room.document, err: error }, 'a checkpoint could not be made');
    }
  }
}

/** Writes what an onLoad hook returns. */
const seeder = serverWriter();
