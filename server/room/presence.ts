// The awareness of one room: who is here, which connection speaks for which id, and what the others are still to be
// told. Not the y-protocols Awareness class: that one has a client of its own, no owners, and forgets nothing.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import {
  checkState,
  decodeAwareness,
  encodeAwareness,
  maxOwnClock,
  type AwarenessEntry,
} from './awareness-codec.js';
import { Pacer } from './pacer.js';
import type { Writer } from './writer.js';

interface Present {
  readonly writer: Writer;
  /**
   * Whether it is the id the connection began with: its own. Any other may be one it repeats, heard beside the server
   * from another tab of the browser, and goes to the connection that begins with it.
   */
  readonly isOwn: boolean;
  /** Clock of the owner's last entry. */
  heardClock: number;
  /** Clock the others were told; see `#introduce` for why it may be ahead. */
  toldClock: number;
  /**
   * How far ahead the others are told, for good, where that is more than one. The owner does not hear its own entries
   * then: at a clock that far ahead they would overwrite what it has said of itself since.
   */
  lead: number;
  state: string;
  heardAt: number;
  /** When it last changed, in turns. */
  turn: number;
}

interface Gone {
  readonly writer: Writer;
  readonly clock: number;
  readonly at: number;
  readonly turn: number;
}

/** Clients forget a state they have not heard of for 30 s (y-protocols `outdatedTimeout`); so do we, a little later. */
const outdatedMs = 35_000;
/** How long a gone id is remembered: longer than any client remembers its state. */
const goneMs = 60_000;
const maxGone = 1_000;
/** Joins changes when many move at once. */
const changeWindowMs = 15;
/** Joins renewals (every 15 s per client): nobody needs them sooner, but all need them within 30 s. */
const renewalWindowMs = 5_000;

export class Presence {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #tell: (update: Uint8Array, except?: Writer) => void;
  readonly #present = new Map<number, Present>();
  readonly #gone = new Map<number, Gone>();
  /** The turn in which each connection arrived. */
  readonly #arrived = new Map<Writer, number>();
  /** Connections that have begun to speak for an id of their own. */
  readonly #introduced = new Set<Writer>();
  /** Ids whose entries the others have yet to get. */
  readonly #untold = new Set<number>();
  readonly #changes: Pacer;
  readonly #renewals: Pacer;
  /** Counts arrivals and changes. */
  #turn = 0;
  #toldTurn = 0;
  /** Of all states. */
  #bytes = 0;

  /** `tell` is called with awareness updates for every reader, or every reader but one. */
  constructor(deps: { clock: Clock; limits: Limits; tell: (update: Uint8Array, except?: Writer) => void }) {
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    this.#tell = deps.tell;
    this.#changes = new Pacer(deps.clock, changeWindowMs, () => this.#flush());
    this.#renewals = new Pacer(deps.clock, renewalWindowMs, () => this.#flush());
  }

  /** The last turn that all live readers have been told of. */
  get toldTurn(): number {
    return this.#toldTurn;
  }

  /** The turn it is. */
  get turn(): number {
    return this.#turn;
  }

  get size(): number {
    return this.#present.size;
  }

  /** A connection is here, whether or not it will say anything. */
  join(writer: Writer): void {
    this.#arrived.set(writer, ++this.#turn);
  }

  /**
   * Takes what a connection says of its own ids (P1); what it repeats of others is dropped without a word, as stock
   * clients repeat all they hear. Returns the id it introduced as its own, if it did. Throws SyncError AWARENESS_INVALID, with nothing taken.
   */
  receive(writer: Writer, update: Uint8Array): number | undefined {
    const entries = decodeAwareness(update, this.#limits).filter((entry) => this.#maySpeak(writer, entry));
    for (const entry of entries) {
      checkState(entry.state, this.#limits);
      this.#checkClock(entry);
    }
    if (this.#idsAfter(writer, entries) > this.#limits.maxAwarenessIds) {
      throw new SyncError('AWARENESS_INVALID', 'too many awareness ids on one connection');
    }
    this.#checkBytes(entries);
    const isFirst = !this.#introduced.has(writer);
    for (const entry of entries) this.#take(writer, entry);
    return isFirst && this.#introduced.has(writer) ? entries[0]?.clientId : undefined;
  }

  /** The connection has gone, and with it its ids, at once (P2). */
  leave(writer: Writer): void {
    this.#arrived.delete(writer);
    this.#introduced.delete(writer);
    for (const [clientId, present] of this.#present) {
      if (present.writer === writer) this.#remove(clientId, present);
    }
  }

  /** Everybody's state, for a newcomer; undefined when nobody is here. */
  encodeAll(reader?: Writer): Uint8Array | undefined {
    return this.encodeSince(0, reader);
  }

  /** What a reader that was last told in this turn has missed of others. Undefined when there is nothing. */
  encodeSince(turn: number, reader?: Writer): Uint8Array | undefined {
    const ids: number[] = [];
    for (const [clientId, { writer, turn: changed }] of this.#present) {
      if (changed > turn && writer !== reader) ids.push(clientId);
    }
    if (turn > 0) for (const [clientId, gone] of this.#gone) if (gone.turn > turn) ids.push(clientId);
    return ids.length === 0 ? undefined : encodeAwareness(ids.flatMap((clientId) => this.#entryOf(clientId)));
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

  close(): void {
    this.#changes.cancel();
    this.#renewals.cancel();
  }

  #maySpeak(writer: Writer, entry: AwarenessEntry): boolean {
    const present = this.#present.get(entry.clientId);
    if (present === undefined) return entry.state !== 'null' && this.#mayReturn(writer, entry);
    if (present.writer === writer) return isNewer(entry, present);
    if (!present.isOwn && entry.state !== 'null' && !this.#introduced.has(writer)) return true;
    // The same user's new connection takes over from one that is dead but not known to be: a quick reconnect. What
    // another tab of that user repeats, or gives up waiting for, is never newer than what was told.
    const isSameUser = writer.sub !== undefined && writer.sub === present.writer.sub;
    return isSameUser && entry.state !== 'null' && entry.clock > present.toldClock;
  }

  /** Somebody who repeats a state of one that has just left must not bring it back as a ghost. */
  #mayReturn(writer: Writer, { clientId, clock }: AwarenessEntry): boolean {
    const gone = this.#gone.get(clientId);
    if (gone === undefined || clock > gone.clock || gone.writer === writer) return true;
    const sawItGo = (this.#arrived.get(writer) ?? Number.POSITIVE_INFINITY) < gone.turn;
    return !sawItGo && !this.#introduced.has(writer);
  }

  /** O2: what is kept is also what every newcomer is sent. */
  #checkBytes(entries: readonly AwarenessEntry[]): void {
    let bytes = this.#bytes;
    for (const { clientId, state } of entries) {
      bytes += state.length - (this.#present.get(clientId)?.state.length ?? 0);
    }
    if (bytes > this.#bytes && bytes > this.#limits.maxPresenceBytes) {
      throw new SyncError('RATE_LIMITED', 'there is too much presence in this document');
    }
  }

  #checkClock({ clientId, clock }: AwarenessEntry): void {
    const known = this.#present.get(clientId)?.toldClock ?? this.#gone.get(clientId)?.clock ?? 0;
    // One that was pushed there by somebody else may go on from there.
    if (clock > known + maxOwnClock) {
      throw new SyncError('AWARENESS_INVALID', 'clock out of range');
    }
  }

  #idsAfter(writer: Writer, entries: readonly AwarenessEntry[]): number {
    const ids = new Set<number>();
    for (const [clientId, present] of this.#present) if (present.writer === writer) ids.add(clientId);
    for (const entry of entries) ids.add(entry.clientId);
    return ids.size;
  }

  #take(writer: Writer, entry: AwarenessEntry): void {
    const { clientId, state } = entry;
    const present = this.#present.get(clientId);
    if (present === undefined || present.writer !== writer) {
      this.#introduce(writer, entry, present?.toldClock ?? this.#gone.get(clientId)?.clock ?? -1);
    } else if (state === 'null') this.#remove(clientId, present);
    else this.#update(present, entry);
  }

  /**
   * The others may know this id at a clock it has not reached, from before it or the server went away, and would ignore
   * it. So it is told one clock ahead of all that was told before. By one, its owner may hear that too, and counts on
   * from there; from further back it stays behind.
   */
  #introduce(writer: Writer, { clientId, clock, state }: AwarenessEntry, lastToldClock: number): void {
    const toldClock = Math.max(clock, lastToldClock) + 1;
    const lead = toldClock - clock > 1 ? toldClock - clock : 0;
    const heardAt = this.#clock.monotonic();
    const isOwn = !this.#introduced.has(writer);
    this.#introduced.add(writer);
    this.#bytes += state.length - (this.#present.get(clientId)?.state.length ?? 0);
    this.#gone.delete(clientId);
    const told = { toldClock, lead, turn: ++this.#turn };
    this.#present.set(clientId, { writer, isOwn, heardClock: clock, state, heardAt, ...told });
    this.#untold.add(clientId);
    this.#changes.request();
  }

  /** Clocks told only move when there is something to tell: a client that hears itself ahead repeats what it heard. */
  #update(present: Present, { clientId, clock, state }: AwarenessEntry): void {
    const isChange = state !== present.state;
    if (clock > present.toldClock) present.lead = 0;
    const ahead = clock + present.lead;
    present.heardClock = clock;
    present.heardAt = this.#clock.monotonic();
    this.#bytes += state.length - present.state.length;
    present.state = state;
    if (ahead <= present.toldClock && !isChange) return;
    present.toldClock = Math.max(ahead, present.toldClock + 1);
    present.turn = ++this.#turn;
    this.#untold.add(clientId);
    (isChange ? this.#changes : this.#renewals).request();
  }

  #remove(clientId: number, present: Present): void {
    const { writer, toldClock, state } = present;
    this.#present.delete(clientId);
    this.#bytes -= state.length;
    this.#gone.set(clientId, {
      writer,
      clock: toldClock + 1,
      at: this.#clock.monotonic(),
      turn: ++this.#turn,
    });
    this.#untold.add(clientId);
    this.#changes.request();
  }

  #flush(): void {
    this.#changes.cancel();
    this.#renewals.cancel();
    const entries: AwarenessEntry[] = [];
    for (const clientId of this.#untold) {
      const present = this.#present.get(clientId);
      if (present === undefined || present.lead === 0) entries.push(...this.#entryOf(clientId));
      else this.#tell(encodeAwareness(this.#entryOf(clientId)), present.writer);
    }
    this.#untold.clear();
    this.#toldTurn = this.#turn;
    if (entries.length > 0) this.#tell(encodeAwareness(entries));
  }

  /** What the others are told of an id: one entry, or none when it is long forgotten. */
  #entryOf(clientId: number): AwarenessEntry[] {
    const present = this.#present.get(clientId);
    if (present !== undefined) return [{ clientId, clock: present.toldClock, state: present.state }];
    const gone = this.#gone.get(clientId);
    return gone === undefined ? [] : [{ clientId, clock: gone.clock, state: 'null' }];
  }
}

/** y-protocols' rule: a later clock wins, and at the same clock a removal does. */
function isNewer(entry: AwarenessEntry, present: Present): boolean {
  return entry.clock > present.heardClock || (entry.clock === present.heardClock && entry.state === 'null');
}
