// One document's copy on this device: what is handed in is stored in batches, and found again at the next load. Owns what
// is not stored yet, and this tab's part in it. Knows no Y.Doc and no network.
//
// Of all tabs one, the writer, stores what comes from elsewhere, and the position; every tab stores its own edits, under
// its own name. It is a store of our own, over the databases of y-indexeddb, because y-indexeddb cannot be cured from
// outside: it writes its whole state at every open and every update from every tab, tells nobody when a transaction is
// complete or has failed, and waits for ever for a database that does not open.

import { GuardedObservable } from '../platform/guarded.js';
import type { Position } from '../../shared/native/position.js';
import { Backoff } from '../connection/backoff.js';
import { DueTimer } from '../platform/due-timer.js';
import { Settled } from '../platform/settled.js';
import { randomId } from '../platform/random-id.js';
import { CompactionTurns } from './compaction-turns.js';
import { becomesOwner, isFor, type CopyOwner } from './copy-owner.js';
import { noteClosing, whenClosed } from './closing-copies.js';
import { placeIn, withFreshLocks, type CopyPlace } from './copy-place.js';
import { returnTo } from './copy-return.js';
import { CopyQueue } from './copy-queue.js';
import { othersWithPending, type CopyAccess, type CopyRecord } from './copy-record.js';
import { foreign, tabsIn, type Compaction } from './copy-rows.js';
import { CopyValues } from './copy-values.js';
import { nextCopyState, type CopyState } from './copy-state.js';
import { findDatabase } from './find-database.js';
import { editsIn, loadedFrom, type LoadedCopy } from './loaded-copy.js';
import type { OfflineCopyDeps, OfflineCopyEvents } from './offline-copy-deps.js';
import { closed, finalErrors, OfflineError, passingErrors, toOfflineError } from './offline-error.js';
import { inTime, type DatabaseDeps } from './open-database.js';
import type { TabLocks } from './tab-locks.js';
import { finishBeforeOpening, lastWipe, refuseWiped } from './wipe.js';

/** At most once in this time: what is handed in meanwhile is stored together. The first after a rest is stored at once. */
const batchMs = 100;
/** What is only to be noted waits for something to be stored, but not longer. */
const noteMs = 1_000;
/** How often a tab that is not the writer looks whether the writer has stored what it has heard itself. */
const lookMs = 500;
/** A full device is asked again this seldom. */
const fullMs = 10_000;

export type { OfflineCopyDeps };

export class OfflineCopy extends GuardedObservable<OfflineCopyEvents> {
  readonly name: string;
  readonly #deps: OfflineCopyDeps;
  readonly #databaseDeps: DatabaseDeps;
  readonly #tab: string;
  readonly #backoff: Backoff;
  readonly #queue: CopyQueue;
  readonly #compactions: CompactionTurns;
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
  /** Rejected when it is closed. */
  readonly #closing = new Settled();
  /** Rejected when it is closed and there is nothing to store: then reading it is of no use. */
  readonly #calledOff = new Settled();
  /** The connection was lost; whether the rows are still there has to be looked at. */
  #isInDoubt = false;
  #isRetrying = false;
  #wasSaved = false;
  #error: OfflineError | undefined;
  readonly #timer: DueTimer;
  #ranAt = -Infinity;
  #loading: Promise<LoadedCopy> | undefined;
  #running: Promise<void> | undefined;
  #returning: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** All locks that were let go of are free. */
  #left: Promise<void> = Promise.resolve();

  constructor(name: string, deps: OfflineCopyDeps) {
    super();
    const { factory, clock, random, timeoutMs = 5_000 } = deps;
    this.name = name;
    this.#deps = deps;
    const now = (): number => clock.monotonic();
    this.#timer = new DueTimer(clock);
    this.#queue = new CopyQueue({ encodeDocument: deps.encodeDocument, now });
    this.#compactions = new CompactionTurns(deps.encodeDocument, now);
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
    if (this.#state === 'over' && this.#loading === undefined) return Promise.reject(closed());
    return (this.#loading ??= this.#load(false));
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
    if (this.#state === 'over' || this.#closed !== undefined) return;
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
    const met = this.#met;
    if (met !== undefined && becomesOwner(met, this.#place.rows.record?.owner, access))
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
    await Promise.race([this.load(), this.#closing.promise]);
    await this.#returning;
    if (this.#state === 'open') return this.#place.rows;
    throw this.#error ?? closed();
  });

  /** Resolves when all that was handed in before is stored. Rejects with OfflineError when that fails now. */
  async flush(): Promise<void> {
    await this.load();
    // What is being stored may have begun before the last of it was handed in.
    await this.#running?.catch(() => {});
    if (this.#state === 'over' && this.#error !== undefined) throw this.#error;
    if (this.#state === 'over') return;
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
    this.#closing.reject(closed());
    if (!this.#queue.hasContent && !this.#queue.hasLeft) this.#calledOff.reject(closed());
    return (this.#closed = noteClosing(this.name, this.#close()));
  }

  /**
   * The page is put away: the copy lets go of its locks at once, as if the tab had gone, and of its database when it has stored
   * what was handed in. Others see to it what it has left. What is only to be noted waits: browsers do not keep a page with a
   * transaction that another page waits for.
   */
  leave(): void {
    if (this.#state !== 'open' || this.#closed !== undefined) return;
    this.#state = nextCopyState(this.#state, 'left');
    this.#returning = undefined;
    this.#queue.resign();
    this.#leave();
    const stored = this.#hasContent ? this.flush() : undefined; // `error` says why it could not be stored
    void Promise.allSettled([stored, this.#running]).then(() => {
      if (this.#state === 'away' && this.#returning === undefined) this.#place.rows.disconnect();
    });
  }

  /** The page is back: the copy takes its place among the tabs again, and tells `returned`. */
  comeBack(): void {
    if (this.#state !== 'away' || this.#closed !== undefined) return;
    this.#timer.cancel();
    this.#isRetrying = false;
    // It may have come half the way before.
    this.#leave();
    this.#place = withFreshLocks(this.#place, this.#deps.locks, this.#tab);
    this.#returning = this.#comeBack(this.#place);
  }

  get #areEditsSaved(): boolean {
    return this.#state === 'open' && this.#queue.isStored && !this.#isInDoubt;
  }

  get #hasContent(): boolean {
    return this.#queue.hasContent || this.#isInDoubt;
  }

  get #hasNews(): boolean {
    const hasNotes = this.#queue.hasNotes || this.#place.rows.wasSyncedLater;
    return this.#hasContent || (hasNotes && this.#state !== 'away');
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
    const who = this.#who;
    const database = who && (await this.#unlessOver(findDatabase(this.name, who, this.#databaseDeps)));
    if (database !== undefined && database !== this.database) this.#place = this.#placeIn(database);
  }

  get #who(): CopyOwner | undefined {
    return this.#met ?? this.#expected;
  }

  async #load(isLate: boolean): Promise<LoadedCopy> {
    this.#state = nextCopyState(this.#state, 'tried');
    const before = whenClosed(this.name);
    try {
      // It may take long, and whoever comes next to this document waits for as long.
      this.#expected = await this.#unlessOver(this.#deps.owner?.());
      await this.#unlessOver(this.#inTime(before));
      await this.#unlessOver(this.#inTime(finishBeforeOpening({ ...this.#deps, ...this.#databaseDeps })));
      await this.#locate();
      await this.#unlessOver(this.#inTime(this.#place.locks.enter()));
      const loaded = await this.#read(isLate);
      const locks = this.#place.locks;
      await this.#inTime(locks.compete(() => this.#becomeWriter(locks), this.#reportThrown));
      // Meanwhile it may have been deleted, or closed.
      if (this.#state !== 'loading') throw this.#error ?? closed();
      this.#opened(isLate, loaded);
      return loaded;
    } catch (thrown) {
      const error = toOfflineError((this.#state === 'over' && this.#error) || thrown);
      const mayPass = passingErrors.includes(error.code) || error.code === 'OFFLINE_FORBIDDEN';
      if (mayPass && this.#state === 'loading' && this.#closed === undefined) this.#missed(error);
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
    const loaded = loadedFrom(record, rows, this.#tab);
    this.#queue.precededBy(editsIn(loaded.pending), isLate);
    return loaded;
  }

  #opened(isLate: boolean, loaded: LoadedCopy): void {
    const { record } = this.#place.rows;
    this.#state = nextCopyState(this.#state, 'read');
    this.#error = undefined;
    this.#backoff.reset();
    this.#place.summary.changed(record!);
    void this.#place.summary.write();
    if (isLate) {
      // Of what was read nobody has known while these came.
      if (loaded.position === undefined) this.#queue.forgetPosition();
      this.emit('loaded', [loaded]);
    }
    this.#inPlace();
  }

  /** It is tried again later. What is handed in waits. */
  #missed(error: OfflineError): void {
    this.#state = nextCopyState(this.#state, 'missed');
    this.#error = error;
    this.#place.rows.disconnect();
    this.#leave();
    this.#place = this.#placeIn(this.name);
    // That one is read when the server says that it may be.
    if (error.code !== 'OFFLINE_FORBIDDEN') this.#timer.runIn(this.#backoff.next(0), () => this.#loadAgain());
  }

  async #comeBack(place: CopyPlace): Promise<void> {
    try {
      const returned = await returnTo(place, this.#tab, { ...this.#databaseDeps, locks: this.#deps.locks });
      await this.#inTime(place.locks.compete(() => this.#becomeWriter(place.locks), this.#reportThrown));
      // It may have been put away again.
      if (this.#state !== 'away' || place !== this.#place) return;
      this.#state = nextCopyState(this.#state, 'returned');
      this.#error = undefined;
      this.#backoff.reset();
      this.emit('returned', [returned]);
      this.#inPlace();
    } catch (thrown) {
      const error = toOfflineError(thrown);
      if (this.#state !== 'away' || place !== this.#place) return;
      if (finalErrors.includes(error.code)) return this.#end(error);
      this.#report(error);
      this.#timer.runIn(this.#backoff.next(0), () => this.comeBack());
    }
  }

  /** It has its place among the tabs: what waits is stored, and the others are watched. */
  #inPlace(): void {
    this.#changed();
    const { rows, locks } = this.#place;
    locks.watch(othersWithPending(rows.record!, this.#tab), (tab) => void this.#gone(tab));
  }

  #loadAgain(): void {
    this.#loading = this.#load(true);
    this.#loading.catch(() => {}); // `error` says why it could not be read
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
    else if (this.#queue.hasNotes || this.#compactions.isDue(this.#place.rows.record, this.#queue.isWriter))
      this.#runIn(noteMs);
  }

  #runIn(delayMs: number): void {
    // What went wrong has been reported.
    this.#timer.runIn(delayMs, () => void this.#run().catch(() => {}));
  }

  #run(): Promise<void> {
    this.#timer.cancel();
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
      compaction = this.#compactions.take(this.#place.rows.record, this.#queue.isWriter);
      if (!this.#hasNews && compaction === undefined) return;
      const batch = this.#queue.take();
      const { isWriter, counts } = this.#queue;
      const whole = { isWriter, counts, who: this.#who };
      this.#stored(await this.#place.rows.store(batch, whole, compaction), compaction);
    } catch (thrown) {
      const error = toOfflineError(thrown);
      this.#queue.putBack();
      if (compaction !== undefined) this.#compactions.delay();
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
    this.#compactions.done(compaction, record);
    if (this.#state === 'over') return;
    this.#error = undefined;
    this.#place.summary.changed(record);
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
    await this.#returning;
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
    const isLate = this.#state === 'open' || this.#state === 'away' || this.#error !== undefined;
    this.#state = nextCopyState(this.#state, 'ended');
    this.#timer.cancel();
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

  #unlessOver<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
    return Promise.race([promise, this.#calledOff.promise as Promise<never>]);
  }

  /** What does not end in time is given up. */
  #inTime<T>(promise: Promise<T>): Promise<T> {
    return inTime(promise, 'other tabs, or the one before, did not let go', this.#databaseDeps);
  }
}
