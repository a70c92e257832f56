// The awareness of one room: who is here, which connection speaks for which id, and what the others are still to be
// told. The class does not use y-protocols' Awareness: that class has a client of its own, knows no owners and forgets
// nothing. What one message costs depends on the entries of the message, never on how many are present.

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import {
  decodeAwareness,
  encodeAwareness,
  encodeAwarenessFrames,
  faultOfJson,
  faultOfSize,
  maxClock,
  maxOwnClock,
  type AwarenessEntry,
} from './awareness-codec.js';
import { Pacer } from '../../shared/pacer.js';
import { stamped, type Stamp } from './stamped-state.js';
import type { Writer } from './writer.js';

/** A connection that is in the room, as a source of awareness. */
interface Speaker {
  readonly writer: Writer;
  /** Different for every speaker of this room: what is remembered of a speaker after its end. */
  readonly number: number;
  /** The turn since which the connection hears who is here: it has been told of no change before. */
  hearsSince: number;
  /** The ids it speaks for, at most `maxAwarenessIds`. */
  readonly ids: Set<number>;
  /** The id that the connection began with: its own. Undefined as long as it has spoken for none. */
  ownId: number | undefined;
}

interface Present {
  readonly speaker: Speaker;
  /**
   * Whether the id is the one the connection began with: its own. Any other id may be one that the connection repeats,
   * because it heard that id beside the server from another tab of the browser. Such an id goes over to the connection
   * that begins with it.
   */
  readonly isOwn: boolean;
  /** The turn in which the speaker introduced the id. */
  readonly sinceTurn: number;
  /** Clock of the owner's last entry. */
  heardClock: number;
  /** Clock the others were told; see `#introduce` for why it may be ahead. */
  toldClock: number;
  /**
   * How far ahead the others are told, for good, where that is more than one. The owner does not hear its own entries
   * then: at a clock that far ahead they would overwrite what the owner has said of itself since.
   */
  lead: number;
  /** As the others are told it. */
  state: string;
  /** As its speaker has said it, where that is not what the others are told (P11). */
  said: string;
  /** With which `state` was made of `said`. */
  stamp: Stamp | undefined;
  heardAt: number;
  toldAt: number;
  /** When the server renewed the entry and the owner has not spoken since; undefined otherwise. */
  askedAt: number | undefined;
  /** The turn in which the entry last changed. */
  turn: number;
  /** Its last changes, the newest last: who may repeat which clock. Undefined for one that is its speaker's own. */
  readonly told: Told[] | undefined;
}

/** The others are told this clock in this turn. */
interface Told {
  readonly turn: number;
  readonly clock: number;
}

interface Gone {
  /** The number of the speaker that spoke for the id. */
  readonly speaker: number;
  readonly clock: number;
  readonly at: number;
  readonly turn: number;
}

/** What came of an awareness message. */
export interface Heard {
  /** The id that the connection introduced as its own, if this message did that. */
  readonly ownId: number | undefined;
  /** Why an entry of the message was not taken: the first reason, if there are several. */
  readonly refusal: SyncError | undefined;
  /** A state has come or is another: more than that somebody is still here. */
  readonly hasChanged: boolean;
}

/**
 * y-protocols forgets a state that has not been renewed for 30 s (`outdatedTimeout`), and renews its own after 15 s. A
 * page whose timers the browser slows down renews only once a minute, but it answers at once: an Awareness that hears
 * itself at the next clock repeats what it heard. So the server renews each entry that was told this long ago.
 */
const renewAfterMs = 20_000;
/** Entries that were told this long ago are renewed along with one that is due: together in few frames. */
const renewEarlyMs = 15_000;
/** An owner that has not answered after this long is gone. The others would wait 15 s more. */
const answerMs = 15_000;
/** An entry that cannot be renewed is gone before the others forget it. */
const outdatedMs = 28_000;
/** The ages of entries are looked at this seldom, so that what is due at about the same time is told together. */
const lookEveryMs = 1_000;
/**
 * How long it is remembered at which clock an id went. An Awareness remembers that for ever, and ignores an id that
 * returns at a lower clock.
 */
const goneMs = 10 * 60_000;
/** So many changes of one entry are remembered. */
const maxTold = 8;
/** How many gone ids are remembered at most. */
const maxGone = 10_000;
/** Joins changes when many move at once. */
const changeWindowMs = 15;
/** Joins renewals (every 15 s per client): nobody needs them sooner, but all need them within 30 s. */
const renewalWindowMs = 5_000;

export class Presence {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #tell: (update: Uint8Array, except?: Writer) => void;
  readonly #present = new Map<number, Present>();
  /** In the order in which they went. */
  readonly #gone = new Map<number, Gone>();
  readonly #speakers = new Map<Writer, Speaker>();
  /** Ids whose entries the others have yet to get. */
  #untold = new Set<number>();
  readonly #changes: Pacer;
  readonly #renewals: Pacer;
  /** Looks at the ages of entries when the first of them can be due. */
  #look: { readonly at: number; readonly timer: Timer } | undefined;
  #speakerCount = 0;
  /** Counts changes, and connections that begin to hear of them. */
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

  /** From now on the connection hears who is here, whether or not it will say anything. It has heard nothing before. */
  join(writer: Writer): void {
    const speaker = this.#speakers.get(writer) ?? this.#addSpeaker(writer);
    speaker.hearsSince = ++this.#turn;
  }

  /**
   * Takes what a connection says of its own ids (P1). What the connection repeats of others is dropped without a word, as
   * stock clients repeat all they hear. An entry that breaks a rule is refused alone, and changes nothing (P4). Throws
   * SyncError AWARENESS_INVALID, with nothing taken, for bytes that are no awareness update.
   */
  receive(writer: Writer, update: Uint8Array): Heard {
    const { entries, isCut } = decodeAwareness(update, this.#limits.maxAwarenessEntries);
    const speaker = this.#speakers.get(writer) ?? this.#addSpeaker(writer);
    const ownIdBefore = speaker.ownId;
    let refusal: SyncError | undefined;
    let hasChanged = false;
    for (const entry of entries) {
      if (!this.#maySpeak(speaker, entry)) continue;
      const told = this.#toldOf(speaker, entry);
      if (told instanceof SyncError) refusal ??= told;
      else if (this.#take(speaker, entry, told)) hasChanged = true;
    }
    if (isCut) refusal ??= invalid(`a message has at most ${this.#limits.maxAwarenessEntries} entries`);
    return { ownId: ownIdBefore === undefined ? speaker.ownId : undefined, refusal, hasChanged };
  }

  /** What the server vouches for of the connection is another: the others are told of its states with that (P11). */
  restamp(writer: Writer): void {
    for (const clientId of this.#speakers.get(writer)?.ids ?? []) {
      const present = this.#present.get(clientId);
      // One that its owner has not caught up with is stamped with what the owner says next.
      if (present === undefined || !canRenew(present)) continue;
      const state = stateFor(writer, present.said);
      const isSame = state === present.state;
      this.#setState(present, { said: present.said, state, stamp: writer.stamp });
      if (isSame) continue;
      this.#change(present, present.toldClock + 1);
      if (present.lead === 0) present.askedAt = this.#clock.monotonic();
      this.#untold.add(clientId);
      this.#changes.request();
    }
  }

  /** The connection has gone, and with it its ids, at once (P2). */
  leave(writer: Writer): void {
    const speaker = this.#speakers.get(writer);
    if (speaker === undefined) return;
    this.#speakers.delete(writer);
    for (const clientId of speaker.ids) {
      const present = this.#present.get(clientId);
      if (present !== undefined) this.#remove(clientId, present);
    }
  }

  /** Everybody's state, for a newcomer, in frames of bounded size (P5): none when nobody is here. */
  encodeAll(reader?: Writer): Uint8Array[] {
    const entries: AwarenessEntry[] = [];
    for (const [clientId, present] of this.#present)
      if (present.speaker.writer !== reader) entries.push(entryOf(clientId, present));
    return encodeAwarenessFrames(entries);
  }

  /**
   * What a reader that was last told in this turn has missed, in frames of bounded size. Of the reader's own entries, only
   * those that it is asked to answer by repeating them.
   */
  encodeSince(turn: number, reader?: Writer): Uint8Array[] {
    const entries: AwarenessEntry[] = [];
    for (const [clientId, present] of this.#present) {
      if (present.turn <= turn) continue;
      if (present.speaker.writer !== reader || isAhead(present)) entries.push(entryOf(clientId, present));
    }
    for (const [clientId, gone] of this.#gone) if (gone.turn > turn) entries.push(removalOf(clientId, gone));
    return encodeAwarenessFrames(entries);
  }

  /** Stops its timers. */
  close(): void {
    this.#changes.cancel();
    this.#renewals.cancel();
    this.#stopLooking();
  }

  #addSpeaker(writer: Writer): Speaker {
    const number = ++this.#speakerCount;
    const hearsSince = Number.POSITIVE_INFINITY;
    const speaker: Speaker = { writer, number, hearsSince, ids: new Set(), ownId: undefined };
    this.#speakers.set(writer, speaker);
    return speaker;
  }

  #maySpeak(speaker: Speaker, entry: AwarenessEntry): boolean {
    const present = this.#present.get(entry.clientId);
    if (present === undefined) return entry.state !== 'null' && this.#mayReturn(speaker, entry);
    if (present.speaker === speaker) return isNewer(entry, present);
    if (!present.isOwn && entry.state !== 'null' && speaker.ownId === undefined)
      return !isRepeated(entry, present, speaker.hearsSince);
    // The same user's new connection takes over from one that is dead but not known to be: a quick reconnect. What
    // another tab of that user repeats, or gives up waiting for, is never newer than what was told.
    const { sub } = speaker.writer;
    const isSameUser = sub !== undefined && sub === present.speaker.writer.sub;
    return isSameUser && entry.state !== 'null' && entry.clock > present.toldClock;
  }

  /**
   * Somebody who repeats a state of one that has just left must not bring it back as a ghost. Whoever has not been told that
   * the id has gone says it as its own: a client whose old connection ended while its new one was being opened.
   */
  #mayReturn(speaker: Speaker, { clientId, clock }: AwarenessEntry): boolean {
    const gone = this.#goneLately(clientId);
    if (gone === undefined || clock > gone.clock || gone.speaker === speaker.number) return true;
    const sawItGo = speaker.hearsSince < gone.turn;
    return !sawItGo && speaker.ownId === undefined;
  }

  /** What the others are to be told of the entry's state, or which rule the entry breaks. */
  #toldOf({ ids, writer }: Speaker, { clientId, clock, state: said }: AwarenessEntry): string | SyncError {
    const { maxAwarenessIds, maxPresenceBytes } = this.#limits;
    const present = this.#present.get(clientId);
    // A clock that somebody else has pushed far ahead may be counted on from there.
    const knownClock = present?.toldClock ?? this.#goneLately(clientId)?.clock ?? 0;
    if (clock > Math.min(knownClock + maxOwnClock, maxClock)) return invalid('clock out of range');
    if (ids.size >= maxAwarenessIds && !ids.has(clientId))
      return invalid(`a connection speaks for at most ${maxAwarenessIds} awareness ids`);
    const isKnown = present !== undefined && (said === present.said || said === present.state);
    // What the others have been told was looked at before.
    if (isKnown && present.stamp === writer.stamp) return present.state;
    const fault = isKnown ? undefined : (faultOfSize(said, this.#limits) ?? faultOfJson(said, this.#limits));
    if (fault !== undefined) return fault;
    const told = stateFor(writer, said);
    // It is written anew with its stamp, in which numbers may take more room than their author has given them.
    const tooLarge = told === said ? undefined : faultOfSize(told, this.#limits);
    if (tooLarge !== undefined) return tooLarge;
    // O2: what is kept is also what every newcomer is sent.
    const more = told.length - (present?.state.length ?? 0);
    return more > 0 && this.#bytes + more > maxPresenceBytes
      ? new SyncError('RATE_LIMITED', 'there is too much presence in this document')
      : told;
  }

  /** Whether it changes anything but a clock. */
  #take(speaker: Speaker, entry: AwarenessEntry, told: string): boolean {
    const { clientId, state } = entry;
    const present = this.#present.get(clientId);
    if (present !== undefined && present.speaker === speaker && state !== 'null')
      return this.#update(present, entry, told);
    if (present === undefined || present.speaker !== speaker)
      this.#introduce(speaker, entry, { state: told, before: present });
    else this.#remove(clientId, present);
    return true;
  }

  /**
   * The others may know this id at a clock it has not reached, from before it or the server went away, and would ignore
   * it. So it is told one clock ahead of all that was told before. By one, its owner may hear that too, and counts on
   * from there; from further back it stays behind.
   */
  #introduce(
    speaker: Speaker,
    { clientId, clock, state: said }: AwarenessEntry,
    { state, before }: { readonly state: string; readonly before: Present | undefined },
  ): void {
    const lastToldClock = before?.toldClock ?? this.#goneLately(clientId)?.clock ?? -1;
    const toldClock = Math.max(clock, lastToldClock) + 1;
    const lead = toldClock - clock > 1 ? toldClock - clock : 0;
    const now = this.#clock.monotonic();
    speaker.ownId ??= clientId;
    const isOwn = speaker.ownId === clientId;
    speaker.ids.add(clientId);
    before?.speaker.ids.delete(clientId);
    this.#bytes += state.length - (before?.state.length ?? 0);
    this.#gone.delete(clientId);
    const turn = ++this.#turn;
    const times = { heardAt: now, toldAt: now, askedAt: undefined, turn, sinceTurn: turn };
    const told = isOwn ? undefined : [{ turn, clock: toldClock }];
    const clocks = { heardClock: clock, toldClock, lead, told };
    this.#present.set(clientId, {
      speaker,
      isOwn,
      state,
      said,
      stamp: speaker.writer.stamp,
      ...clocks,
      ...times,
    });
    this.#untold.add(clientId);
    this.#changes.request();
    this.#lookAt(now + renewAfterMs);
  }

  /** Clocks told only move when there is something to tell: a client that hears itself ahead repeats what it heard. */
  #update(present: Present, { clientId, clock, state: said }: AwarenessEntry, state: string): boolean {
    const isChange = state !== present.state;
    if (clock > present.toldClock) present.lead = 0;
    const ahead = clock + present.lead;
    present.heardClock = clock;
    present.heardAt = this.#clock.monotonic();
    present.askedAt = undefined;
    this.#setState(present, { said, state, stamp: present.speaker.writer.stamp });
    if (ahead <= present.toldClock && !isChange) return false;
    this.#change(present, Math.max(ahead, present.toldClock + 1));
    this.#untold.add(clientId);
    (isChange ? this.#changes : this.#renewals).request();
    return isChange;
  }

  #setState(present: Present, to: Pick<Present, 'said' | 'state' | 'stamp'>): void {
    this.#bytes += to.state.length - present.state.length;
    present.state = to.state;
    present.said = to.said;
    present.stamp = to.stamp;
  }

  #change(present: Present, toldClock: number): void {
    present.toldClock = toldClock;
    present.turn = ++this.#turn;
    const { told, turn } = present;
    if (told === undefined) return;
    told.push({ turn, clock: toldClock });
    if (told.length > maxTold) told.shift();
  }

  #remove(clientId: number, present: Present): void {
    const { speaker, toldClock, state } = present;
    this.#present.delete(clientId);
    speaker.ids.delete(clientId);
    this.#bytes -= state.length;
    const at = this.#clock.monotonic();
    this.#gone.set(clientId, { speaker: speaker.number, clock: toldClock + 1, at, turn: ++this.#turn });
    this.#untold.add(clientId);
    this.#changes.request();
    if (this.#present.size === 0) this.#stopLooking();
  }

  #flush(): void {
    this.#changes.cancel();
    this.#renewals.cancel();
    const untold = this.#untold;
    this.#untold = new Set();
    const turn = this.#turn;
    const now = this.#clock.monotonic();
    const entries: AwarenessEntry[] = [];
    for (const clientId of untold) {
      const present = this.#present.get(clientId);
      const gone = present === undefined ? this.#gone.get(clientId) : undefined;
      if (gone !== undefined) entries.push(removalOf(clientId, gone));
      if (present === undefined) continue;
      present.toldAt = now;
      const entry = entryOf(clientId, present);
      if (present.lead === 0) entries.push(entry);
      else this.#tell(encodeAwareness([entry]), present.speaker.writer);
    }
    for (const frame of encodeAwarenessFrames(entries)) this.#tell(frame);
    // Only now: a reader that stops being live between two frames has not been told of this turn.
    this.#toldTurn = turn;
    this.#forget(now);
  }

  /** An id that went so lately that it is to be remembered. */
  #goneLately(clientId: number): Gone | undefined {
    const gone = this.#gone.get(clientId);
    return gone !== undefined && this.#clock.monotonic() - gone.at < goneMs ? gone : undefined;
  }

  /** Forgets who went long ago, and the oldest of too many. Called when the others have been told of all. */
  #forget(now: number): void {
    for (const [clientId, { at }] of this.#gone) {
      if (now - at < goneMs && this.#gone.size <= maxGone) break;
      this.#gone.delete(clientId);
    }
  }

  /** Sees to it that the ages of entries are looked at by then, but not within a second of the last look. */
  #lookAt(at: number): void {
    if (this.#look !== undefined && this.#look.at <= at) return;
    this.#stopLooking();
    const timer = this.#clock.after(at - this.#clock.monotonic(), () => this.#lookAtAges());
    this.#look = { at, timer };
  }

  #stopLooking(): void {
    this.#look?.timer.cancel();
    this.#look = undefined;
  }

  /** Renews what the others would forget soon, and removes whoever has not answered (P6). */
  #lookAtAges(): void {
    this.#look = undefined;
    const now = this.#clock.monotonic();
    const old: [number, Present][] = [];
    let isDue = false;
    for (const one of this.#present) {
      const [clientId, present] = one;
      if (canRenew(present)) {
        if (now >= present.toldAt + renewEarlyMs) old.push(one);
        isDue ||= now >= dueAt(present);
      } else if (now >= dueAt(present)) this.#remove(clientId, present);
    }
    if (isDue) {
      for (const [clientId, present] of old) this.#renew(clientId, present);
      this.#flush();
    }
    let next = Number.POSITIVE_INFINITY;
    for (const present of this.#present.values()) next = Math.min(next, dueAt(present));
    if (this.#present.size > 0) this.#lookAt(Math.max(next, now + lookEveryMs));
  }

  #renew(clientId: number, present: Present): void {
    // The owner has renewed it, and that waits to be told.
    if (this.#untold.has(clientId)) return;
    this.#change(present, present.toldClock + 1);
    if (present.lead === 0) present.askedAt = this.#clock.monotonic();
    this.#untold.add(clientId);
  }
}

/** What the others are told of a state that the connection has said. */
function stateFor({ stamp }: Writer, said: string): string {
  return stamp === undefined ? said : stamped(said, stamp);
}

/** y-protocols' rule: a later clock wins, and at the same clock a removal does. */
function isNewer(entry: AwarenessEntry, present: Present): boolean {
  return entry.clock > present.heardClock || (entry.clock === present.heardClock && entry.state === 'null');
}

/**
 * Whether a connection that hears of presence since this turn, and has said nothing of itself, says no more of the id than it
 * has been told. A stock client that tells nothing of itself repeats all that it hears, and must not become the speaker by
 * that. The client that the id belongs to says something newer at its next renewal.
 */
function isRepeated({ clock, state }: AwarenessEntry, present: Present, hearsSince: number): boolean {
  if (hearsSince < present.sinceTurn) return clock <= present.toldClock;
  if (!Number.isFinite(hearsSince)) return false;
  if (clock === present.toldClock) return state === present.state;
  // The others have been told more since it was told this.
  return clock < present.toldClock && clock >= toldClockAt(present, hearsSince);
}

/** The clock that the others had been told by then; 0 where that is too long ago to be known. */
function toldClockAt({ told = [] }: Present, turn: number): number {
  let before = 0;
  for (const one of told) if (one.turn <= turn) before = one.clock;
  return before;
}

/** Whether the owner, when it hears its own entry, counts on from there and repeats it. */
function isAhead({ toldClock, heardClock, lead }: Present): boolean {
  return lead === 0 && toldClock > heardClock;
}

/**
 * Whether the server may tell the entry one clock further by itself. The owner hears that, and may be no further behind
 * than one clock; or it is told to everybody but the owner.
 */
function canRenew({ isOwn, toldClock, heardClock, lead }: Present): boolean {
  return isOwn && (lead > 0 || toldClock === heardClock);
}

/** When the entry is to be renewed; or, where it cannot be, when it is gone if its owner says nothing more. */
function dueAt(present: Present): number {
  if (canRenew(present)) return present.toldAt + renewAfterMs;
  return present.askedAt === undefined ? present.heardAt + outdatedMs : present.askedAt + answerMs;
}

function entryOf(clientId: number, { toldClock, state }: Present): AwarenessEntry {
  return { clientId, clock: toldClock, state };
}

function removalOf(clientId: number, { clock }: Gone): AwarenessEntry {
  return { clientId, clock, state: 'null' };
}

function invalid(detail: string): SyncError {
  return new SyncError('AWARENESS_INVALID', detail);
}
