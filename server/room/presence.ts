// The awareness of one room: who is here, which connection speaks for which id, and what the others are still to be
// told. Not the y-protocols Awareness class: that one has a client of its own, no owners, and forgets nothing.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { checkState, decodeAwareness, encodeAwareness, type AwarenessEntry } from './awareness-codec.js';
import { Pacer } from './pacer.js';
import type { Writer } from './writer.js';

interface Present {
  writer: Writer;
  /** Clock of the owner's last entry. */
  heardClock: number;
  /** Clock the others were told: differs when the id came back with a clock they had passed. */
  toldClock: number;
  state: string;
  heardAt: number;
}

/** Clients forget a state they have not heard of for 30 s (y-protocols `outdatedTimeout`); so do we, a little later. */
const outdatedMs = 35_000;
/** How long the clock of a gone id is remembered: longer than any client remembers its state. */
const goneMs = 60_000;
const maxGone = 1_000;
/** Joins changes when many move at once. */
const changeWindowMs = 15;
/** Joins renewals (every 15 s per client): nobody needs them sooner, but all need them within 30 s. */
const renewalWindowMs = 5_000;

export class Presence {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #present = new Map<number, Present>();
  readonly #gone = new Map<number, { clock: number; at: number }>();
  /** Ids whose entries the others have yet to get. */
  readonly #untold = new Set<number>();
  readonly #changes: Pacer;
  readonly #renewals: Pacer;

  /** `tell` is called with awareness updates for every reader. */
  constructor(deps: { clock: Clock; limits: Limits; tell: (update: Uint8Array) => void }) {
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    const flush = (): void => {
      this.#changes.cancel();
      this.#renewals.cancel();
      const update = this.#encode(this.#untold);
      this.#untold.clear();
      if (update !== undefined) deps.tell(update);
    };
    this.#changes = new Pacer(deps.clock, changeWindowMs, flush);
    this.#renewals = new Pacer(deps.clock, renewalWindowMs, flush);
  }

  /**
   * Takes what a connection says of its own ids (P1); what it repeats of others is dropped without a word, as stock
   * clients repeat all they hear. Returns the ids it introduced. Throws SyncError AWARENESS_INVALID, with nothing taken.
   */
  receive(writer: Writer, update: Uint8Array): number[] {
    const entries = decodeAwareness(update, this.#limits).filter((entry) => this.#maySpeak(writer, entry));
    for (const entry of entries) checkState(entry.state, this.#limits);
    if (this.#idsAfter(writer, entries) > this.#limits.maxAwarenessIds) {
      throw new SyncError('AWARENESS_INVALID', 'too many awareness ids on one connection');
    }
    const introduced: number[] = [];
    for (const entry of entries) if (this.#take(writer, entry)) introduced.push(entry.clientId);
    return introduced;
  }

  /** The connection has gone, and with it its ids, at once (P2). */
  leave(writer: Writer): void {
    for (const [clientId, present] of this.#present) {
      if (present.writer === writer) this.#remove(clientId, present);
    }
  }

  /** Everybody's state, for a newcomer; undefined when nobody is here. */
  encodeAll(): Uint8Array | undefined {
    return this.#encode(this.#present.keys());
  }

  /** Removes what has not been renewed, and forgets what went long ago. */
  expire(): void {
    const now = this.#clock.monotonic();
    for (const [clientId, present] of this.#present) {
      if (now - present.heardAt > outdatedMs) this.#remove(clientId, present);
    }
    for (const [clientId, { at }] of this.#gone) {
      if (now - at > goneMs || this.#gone.size > maxGone) this.#gone.delete(clientId);
    }
  }

  get size(): number {
    return this.#present.size;
  }

  close(): void {
    this.#changes.cancel();
    this.#renewals.cancel();
  }

  #maySpeak(writer: Writer, entry: AwarenessEntry): boolean {
    const present = this.#present.get(entry.clientId);
    if (present === undefined) {
      if (entry.state === 'null') return false;
      // Somebody repeating a state of one that has just left must not bring it back as a ghost.
      const gone = this.#gone.get(entry.clientId);
      return gone === undefined || entry.clock > gone.clock || !this.#speaks(writer);
    }
    if (present.writer === writer) return isNewer(entry, present);
    // The same user's new connection takes over from one that is dead but not known to be: a quick reconnect.
    return writer.sub !== undefined && writer.sub === present.writer.sub && entry.clock > present.heardClock;
  }

  #speaks(writer: Writer): boolean {
    for (const present of this.#present.values()) if (present.writer === writer) return true;
    return false;
  }

  /** Returns whether this introduced the id. */
  #take(writer: Writer, entry: AwarenessEntry): boolean {
    const { clientId, clock, state } = entry;
    const present = this.#present.get(clientId);
    if (present !== undefined && present.writer === writer) {
      if (state === 'null') {
        this.#remove(clientId, present);
        return false;
      }
      this.#update(clientId, present, clock, state);
      return false;
    }
    this.#introduce(writer, entry, present?.toldClock ?? this.#gone.get(clientId)?.clock ?? -1);
    return true;
  }

  /**
   * The others may know this id at a clock it has not reached, from before it or the server went away, and would ignore
   * it. So it is told one clock ahead of all that was told before; its owner hears that too and counts on from there.
   */
  #introduce(writer: Writer, { clientId, clock, state }: AwarenessEntry, lastToldClock: number): void {
    const toldClock = Math.max(clock, lastToldClock) + 1;
    this.#present.set(clientId, {
      writer,
      heardClock: clock,
      toldClock,
      state,
      heardAt: this.#clock.monotonic(),
    });
    this.#gone.delete(clientId);
    this.#untold.add(clientId);
    this.#changes.request();
  }

  /** Clocks told only move when there is something to tell: a client that hears itself ahead repeats what it heard. */
  #update(clientId: number, present: Present, clock: number, state: string): void {
    const isChange = state !== present.state;
    const isAhead = clock > present.toldClock;
    present.heardClock = clock;
    present.heardAt = this.#clock.monotonic();
    present.state = state;
    if (!isAhead && !isChange) return;
    present.toldClock = isAhead ? clock : present.toldClock + 1;
    this.#untold.add(clientId);
    (isChange ? this.#changes : this.#renewals).request();
  }

  #idsAfter(writer: Writer, entries: readonly AwarenessEntry[]): number {
    const ids = new Set<number>();
    for (const [clientId, present] of this.#present) if (present.writer === writer) ids.add(clientId);
    for (const entry of entries) ids.add(entry.clientId);
    return ids.size;
  }

  #remove(clientId: number, present: Present): void {
    this.#present.delete(clientId);
    this.#gone.set(clientId, { clock: present.toldClock + 1, at: this.#clock.monotonic() });
    this.#untold.add(clientId);
    this.#changes.request();
  }

  #encode(clientIds: Iterable<number>): Uint8Array | undefined {
    const entries: AwarenessEntry[] = [];
    for (const clientId of clientIds) {
      const present = this.#present.get(clientId);
      const gone = this.#gone.get(clientId);
      if (present !== undefined) entries.push({ clientId, clock: present.toldClock, state: present.state });
      else if (gone !== undefined) entries.push({ clientId, clock: gone.clock, state: 'null' });
    }
    return entries.length === 0 ? undefined : encodeAwareness(entries);
  }
}

/** y-protocols' rule: a later clock wins, and at the same clock a removal does. */
function isNewer(entry: AwarenessEntry, present: Present): boolean {
  return entry.clock > present.heardClock || (entry.clock === present.heardClock && entry.state === 'null');
}
