// Which documents are open: opens each once, lets go of it when its room has ended or nobody has used it for long, and has
// checkpoints made in time. The owner of the map; what happens inside a room is the room's.

import type { Clock, Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import { within } from '../../shared/within.js';
import { rootNames } from '../crdt/document-state.js';
import { createStoredInspector } from '../crdt/stored-inspector.js';
import type { DocumentStore, LogRecord } from '../store/store.js';
import { refusalOf } from '../errors.js';
import { checkpointDueInMs } from './checkpoint-policy.js';
import { CheckpointRuns } from './checkpoint-runs.js';
import { CommitQueue } from './commit-queue.js';
import { CostlyDocuments } from './costly-documents.js';
import type { DocumentWorker } from './document-worker.js';
import { deleted, DeletedDocuments, type DeletedContent, type DeletedIdentity } from './deleted-content.js';
import { DueRooms } from './due-rooms.js';
import { IdleRooms } from './idle-rooms.js';
import { loadDocument, type LoadedDocument } from './load-document.js';
import { OwnerKeeper } from './owner-keeper.js';
import { Room, type RoomDeps } from './room.js';
import { seedRoom } from './seed-room.js';
import { StoreSilence } from './store-silence.js';
import { TrialGate } from './trial-gate.js';
import type { Fanout, Writer } from './writer.js';

export interface RegistryDeps<F extends Fanout> {
  readonly store: DocumentStore;
  readonly worker: DocumentWorker;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly gc: boolean;
  /** Names of the root types under which commenters may write (A19). Default: none. */
  readonly commentRoots?: readonly string[] | undefined;
  readonly commitIntervalMs: number;
  readonly createFanout: (document: DocumentName) => F;
  /** Whether the server has no time to spare: rooms then save frames. Default: never. */
  readonly isBusy?: (() => boolean) | undefined;
  /** Called before a document is first served; a returned update is merged in first, durably. */
  readonly loaded?: ((document: DocumentName, isNew: boolean) => Promise<Uint8Array | undefined>) | undefined;
  readonly changed?: ((document: DocumentName) => void) | undefined;
  /** The store can no longer write. Called once. */
  readonly failed: (error: unknown) => void;
}

const sweepMs = 1_000;

export class RoomRegistry<F extends Fanout = Fanout> {
  readonly #deps: RegistryDeps<F>;
  readonly #silence: StoreSilence;
  readonly #commits: CommitQueue;
  readonly #checkpoints: CheckpointRuns;
  readonly #costs: CostlyDocuments;
  readonly #owners: OwnerKeeper;
  readonly #roomDeps: RoomDeps;
  readonly #commentRoots: ReadonlySet<string> | undefined;
  readonly #rooms = new Map<DocumentName, Room<F>>();
  readonly #opening = new Map<DocumentName, Promise<Room<F>>>();
  readonly #deleting = new Map<DocumentName, Promise<boolean>>();
  readonly #deleted: DeletedDocuments;
  readonly #idle = new IdleRooms<Room>();
  readonly #due = new DueRooms<Room>(sweepMs);
  readonly #sweeper: Timer;
  /** Whose updates are taken: anybody's, the server's own, or nobody's. */
  #intake: 'open' | 'own' | 'closed' = 'open';
  #closing: Promise<void> | undefined;

  constructor(deps: RegistryDeps<F>) {
    const { store, clock, limits, logger } = deps;
    this.#deps = deps;
    this.#commentRoots = rootNames(deps.commentRoots ?? []);
    this.#silence = new StoreSilence(clock, logger);
    this.#commits = new CommitQueue({
      store,
      silence: this.#silence,
      clock,
      logger,
      intervalMs: deps.commitIntervalMs,
      maxBytes: limits.maxUncommittedBytes,
      maxAwayMs: limits.maxStoreAwayMs,
      onFailure: deps.failed,
    });
    this.#costs = new CostlyDocuments(logger);
    this.#checkpoints = new CheckpointRuns({ ...deps, costs: this.#costs }, (room) => this.#touched(room));
    this.#owners = new OwnerKeeper(deps);
    this.#deleted = new DeletedDocuments(store);
    this.#roomDeps = {
      clock,
      limits,
      commits: this.#commits,
      checkIntake: (writer) => this.#checkIntake(writer),
      admission: {
        worker: deps.worker,
        gate: new TrialGate(limits),
        costs: this.#costs,
        logger: logger,
      },
      changed: deps.changed ?? (() => {}),
      touched: (room) => this.#touched(room),
      ended: (room, members, error) => this.#ended(room, members, error),
      isBusy: deps.isBusy ?? (() => false),
      inspector: createStoredInspector(),
      claimed: (room) => this.#owners.changed(room),
      committing: (room) => this.#owners.committing(room),
      loadKept: (document, after) => this.#loadKept(document, after),
    };
    this.#sweeper = clock.every(sweepMs, () => this.#sweep());
  }

  /**
   * The document's room, loaded. Join it in the same turn, or it may be dropped again. Rejects with SyncError
   * DOCUMENT_CORRUPT, STORE_UNAVAILABLE or DRAINING, or INTERNAL where its first content cannot be had.
   */
  async open(document: DocumentName): Promise<Room<F>> {
    this.#checkRunning();
    const deleting = this.#deleting.get(document);
    if (deleting !== undefined) {
      await this.#inTime(deleting.catch(() => undefined));
      this.#checkRunning();
    }
    const room = this.#rooms.get(document);
    if (room !== undefined) return room;
    const opening = this.#opening.get(document);
    if (opening !== undefined) return this.#inTime(opening);
    const load = this.#load(document).finally(() => this.#opening.delete(document));
    this.#opening.set(document, load);
    return this.#inTime(load);
  }

  #checkRunning(): void {
    if (this.#closing !== undefined) throw new SyncError('DRAINING');
    if (!this.isHealthy) throw new SyncError('STORE_UNAVAILABLE');
  }

  /**
   * Deletes a document for good: whoever has it open is told DOCUMENT_DELETED, and so is whoever brings its content later. Resolves
   * with whether there was one, when that is durable. Rejects with SyncError DRAINING or STORE_UNAVAILABLE, and with StoreError.
   */
  async delete(document: DocumentName): Promise<boolean> {
    this.#checkRunning();
    // One after the other.
    const before = this.#deleting.get(document);
    const work = Promise.resolve(before?.catch(() => undefined)).then(() => this.#delete(document));
    this.#deleting.set(document, work);
    try {
      return await work;
    } finally {
      if (this.#deleting.get(document) === work) this.#deleting.delete(document);
    }
  }

  /** A document that was deleted may be brought back from now on. Rejects with StoreError. */
  async revive(document: DocumentName): Promise<void> {
    await this.#deleted.forget(document);
    this.#rooms.get(document)?.revive();
  }

  /** The last member has left, or a use without members has ended. */
  released(room: Room<F>): void {
    if (room.memberCount === 0 && this.#rooms.get(room.document) === room) this.#idle.add(room);
  }

  /** A member has joined. */
  used(room: Room<F>): void {
    this.#idle.delete(room);
  }

  isOpen(document: DocumentName): boolean {
    return (this.#rooms.get(document)?.progress.head ?? 0) > 0;
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** How many documents load slowly for their size. The log names them. */
  get costlyCount(): number {
    return this.#costs.size;
  }

  /** Whether the store still takes writes. */
  get isHealthy(): boolean {
    return !this.#commits.hasFailed;
  }

  /** Whether the store answers what it was asked (O10, O12). */
  get isStoreAnswering(): boolean {
    return !this.#silence.isSilent;
  }

  /** From now on no client's update is taken: whoever sends one is told DRAINING. The server's own still are. */
  stopIntake(): void {
    if (this.#intake === 'open') this.#intake = 'own';
  }

  /** Resolves when everything accepted by now is durable; rejects with SyncError STORE_UNAVAILABLE when the store has failed. */
  settle(): Promise<void> {
    return this.#commits.settle();
  }

  /** Opens nothing more, makes everything durable where the store can, stops. The store stays open. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Makes a checkpoint of what is durable now. Resolves when it is in the store; logs and goes on when it cannot be made. */
  checkpoint(room: Room<F>): Promise<void> {
    return this.#checkpoints.run(room);
  }

  async #close(): Promise<void> {
    this.#sweeper.cancel();
    await Promise.allSettled(this.#opening.values());
    // First, so that no trial ends in an update that is not written.
    await this.#checkpoints.close();
    // What the server's own edits bring later would come to a store that is closed.
    this.#intake = 'closed';
    // Whoever waits for a store that has failed hears of it; `isHealthy` says so here.
    await this.#commits.settle().catch(() => {});
    if (this.isHealthy) await this.#owners.close();
    for (const room of this.#rooms.values()) room.close();
    this.#forgetAll();
  }

  async #delete(document: DocumentName): Promise<boolean> {
    await this.#opening.get(document)?.catch(() => undefined);
    const { store, limits } = this.#deps;
    const room = this.#rooms.get(document);
    const found = room === undefined ? await this.#findStored(document) : identityOf(room);
    if (found === 'none') return false;
    room?.end(deleted());
    // What the room has given to the store comes before the deletion.
    await this.#commits.settle();
    if (room !== undefined) await this.#checkpoints.idle(room);
    // The mark comes first: a server that is killed in between finishes the deletion when the document is loaded.
    if (found !== 'damaged') await this.#deleted.add(document, found, limits);
    await store.delete(document);
    await this.#owners.deleted(document);
    this.#deps.logger.info({ document }, 'a document was deleted');
    return true;
  }

  /** Of one that is damaged nobody knows what is to be marked: who still has it brings it back. */
  async #findStored(document: DocumentName): Promise<DeletedIdentity | 'none' | 'damaged'> {
    const { store, limits } = this.#deps;
    try {
      const { isNew, epoch, index } = await loadDocument(store, document, limits);
      return isNew ? 'none' : { epoch, stateVector: index.stateVector() };
    } catch (error) {
      if (toSyncError(error).code === 'DOCUMENT_CORRUPT') return 'damaged';
      throw error;
    }
  }

  /** The document as the store has it, and what it was before it was deleted. Rejects with SyncError. */
  async #loadContent(
    document: DocumentName,
  ): Promise<LoadedDocument & { deleted: DeletedContent | undefined }> {
    const { store, limits } = this.#deps;
    const loaded = await loadDocument(store, document, limits, this.#commentRoots);
    try {
      const deleted = await this.#deleted.load(document);
      if (deleted?.epochs.includes(loaded.epoch) !== true) return { ...loaded, deleted };
      // The server was killed while it deleted the document.
      await store.delete(document);
      return { ...(await loadDocument(store, document, limits, this.#commentRoots)), deleted };
    } catch (error) {
      throw error instanceof SyncError ? error : refusalOf(error);
    }
  }

  /** What a document waits for cannot be given up: whoever comes when it is loaded gets it. But nobody waits for ever (O12). */
  async #inTime<T>(load: Promise<T>): Promise<T> {
    const { clock, limits } = this.#deps;
    if (await within(clock, limits.maxStoreAwayMs, load)) return load;
    throw new SyncError('STORE_UNAVAILABLE', 'the document is not loaded yet');
  }

  async #load(document: DocumentName): Promise<Room<F>> {
    const { logger, createFanout, loaded } = this.#deps;
    try {
      const { isNew, epoch, log, index, deleted } = await this.#silence.of(this.#loadContent(document));
      const fanout = createFanout(document);
      const room = new Room(document, epoch, { log, index, fanout, deleted }, this.#roomDeps);
      if (loaded !== undefined) await seedRoom(room, () => loaded(document, isNew));
      // What the application gives has begun elsewhere.
      const isBegun = !isNew || room.progress.head > 0;
      room.owners.restore(await this.#silence.of(this.#owners.load(document, epoch, !isBegun)));
      this.#rooms.set(document, room);
      this.#idle.add(room);
      if (log.tailLength > 0) this.#touched(room);
      logger.debug({ document, epoch, isNew, bytes: log.bytes }, 'a document was loaded');
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

  #checkIntake(writer: Writer): void {
    const isOwn = writer.connection === undefined;
    if (this.#intake === 'closed' || (this.#intake === 'own' && !isOwn)) throw new SyncError('DRAINING');
    this.#commits.checkCapacity();
  }

  /** The kept log. When it cannot be read, a reader is sent the whole document instead, so an error is only logged. */
  async #loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    try {
      return await this.#silence.of(this.#deps.store.loadKept(document, after));
    } catch (error) {
      this.#deps.logger.error({ document, err: error }, 'the log before a checkpoint could not be read');
      return [];
    }
  }

  /** A room has ended, by itself or by the commit queue. Whoever opens its document next loads the document anew (O7). */
  #ended(room: Room, members: readonly Writer[], error: SyncError): void {
    const { document } = room;
    const { logger } = this.#deps;
    // One that was being opened is logged by whoever opens it, and what all end with is logged once.
    const isServed = this.#rooms.get(document) === room;
    if (isServed) this.#rooms.delete(document);
    if (isServed && this.isHealthy && error.code !== 'DOCUMENT_DELETED') {
      logger.error({ document, code: error.code, err: error.cause ?? error }, 'a document has ended');
    }
    this.#forget(room);
    this.#owners.ended(room, isServed && this.isHealthy);
    for (const member of members) {
      try {
        member.ended(error);
      } catch (thrown) {
        logger.error({ document, err: thrown }, 'a writer could not be told that its document has ended');
      }
    }
  }

  #forget(room: Room): void {
    this.#idle.delete(room);
    this.#due.forget(room);
  }

  #forgetAll(): void {
    for (const room of this.#rooms.values()) this.#forget(room);
    this.#rooms.clear();
  }

  /** Something of the room has changed that the next look is to see. */
  #touched(room: Room): void {
    if (this.#rooms.get(room.document) === room) this.#due.changed(room);
  }

  /** Looks only at rooms that have changed, or whose checkpoint may be due. */
  #sweep(): void {
    for (const room of this.#due.next()) this.#look(room);
    this.#owners.sweep();
    if (this.isHealthy) this.#silence.look();
    this.#evict();
  }

  #look(room: Room): void {
    this.#idle.resized(room);
    if (this.#checkpoints.isRunning(room)) return;
    const dueInMs = Math.max(
      checkpointDueInMs(room.compaction.tail),
      this.#checkpoints.waitMs(room.document),
    );
    if (dueInMs <= 0) void this.#checkpoints.run(room);
    else if (dueInMs < Infinity) this.#due.plan(room, dueInMs);
  }

  /** Drops the longest unused rooms until the rest fits the budget. Synchronous, so that nobody can join in between. */
  #evict(): void {
    const mayGo = (room: Room): boolean =>
      !room.isBusy && !this.#checkpoints.isRunning(room) && this.#owners.isSaved(room);
    for (const room of this.#idle.evict(this.#deps.limits.maxIdleBytes, mayGo)) {
      this.#rooms.delete(room.document);
      this.#forget(room);
      room.close();
      this.#deps.logger.debug({ document: room.document }, 'a document has left memory');
    }
  }
}

/** What is remembered of a room's document; 'none' where nobody has written in it. */
function identityOf(room: Room): DeletedIdentity | 'none' {
  return room.progress.head === 0 ? 'none' : { epoch: room.epoch, stateVector: room.content.stateVector() };
}
