// One document's copy on this device: what is handed in is stored in batches, and found again at the next load. Owns what
// is not stored yet, and this tab's part in it. Knows no Y.Doc and no network.
//
// Of all tabs one, the writer, stores what comes from elsewhere, and the position; every tab stores its own edits, under
// its own name. It is a store of our own, over the databases of y-indexeddb, because y-indexeddb cannot be cured from
// outside: it writes its whole state at every open and every update from every tab, tells nobody when a transaction is
// complete or has failed, and waits for ever for a database that does not open.

import { GuardedObservable } from '../platform/guarded.js';
import type { Clock, Timer } from '../../shared/clock.js';
import type { Position } from '../../shared/native/position.js';
import { Backoff } from '../connection/backoff.js';
import type { Locks } from '../platform/locks.js';
import { randomId } from '../platform/random-id.js';
import { planCompaction, type CompactionPlan } from './compaction.js';
import { isFor, type CopyOwner } from './copy-owner.js';
import { placeIn, type CopyPlace } from './copy-place.js';
import { CopyQueue } from './copy-queue.js';
import { othersWithPending, pendingOf, type CopyAccess, type CopyRecord } from './copy-record.js';
import { foreign, tabsIn, type Compaction } from './copy-rows.js';
import { CopyValues } from './copy-values.js';
import { nextCopyState, type CopyEvent, type CopyState } from './copy-state.js';
import { findDatabase } from './find-database.js';
import { pendingRows, type LoadedCopy } from './loaded-copy.js';
import { mergeStored } from './merge-updates.js';
import { finalErrors, OfflineError, passingErrors, toOfflineError } from './offline-error.js';
import { inTime, type DatabaseDeps } from './open-database.js';
import type { TabLocks } from './tab-locks.js';
import { finishBeforeOpening, lastWipe, refuseWiped } from './wipe.js';

/** At most once in this time: what is handed in meanwhile is stored together. The first after a rest is stored at once. */
const batchMs = 100;
/** What is only to be noted waits for something to be stored, but not longer. */
const noteMs = 1_000;
/** How often a tab that is not the writer looks whether the writer has stored what it has heard itself. */
const lookMs = 500;
/** Rows that could not be merged are left alone for a while. */
const noCompactionMs = 60_000;
/** A full device is asked again this seldom. */
const fullMs = 10_000;
export interface OfflineCopyDeps {
  /** Undefined where there is no IndexedDB. */
  readonly factory: IDBFactory | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly locks: Locks;
  /** After which opening is given up, ms. Default: 5 seconds. */
  readonly timeoutMs?: number | undefined;
  /**
   * The whole document as an update. All of it must have been handed in, or loaded. With it the copy stays about as small
   * as the document, and is written anew when the browser has thrown it away; without it, it ends then.
   */
  readonly encodeDocument?: (() => Uint8Array) | undefined;
  /**
   * Whose copy it is to be, as far as this device knows. Copies of others are other databases. Without it there is one
   * copy, of whoever opens it.
   */
  readonly owner?: (() => Promise<CopyOwner>) | undefined;
  /** When both sides were last the same, by the server's clock; undefined for never. It is stored with whatever is stored. */
  readonly syncedAt?: (() => number | undefined) | undefined;
}

interface OfflineCopyEvents {
  /** It has been read after all: `load` had rejected. Whoever hears it says `restored` when it has what was pending. */
  loaded: (loaded: LoadedCopy) => void;
  /** `isSaved` has changed. */
  saved: (isSaved: boolean) => void;
  /** Something could not be stored. It is kept, and tried again unless the error is final: DELETED, BLOCKED. */
  error: (error: OfflineError) => void;
  /** A tab is gone whose edits were loaded here and left to it: nobody else may bring them to the server. */
  orphaned: () => void;
}

/** Copies of this page that are being closed, by name: what they leave is there for the next. */
const closing = new Map<string, Promise<void>>();

export class OfflineCopy extends GuardedObservable<OfflineCopyEvents> {
  readonly name: string;
  readonly #deps: OfflineCopyDeps;
  readonly #databaseDeps: DatabaseDeps;
  readonly #tab: string;
  readonly #backoff: Backoff;
  readonly #queue: CopyQueue;
  /** The last wipe of this device when this was made. */
  readonly #wipe = lastWipe();
  #place: CopyPlace;
  /** Whom it is for, as was known when it was opened. */
  #expected: CopyOwner | undefined;
  /** With whom the server has said to speak. */
  #met: CopyOwner | undefined;
  /** The server has said that the user may read. */
  #isAllowed = false;
  #state: CopyState = 'new';
  #isClosing = false;
  /** The connection was lost; whether the rows are still there has to be looked at. */
  #isInDoubt = false;
  #isRetrying = false;
  #wasSaved = false;
  #error: OfflineError | undefined;
  #timer: Timer | undefined;
  #dueAt = 0;
  #ranAt = -Infinity;
  #noCompactionBefore = 0;
  #loading: Promise<LoadedCopy> | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** All locks that were let go of are free. */
  #left: Promise<void> = Promise.resolve();

  constructor(name: string, deps: OfflineCopyDeps) {
    super();
    const { factory, clock, random, timeoutMs = 5_000 } = deps;
    this.name = name;
    this.#deps = deps;
    this.#queue = new CopyQueue({ encodeDocument: deps.encodeDocument, now: () => clock.monotonic() });
    this.#databaseDeps = { factory, clock, timeoutMs };
    this.#tab = randomId(random, 2);
    this.#place = this.#placeIn(name);
    this.#backoff = new Backoff(random, { firstMs: 1_000, maxMs: 120_000 });
  }

  /**
   * All that was handed in is in a complete transaction, whichever tab stored it. False before the copy is loaded and after
   * it has ended.
   */
  get isSaved(): boolean {
    return this.#areEditsSaved && !this.#queue.hasLeft;
  }

  /** Why something is not stored now, or why nothing will be any more. */
  get error(): OfflineError | undefined {
    return this.#error;
  }

  /** It could not be read, and may hold what nobody has seen: that is tried again. */
  get isUnread(): boolean {
    return this.#state === 'unread' || (this.#state === 'loading' && this.#error !== undefined);
  }

  /**
   * Reads the copy, once. Rejects with OfflineError where it cannot be read now. Where it may be readable later (`isUnread`)
   * that is tried again, and told by `loaded`; otherwise the copy does nothing any more.
   */
  load(): Promise<LoadedCopy> {
    if (this.#state === 'over' && this.#loading === undefined)
      return Promise.reject(new OfflineError('OFFLINE_FAILED', 'the copy is closed'));
    this.#loading ??= this.#load(false);
    return this.#loading;
  }

  /** What `loaded` told to be pending counts from here on with all that was handed in: `durable` counts it after that. */
  restored(): void {
    this.#queue.restored();
  }

  /**
   * A change of the document. `isEdit`: made here, and pending until it is durable. What comes before `load` has resolved
   * is stored then.
   */
  add(update: Uint8Array, isEdit: boolean): void {
    if (this.#state === 'over' || this.#isClosing) return;
    this.#queue.add(update, isEdit);
    this.#changed();
  }

  /** So many edits, counted from the first that is pending, are durable on the server. */
  durable(count: number): void {
    this.#queue.durable(count);
    this.#changed();
  }

  /**
   * All of the server's up to there has been handed in before. Where `load` gave no position, this also says that all the
   * copy held beyond it has been compared with the server, and what the server lacked is durable there.
   */
  reached(position: Position): void {
    this.#queue.reached(position);
    this.#changed();
  }

  /** What the server allows; none: the copy is not read any more, until the right is back. */
  setAccess(access: CopyAccess): void {
    this.#isAllowed = access !== 'none';
    this.#queue.setAccess(access);
    const owner = this.#place.rows.record?.owner;
    // A database of y-indexeddb is taken by the first who may write it.
    const met = this.#met;
    const isSame = met?.server === owner?.server && met?.user === owner?.user;
    if (met !== undefined && !isSame && (access === 'write' || (owner !== undefined && access === 'read')))
      this.#queue.setOwner(met);
    if (this.#isAllowed && this.#state === 'unread' && this.#error?.code === 'OFFLINE_FORBIDDEN')
      this.#loadAgain();
    this.#changed();
  }

  /** The database it is in. */
  get database(): string {
    return this.#place.rows.name;
  }

  /** Whether what was read may be shown and sent as this owner. */
  isFor(who: CopyOwner | undefined): boolean {
    return who === undefined || isFor(this.#place.rows.record?.owner, who);
  }

  /** The server has said with whom it speaks. Returns false when what was read belongs to somebody else. */
  meets(who: CopyOwner): boolean {
    if (!this.isFor(who)) return false;
    this.#met = who;
    return true;
  }

  /** What the application keeps beside the document. */
  readonly values = new CopyValues(async () => {
    await this.load();
    if (this.#state === 'open') return this.#place.rows;
    throw this.#error ?? new OfflineError('OFFLINE_FAILED', 'the copy is closed');
  });

  /** Resolves when all that was handed in before is stored. Rejects with OfflineError when that fails now. */
  async flush(): Promise<void> {
    await this.load();
    // What is being stored may have begun before the last of it was handed in.
    await this.#running?.catch(() => {});
    if (this.#state === 'over') {
      if (this.#error !== undefined) throw this.#error;
      return;
    }
    if (this.#queue.hasLeft) {
      await this.#look();
      this.#queue.takeOver();
    }
    if (this.#hasNews) await this.#run();
  }

  /**
   * Stores what was handed in, then lets go of the database, the locks and all timers. Resolves also when it could not be
   * stored: `error` has said so.
   */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.#isClosing = true;
    const before = closing.get(this.name);
    const closed = this.#close().finally(() => {
      if (closing.get(this.name) === all) closing.delete(this.name);
    });
    const all = before === undefined ? closed : Promise.all([before, closed]).then(() => {});
    closing.set(this.name, all);
    this.#closed = closed;
    return closed;
  }

  get #areEditsSaved(): boolean {
    return this.#state === 'open' && this.#queue.isStored && !this.#isInDoubt;
  }

  get #hasContent(): boolean {
    return this.#queue.hasContent || this.#isInDoubt;
  }

  get #hasNews(): boolean {
    return this.#hasContent || this.#queue.hasNotes || this.#place.rows.wasSyncedLater;
  }

  #placeIn(database: string): CopyPlace {
    const { random } = this.#deps;
    return placeIn(database, {
      ...this.#deps,
      database: this.#databaseDeps,
      tab: this.#tab,
      newId: () => randomId(random, 2),
      lost: (error) => this.#lost(error),
      refuseWiped: () => refuseWiped(this.#wipe),
    });
  }

  /** Finds the database of whoever the copy is for. */
  async #locate(): Promise<void> {
    const database = this.#who && (await findDatabase(this.name, this.#who, this.#databaseDeps));
    if (database !== undefined && database !== this.database) this.#place = this.#placeIn(database);
  }

  get #who(): CopyOwner | undefined {
    return this.#met ?? this.#expected;
  }

  async #load(isLate: boolean): Promise<LoadedCopy> {
    this.#happen('tried');
    const before = closing.get(this.name);
    try {
      // It may take long, and whoever comes next to this document waits for as long.
      this.#expected = await this.#deps.owner?.();
      await this.#inTime(before ?? Promise.resolve());
      await this.#inTime(finishBeforeOpening({ ...this.#databaseDeps, locks: this.#deps.locks }));
      await this.#locate();
      await this.#inTime(this.#place.locks.enter());
      const loaded = await this.#read(isLate);
      const locks = this.#place.locks;
      await this.#inTime(locks.compete(() => this.#becomeWriter(locks), this.#reportThrown));
      // Meanwhile it may have been deleted, or closed.
      if (this.#state !== 'loading')
        throw this.#error ?? new OfflineError('OFFLINE_FAILED', 'the copy is closed');
      this.#opened(isLate, loaded);
      return loaded;
    } catch (thrown) {
      const error = toOfflineError((this.#state === 'over' && this.#error) || thrown);
      const mayPass = passingErrors.includes(error.code) || error.code === 'OFFLINE_FORBIDDEN';
      if (mayPass && this.#state === 'loading' && !this.#isClosing) this.#missed(error);
      else this.#end(error);
      throw error;
    }
  }

  async #read(isLate: boolean): Promise<LoadedCopy> {
    const before = await this.#place.rows.stored();
    if (before?.access === 'none' && !this.#isAllowed)
      throw new OfflineError('OFFLINE_FORBIDDEN', 'the right to read the document was lost');
    // A tab that was in the record before the locks were looked at, and holds none, is gone for good.
    const dead = await this.#inTime(this.#place.locks.deadOf(tabsIn(before)));
    const { record, rows } = await this.#place.rows.enter(dead, this.#who);
    // The server may have spoken meanwhile.
    if (!this.isFor(this.#met)) throw foreign(this.database);
    const update = mergeStored(rows.map((row) => row.update));
    const pending = pendingRows(pendingOf(record, this.#tab), rows);
    const count = pending.reduce((sum, { edits }) => sum + edits, 0);
    this.#queue.precededBy(count, isLate);
    const position = record.isDoubtful ? undefined : record.position;
    return { update, position, pending, access: record.access, syncedAt: record.syncedAt };
  }

  #opened(isLate: boolean, loaded: LoadedCopy): void {
    const { record } = this.#place.rows;
    this.#happen('read');
    this.#error = undefined;
    this.#backoff.reset();
    this.#place.summary.changed(record!);
    void this.#place.summary.write();
    if (isLate) {
      // Of what was read nobody has known while these came.
      if (loaded.position === undefined) this.#queue.forgetPosition();
      this.emit('loaded', [loaded]);
    }
    this.#changed();
    this.#place.locks.watch(othersWithPending(record!, this.#tab), (tab) => void this.#gone(tab));
  }

  /** It is tried again later. What is handed in waits. */
  #missed(error: OfflineError): void {
    this.#happen('missed');
    this.#error = error;
    this.#place.rows.disconnect();
    this.#leave();
    this.#place = this.#placeIn(this.name);
    // That one is read when the server says that it may be.
    if (error.code === 'OFFLINE_FORBIDDEN') return;
    this.#timer = this.#deps.clock.after(this.#backoff.next(0), () => this.#loadAgain());
  }

  #loadAgain(): void {
    this.#timer = undefined;
    this.#loading = this.#load(true);
    this.#loading.catch(() => {}); // `error` says why it could not be read
  }

  #happen(event: CopyEvent): void {
    this.#state = nextCopyState(this.#state, event);
  }

  async #gone(tab: string): Promise<void> {
    const isPending = await this.#place.rows.mayHavePending(tab);
    if (this.#state === 'open' && isPending) this.emit('orphaned', []);
  }

  #becomeWriter(locks: TabLocks): void {
    // A lock may come after it was given up.
    if (locks !== this.#place.locks) return;
    this.#queue.becomeWriter();
    this.#changed();
  }

  readonly #reportThrown = (thrown: unknown): void => {
    this.#report(toOfflineError(thrown));
  };

  /** Sees to it that what there is to do is done in time. */
  #changed(): void {
    this.#tellSaved();
    if (this.#state !== 'open' || this.#running !== undefined || this.#isRetrying) return;
    const restMs = this.#deps.clock.monotonic() - this.#ranAt;
    if (this.#hasContent) this.#runIn(Math.max(0, batchMs - restMs));
    else if (this.#queue.hasLeft) this.#runIn(lookMs);
    else if (this.#queue.hasNotes || this.#plan() !== undefined) this.#runIn(noteMs);
  }

  #runIn(delayMs: number): void {
    const at = this.#deps.clock.monotonic() + delayMs;
    if (this.#timer !== undefined && this.#dueAt <= at) return;
    this.#timer?.cancel();
    this.#dueAt = at;
    // What went wrong has been reported.
    this.#timer = this.#deps.clock.after(delayMs, () => void this.#run().catch(() => {}));
  }

  #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isRetrying = false;
    this.#ranAt = this.#deps.clock.monotonic();
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
      this.#changed();
    });
    return this.#running;
  }

  async #write(): Promise<void> {
    let compaction: Compaction | undefined;
    try {
      if (this.#queue.hasLeft) await this.#look();
      compaction = this.#compaction();
      if (!this.#hasNews && compaction === undefined) return;
      const batch = this.#queue.take();
      const { isWriter, counts } = this.#queue;
      const whole = { isWriter, counts, who: this.#who };
      this.#stored(await this.#place.rows.store(batch, whole, compaction), compaction);
    } catch (thrown) {
      const error = toOfflineError(thrown);
      this.#queue.putBack();
      if (compaction !== undefined) this.#delayCompaction();
      this.#failed(error);
      throw error;
    }
  }

  /** Looks what the rows hold by now of what was left to the writer. */
  async #look(): Promise<void> {
    try {
      this.#queue.found(await this.#place.rows.look());
    } catch (thrown) {
      const error = toOfflineError(thrown);
      if (error.code !== 'OFFLINE_CORRUPT') throw error;
      // Nobody can say what the rows hold.
      this.#report(error);
      this.#queue.takeOver();
    }
  }

  #stored(record: CopyRecord, compaction: Compaction | undefined): void {
    this.#queue.stored();
    this.#isInDoubt = false;
    this.#backoff.reset();
    const [first] = compaction?.plan.rows ?? [];
    if (record.rows.some(({ key }) => key === first?.key)) this.#delayCompaction();
    if (this.#state === 'over') return;
    this.#error = undefined;
    this.#place.summary.changed(record);
  }

  #compaction(): Compaction | undefined {
    const plan = this.#plan();
    return plan && { plan, document: plan.isWhole ? this.#deps.encodeDocument?.() : undefined };
  }

  #delayCompaction(): void {
    this.#noCompactionBefore = this.#deps.clock.monotonic() + noCompactionMs;
  }

  #plan(): CompactionPlan | undefined {
    const isAllowed = this.#queue.isWriter && this.#deps.clock.monotonic() >= this.#noCompactionBefore;
    const { record } = this.#place.rows;
    return isAllowed && record !== undefined ? planCompaction(record) : undefined;
  }

  /** Somebody else has closed the database. */
  #lost(error: OfflineError): void {
    if (finalErrors.includes(error.code)) return this.#end(error);
    this.#isInDoubt = true;
    this.#changed();
  }

  #failed(error: OfflineError): void {
    if (this.#state === 'over') return;
    if (finalErrors.includes(error.code)) return this.#end(error);
    this.#report(error);
    const isFull = error.code === 'OFFLINE_QUOTA';
    if (!isFull) this.#place.rows.disconnect();
    this.#isRetrying = true;
    this.#runIn(this.#backoff.next(isFull ? fullMs : 0));
  }

  #report(error: OfflineError): void {
    const isNew = this.#error?.code !== error.code;
    this.#error = error;
    if (isNew) this.emit('error', [error]);
  }

  #tellSaved(): void {
    const { isSaved } = this;
    if (isSaved === this.#wasSaved) return;
    this.#wasSaved = isSaved;
    this.emit('saved', [isSaved]);
  }

  async #close(): Promise<void> {
    // Who loads is told why it failed; what cannot be stored has been reported.
    await this.#loading?.catch(() => {});
    if (this.#state === 'open') {
      await this.flush().catch(() => {});
      if (this.#areEditsSaved) await this.#place.rows.leave().catch(this.#reportThrown);
      await this.#place.summary.write();
    }
    this.#end(undefined);
    await this.#inTime(this.#left).catch(this.#reportThrown);
  }

  /** Nothing is stored any more. */
  #end(error: OfflineError | undefined): void {
    // Otherwise it is told by the rejection of `load`.
    const isLate = this.#state === 'open' || this.#error !== undefined;
    this.#happen('ended');
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#place.summary.forget();
    this.#place.rows.end();
    this.#leave();
    if (error !== undefined && isLate) this.#report(error);
    else this.#error ??= error;
    this.#tellSaved();
  }

  #leave(): void {
    this.#left = Promise.all([this.#left, this.#place.locks.leave()]).then(() => {});
  }

  /** What does not end in time is given up. */
  #inTime<T>(promise: Promise<T>): Promise<T> {
    return inTime(promise, 'other tabs, or the one before, did not let go', this.#databaseDeps);
  }
}
