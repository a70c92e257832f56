// When users were last in a place, kept in the store over restarts and crashes (P13). Owns which rows are to be written.
//
// A row is written when a user comes, and when the user goes and does not come back at once: each at most once a minute. While
// users are here no row is written: one time for the whole run says when the server last lived, and counts for all who were
// here then.

import type { Clock, Timer } from '../../shared/clock.js';
import { daily, dayMs } from '../../shared/daily.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { DocumentStore } from '../store/store.js';
import {
  allRows,
  decodeRow,
  decodeRuns,
  encodeRow,
  encodeRuns,
  placeOfKey,
  rowKey,
  rowsOf,
  runsKey,
  type SeenRow,
} from './seen-row.js';
import { application, type Place } from './stay.js';

export interface LastSeenDeps {
  readonly store: Pick<DocumentStore, 'getState' | 'setStates' | 'listState'>;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** What is to be known of a user: of one who is gone, when that was. */
export type Seen = Omit<SeenRow, 'run'> & { readonly isHere: boolean };

interface Noted {
  readonly place: Place;
  readonly seen: Seen;
  /** Whether the place is one to remember. */
  readonly isKept: () => boolean;
}

interface Written {
  readonly seen: Seen;
  /** On the monotonic clock. */
  readonly writtenAt: number;
}

const tickMs = 1_000;
/**
 * That a user has gone is written so long after the row was written before: who comes back sooner costs no write. Until then
 * the row says that the user is here, which is wrong by less than a minute.
 */
const goneAfterMs = 57_000;
/** The time of the run is written this often. */
const aliveEveryMs = 30_000;
/** Rows of one write. */
const maxBatch = 1_000;

export class LastSeen {
  readonly #deps: LastSeenDeps;
  readonly #timer: Timer;
  readonly #pruner: Timer;
  /** By key, in the order in which they were noted. */
  readonly #noted = new Map<string, Noted>();
  /** By key, in the order in which they were written: those of the last minute, which a read may have missed. */
  readonly #written = new Map<string, Written>();
  /** By place: how many users went since its rows were last looked through. */
  readonly #gone = new Map<Place, number>();
  /** When each run last lived, this one included once it has written something. */
  #runs: Map<number, number> = new Map();
  #run = 1;
  /** Users in places. */
  #here = 0;
  #aliveAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<boolean> | undefined;
  #isFailing = false;
  #isPruning = false;

  private constructor(deps: LastSeenDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.every(tickMs, () => this.#tick());
    // For rows that are too old or too many.
    this.#pruner = daily(deps.clock, () => void this.#prune(allRows));
  }

  /** Rejects with StoreError. */
  static async open(deps: LastSeenDeps): Promise<LastSeen> {
    const runs = decodeRuns(await deps.store.getState(runsKey));
    const opened = new LastSeen(deps);
    opened.#runs = runs;
    // By the time, so that it is another than all before also where these are not known any more.
    opened.#run = Math.max(deps.clock.now(), ...[...runs.keys()].map((run) => run + 1));
    return opened;
  }

  /** A user has come or gone. `isKept` is asked when it is written: until then it is held. */
  note(place: Place, seen: Seen, isKept: () => boolean): void {
    this.#here += seen.isHere ? 1 : -1;
    const { maxSeenDays, maxSeenUsers } = this.#deps.limits;
    if (maxSeenDays === 0 || (maxSeenUsers === 0 && place !== application)) return;
    const key = rowKey(place, seen.user);
    if (!seen.isHere && !isKept()) return void this.#noted.delete(key);
    this.#noted.delete(key);
    this.#noted.set(key, { place, seen, isKept });
    if (!seen.isHere) this.#countGone(place);
  }

  /** Everybody who was in a place, is gone and is remembered, the last one last. Rejects with StoreError. */
  async read(place: Place): Promise<Seen[]> {
    const prefix = rowsOf(place);
    const rows = new Map<string, Seen>();
    for await (const [key, bytes] of this.#deps.store.listState(prefix)) {
      const seen = this.#seenIn(key, bytes);
      if (seen !== undefined) rows.set(key, seen);
    }
    // The read may have missed what was written meanwhile.
    for (const [key, { seen }] of [...this.#written, ...this.#noted])
      if (key.startsWith(prefix)) rows.set(key, seen);
    const { clock, limits } = this.#deps;
    const remembered = [...rows.values()]
      .filter(({ at, isHere }) => !isHere && at >= clock.now() - limits.maxSeenDays * dayMs)
      .sort((a, b) => a.at - b.at);
    const tooMany = place === application ? 0 : Math.max(0, remembered.length - limits.maxSeenUsers);
    return remembered.slice(tooMany);
  }

  /** What is remembered of one user. Rejects with StoreError. */
  async of(place: Place, user: string): Promise<Seen | undefined> {
    const key = rowKey(place, user);
    const bytes = await this.#deps.store.getState(key);
    const last = this.#noted.get(key) ?? this.#written.get(key);
    return last?.seen ?? (bytes === undefined ? undefined : this.#seenIn(key, bytes));
  }

  /** Nobody was ever in the place. Rejects with StoreError. */
  async forget(place: Place): Promise<void> {
    const prefix = rowsOf(place);
    await this.#writing;
    for (const known of [this.#noted, this.#written])
      for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key);
    const removed = new Map<string, undefined>();
    for await (const [key] of this.#deps.store.listState(prefix)) removed.set(key, undefined);
    if (removed.size > 0) await this.#deps.store.setStates(removed);
  }

  /** Writes all that is noted. What cannot be written is logged, and lost. */
  async close(): Promise<void> {
    this.#timer.cancel();
    this.#pruner.cancel();
    let isWritten = (await this.#writing) !== false;
    while (isWritten && this.#noted.size > 0) isWritten = await this.#write(Number.POSITIVE_INFINITY);
  }

  #tick(): void {
    const now = this.#deps.clock.monotonic();
    for (const [key, { writtenAt }] of this.#written) {
      if (now - writtenAt < goneAfterMs) break;
      this.#written.delete(key);
    }
    if (this.#writing !== undefined) return;
    const writing = this.#write(now);
    this.#writing = writing;
    void writing.finally(() => (this.#writing = undefined));
  }

  /** Writes what is due by then, on the monotonic clock. Returns whether the store took it. Never rejects. */
  async #write(until: number): Promise<boolean> {
    const { store, clock, logger } = this.#deps;
    const batch = this.#takeDue(until);
    const changes = new Map<string, Uint8Array>();
    for (const [key, { seen }] of batch)
      changes.set(key, encodeRow({ ...seen, run: seen.isHere ? this.#run : 0 }));
    const now = clock.monotonic();
    if (this.#isAliveDue(now, batch)) {
      this.#aliveAt = now;
      changes.set(runsKey, encodeRuns(this.#runs.set(this.#run, clock.now())));
    }
    if (changes.size === 0) return true;
    try {
      await store.setStates(changes);
      this.#isFailing = false;
      return true;
    } catch (err) {
      if (!this.#isFailing) logger.warn({ err }, 'when users were last seen could not be kept');
      this.#isFailing = true;
      this.#aliveAt = Number.NEGATIVE_INFINITY;
      for (const [key, noted] of batch) {
        this.#written.delete(key);
        if (!this.#noted.has(key)) this.#noted.set(key, noted);
      }
      return false;
    }
  }

  #takeDue(until: number): Map<string, Noted> {
    const writtenAt = this.#deps.clock.monotonic();
    const due = new Map<string, Noted>();
    for (const [key, noted] of this.#noted) {
      if (due.size >= maxBatch) break;
      const before = this.#written.get(key);
      if (noted.seen.isHere && before?.seen.isHere === true) {
        // The user has come back before it was written that the user had gone.
        this.#noted.delete(key);
        continue;
      }
      const isEarly = before !== undefined && until - before.writtenAt < goneAfterMs;
      if (!noted.seen.isHere && isEarly) continue;
      if (!noted.isKept()) {
        // Nothing comes after the end.
        if (until === Number.POSITIVE_INFINITY) this.#noted.delete(key);
        continue;
      }
      due.set(key, noted);
    }
    for (const [key, { seen }] of due) {
      this.#noted.delete(key);
      this.#written.delete(key);
      this.#written.set(key, { seen, writtenAt });
    }
    return due;
  }

  /** A row that says that somebody is here means nothing without the time of the run. */
  #isAliveDue(now: number, batch: ReadonlyMap<string, Noted>): boolean {
    if (now - this.#aliveAt < aliveEveryMs) return false;
    return batch.size > 0 || (this.#runs.has(this.#run) && this.#here > 0);
  }

  #seenIn(key: string, bytes: Uint8Array): Seen | undefined {
    const row = decodeRow(bytes);
    if (row === undefined) {
      this.#deps.logger.warn({ key }, 'when a user was last seen cannot be read');
      return undefined;
    }
    const { run, ...seen } = row;
    const isHere = run === this.#run;
    // The server was killed while the user was here.
    const at = run === 0 || isHere ? seen.at : Math.max(seen.at, this.#runs.get(run) ?? 0);
    return { ...seen, at, isHere };
  }

  #countGone(place: Place): void {
    if (place === application) return;
    const count = (this.#gone.get(place) ?? 0) + 1;
    this.#gone.set(place, count);
    if (count >= this.#deps.limits.maxSeenUsers) void this.#prune(rowsOf(place));
  }

  /** Removes rows that are too old, and the oldest of too many in a document. Never rejects. */
  async #prune(prefix: string): Promise<void> {
    if (this.#isPruning) return;
    this.#isPruning = true;
    try {
      await this.#pruneRows(prefix);
    } catch (err) {
      this.#deps.logger.warn({ err }, 'old rows of when users were last seen could not be removed');
    } finally {
      this.#isPruning = false;
    }
  }

  async #pruneRows(prefix: string): Promise<void> {
    const { store, clock, limits } = this.#deps;
    const oldest = clock.now() - limits.maxSeenDays * dayMs;
    if (prefix === allRows) this.#gone.clear();
    let place: Place | undefined;
    let ofPlace: { readonly key: string; readonly at: number }[] = [];
    let removed: string[] = [];
    const endPlace = (): void => {
      if (place !== undefined) this.#gone.delete(place);
      const tooMany = ofPlace.length - limits.maxSeenUsers;
      if (tooMany > 0)
        removed.push(
          ...ofPlace
            .sort((a, b) => a.at - b.at)
            .slice(0, tooMany)
            .map(({ key }) => key),
        );
      ofPlace = [];
    };
    for await (const [key, bytes] of store.listState(prefix)) {
      const placeOfRow = placeOfKey(key);
      if (placeOfRow !== place) endPlace();
      place = placeOfRow;
      const seen = this.#seenIn(key, bytes);
      if (seen?.isHere === true) continue;
      if (seen === undefined || seen.at < oldest) removed.push(key);
      else if (place !== application) ofPlace.push({ key, at: seen.at });
      if (removed.length >= maxBatch) removed = await this.#remove(removed);
    }
    endPlace();
    await this.#remove(removed);
  }

  async #remove(keys: readonly string[]): Promise<string[]> {
    // One that was written anew meanwhile is not old.
    const old = keys.filter((key) => !this.#noted.has(key) && !this.#written.has(key));
    if (old.length > 0) await this.#deps.store.setStates(new Map(old.map((key) => [key, undefined])));
    return [];
  }
}
