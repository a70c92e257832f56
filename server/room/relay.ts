// Brings the accepted updates of one room to its live readers, and tells their writers when they are durable. Owns the
// updates that are accepted and not durable yet; knows nothing of sockets.
//
// An edit leaves at once when the last frame left long enough ago. Edits that come closer leave in one frame a few
// milliseconds later, before they are durable: then no stock client is sent an edit of its own, because that would be its
// acknowledgement (D1). A server that is busy saves these frames: there, edits leave joined when their commit is done,
// and then to everybody, because the frame is the acknowledgement of its writers.
//
// Invariants, which hold between any two calls:
//   R1 Updates leave in the order of their offsets: of `#pending`, all before `#queuedFrom` have left and none after it.
//   R2 `relayedOffset` is the offset of the last update that has left, `durableOffset` that of the last durable one.
//   R3 A receipt is told once: by `acknowledged`, or by a joined frame that its writer gets.
//   R4 No writer that takes an update of its own for its acknowledgement is sent the update before it is durable.
//   R5 The timer runs if, and only if, an update is queued.

import type { Clock, Timer } from '../../shared/clock.js';
import type { Ack } from '../../shared/native/fields.js';
import { mergeAccepted } from '../crdt/merge-updates.js';
import { emptyUpdate } from '../crdt/state-vector.js';
import type { UpdateInspector } from '../crdt/update-inspector.js';
import { relayTable, type RelayEffect, type RelayEvent, type RelayState } from './relay-state.js';
import type { Fanout, Receipt, Writer } from './writer.js';

/** An update that the room has taken. */
export interface Accepted {
  readonly offset: number;
  readonly update: Uint8Array;
  /**
   * What the writer knows the update by: the bytes that it sent, which are `update` unless some of them were known
   * before, or the number that it gave. Undefined when the writer is not told, because not all of it was taken.
   */
  readonly receipt: Receipt | undefined;
  readonly writer: Writer;
  /**
   * Whether its author is the client behind the writer, and nobody else who is here. Otherwise it is an offer, which the writer
   * passes on, or an edit that came on an earlier connection of somebody who is back.
   */
  readonly isEdit: boolean;
}

interface Entry extends Accepted {
  /** The update added nothing: only its writer hears of it. */
  readonly isKnown: boolean;
}

export interface RelayDeps {
  readonly clock: Clock;
  readonly fanout: Fanout;
  /** Offset of the last update that is stored. */
  readonly offset: number;
  /** Whether the server has no time to spare for frames that a commit would save. */
  readonly isBusy: () => boolean;
  /** For merging updates that were accepted; may be shared. */
  readonly inspector: UpdateInspector;
}

/** Frames of one room leave this far apart per live reader, ms: more readers make a frame dearer. */
const windowMsPerReader = 0.083;
const minWindowMs = 6;
const maxWindowMs = 25;
/** On a busy server, edits closer together than this wait for their commit, ms. */
const busyWindowMs = 4;
/** A commit that takes longer than this is not waited for, ms. */
const patienceMs = 75;
/**
 * Writers times updates of one frame that leaves before its commit: each writer is sent a frame of its own, without what it
 * wrote. A frame that would take more work than this waits for its commit, which needs no such frames, but no longer than
 * the patience lasts: then as much leaves as this allows.
 */
const maxFrameWork = 128;
/** With so few live readers no frame is saved by joining updates. */
const fewReaders = 2;

export class Relay {
  readonly #deps: RelayDeps;
  #state: RelayState = 'quiet';
  /** Accepted and not durable, in order. */
  #pending: Entry[] = [];
  /** Index of the first entry that has not left. An entry that added nothing has left when every edit before it has. */
  #queuedFrom = 0;
  /** Monotonic time of the last frame, or of the last update on a busy server. */
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  /** When the timer fires, what is queued has waited for its commit for long enough. */
  #isPatienceOver = false;
  /** Offset of the last update that live readers were given. */
  relayedOffset: number;
  /** Offset of the last update that is in the store. */
  durableOffset: number;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.relayedOffset = deps.offset;
    this.durableOffset = deps.offset;
  }

  /** Live readers were given everything up to this offset, and all of it is durable. */
  get cursor(): number {
    return Math.min(this.relayedOffset, this.durableOffset);
  }

  /** Takes an accepted update; offsets follow each other. */
  add(accepted: Accepted): void {
    // Spelled out: spreading would build the object property by property, which costs more than all else here.
    const { offset, update, receipt, writer, isEdit } = accepted;
    this.#pending.push({ offset, update, receipt, writer, isEdit, isKnown: false });
    this.#step(isEdit ? this.#editEvent() : 'offer');
  }

  /**
   * Takes the receipt of an update that added nothing. It is told when everything accepted before it is durable, because
   * the update may be part of that.
   */
  addKnown(receipt: Receipt, writer: Writer): void {
    const last = this.#pending.at(-1);
    if (last === undefined) return writer.acknowledged([receipt]);
    if (this.#queuedFrom === this.#pending.length) this.#queuedFrom++;
    const { offset } = last;
    this.#pending.push({ offset, update: emptyUpdate, receipt, writer, isEdit: true, isKnown: true });
  }

  /**
   * The updates after an offset that have left and are not durable, without those of this writer: one that came back would
   * be its acknowledgement (R4). Undefined when one of them may be the writer's own all the same.
   */
  relayedSince(
    offset: number,
    writer: Writer,
    mayBeOwn: (update: Accepted) => boolean,
  ): Uint8Array[] | undefined {
    const updates: Uint8Array[] = [];
    for (let i = 0; i < this.#queuedFrom; i++) {
      const entry = this.#pending[i];
      if (entry === undefined || entry.isKnown || entry.offset <= offset || entry.writer === writer) continue;
      if (!entry.isEdit || mayBeOwn(entry)) return undefined;
      updates.push(entry.update);
    }
    return updates;
  }

  /** Whether an update is not durable that is an offer, or that this is true for. */
  isPending(isWanted: (update: Accepted) => boolean): boolean {
    return this.#pending.some((entry) => !entry.isEdit || isWanted(entry));
  }

  /** Everything up to this offset is in the store: queued updates leave joined, and writers hear that theirs are safe. */
  durable(offset: number): void {
    this.durableOffset = offset;
    let count = 0;
    while (count < this.#pending.length && (this.#pending[count]?.offset ?? Infinity) <= offset) count++;
    const leftCount = Math.min(count, this.#queuedFrom);
    const entries = this.#pending.splice(0, count);
    this.#queuedFrom -= leftCount;
    // Writers hear of what has left before they get the joined frame, which is of later updates.
    tellWriters(leftCount === count ? entries : entries.slice(0, leftCount));
    if (leftCount === count) return;
    this.#sendJoined(entries.slice(leftCount));
    this.#step(this.#queuedFrom === this.#pending.length ? 'committed' : 'committed-in-part');
  }

  /** Stops the timer. Nothing that is queued leaves any more. */
  close(): void {
    this.#step('closed');
  }

  #editEvent(): RelayEvent {
    const { clock, fanout, isBusy } = this.#deps;
    const now = clock.monotonic();
    if (fanout.readerCount <= fewReaders || now - this.#lastAt >= this.#windowMs) return 'edit';
    if (isBusy()) this.#lastAt = now;
    return 'close-edit';
  }

  get #windowMs(): number {
    if (this.#deps.isBusy()) return busyWindowMs;
    const windowMs = this.#deps.fanout.readerCount * windowMsPerReader;
    return Math.min(Math.max(windowMs, minWindowMs), maxWindowMs);
  }

  #step(event: RelayEvent): void {
    const { state, effects } = relayTable[this.#state][event];
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: RelayEffect): void {
    switch (effect) {
      case 'send':
        return this.#send(1);
      case 'send-queued':
        return this.#send(this.#affordable(this.#sendable()));
      case 'start-timer':
        return this.#startTimer(this.#untilNextFrameMs());
      case 'start-long-timer':
        return this.#startTimer(patienceMs);
      case 'stop-timer':
        this.#timer?.cancel();
        this.#timer = undefined;
        return;
      case 'queue':
        // The entry is behind `#queuedFrom` already.
        return;
    }
  }

  #startTimer(delayMs: number): void {
    this.#isPatienceOver = delayMs >= patienceMs;
    this.#timer = this.#deps.clock.after(delayMs, () => this.#due());
  }

  /** A busy server leaves the frame to the commit, unless that takes too long. */
  #untilNextFrameMs(): number {
    if (this.#deps.isBusy()) return patienceMs;
    return Math.max(0, this.#lastAt + this.#windowMs - this.#deps.clock.monotonic());
  }

  #due(): void {
    this.#timer = undefined;
    const sendable = this.#sendable();
    const affordable = this.#affordable(sendable);
    const count = affordable === sendable || this.#isPatienceOver ? affordable : 0;
    if (count === 0) this.#step('due-later');
    else this.#step(this.#queuedFrom + count === this.#pending.length ? 'due' : 'due-in-part');
  }

  /** How many queued entries may leave before they are durable: those before the first offer. */
  #sendable(): number {
    let count = 0;
    while (this.#pending[this.#queuedFrom + count]?.isEdit === true) count++;
    return count;
  }

  /**
   * How many of the next `count` entries may leave in one frame: as many as its work allows, one edit at least. Entries that
   * added nothing go with the edit before them.
   */
  #affordable(count: number): number {
    const writers = new Set<Writer>();
    let edits = 0;
    for (let i = 0; i < count; i++) {
      const entry = this.#pending[this.#queuedFrom + i];
      if (entry === undefined || entry.isKnown) continue;
      writers.add(entry.writer);
      edits++;
      if (edits > 1 && writers.size * edits > maxFrameWork) return i;
    }
    return count;
  }

  /** The next entries leave in one frame, before they are durable. */
  #send(count: number): void {
    const { fanout, clock } = this.#deps;
    const from = this.#queuedFrom;
    this.#queuedFrom += count;
    this.#lastAt = clock.monotonic();
    const sent = this.#pending.slice(from, from + count);
    const edits = count === 1 ? sent : sent.filter(({ isKnown }) => !isKnown);
    const last = edits.at(-1);
    if (last === undefined) return;
    fanout.edits(edits, this.cursor);
    this.relayedOffset = last.offset;
  }

  /** These entries were queued and are durable now: they leave in one frame to everybody. */
  #sendJoined(entries: readonly Entry[]): void {
    const { fanout, clock, inspector } = this.#deps;
    const updates = entries.filter(({ isKnown }) => !isKnown).map(({ update }) => update);
    const update = mergeAccepted(updates, inspector);
    this.#lastAt = clock.monotonic();
    fanout.joined(
      update,
      this.durableOffset,
      this.#acknowledge(entries, update.length < fanout.maxLiveBytes),
    );
    this.relayedOffset = this.durableOffset;
  }

  /**
   * Tells the writers of entries that are about to leave joined, and returns what the frame is to tell, if it goes to live
   * readers at all. A live writer that knows its update by the bytes is told by the frame, or by the log when it has to
   * leave the live stream. Telling one may take it off the live stream, so numbers are put into the frame last (R3).
   */
  #acknowledge(entries: readonly Entry[], isCarried: boolean): Ack[] {
    const alone = new Map<Writer, Receipt[]>();
    const inFrame = new Map<Writer, number[]>();
    for (const { receipt, update, writer, isKnown } of entries) {
      if (receipt === undefined) continue;
      const isInFrame = writer.isLive && !isKnown;
      if (isInFrame && isCarried && typeof receipt === 'number') note(inFrame, writer, receipt);
      else if (!isInFrame || receipt !== update) note(alone, writer, receipt);
    }
    for (const [writer, receipts] of alone) writer.acknowledged(receipts);
    const acks: Ack[] = [];
    for (const [writer, seqs] of inFrame) {
      if (!writer.isLive) writer.acknowledged(seqs);
      else {
        const ack = writer.ackOf(seqs);
        if (ack !== undefined) acks.push(ack);
      }
    }
    return acks;
  }
}

/** Tells each writer once of all its receipts among these entries. */
function tellWriters(entries: readonly Entry[]): void {
  const [first] = entries;
  // The usual commit of a small room.
  if (entries.length === 1 && first?.receipt !== undefined) return first.writer.acknowledged([first.receipt]);
  const receipts = new Map<Writer, Receipt[]>();
  for (const { receipt, writer } of entries) if (receipt !== undefined) note(receipts, writer, receipt);
  for (const [writer, own] of receipts) writer.acknowledged(own);
}

function note<R>(receipts: Map<Writer, R[]>, writer: Writer, receipt: R): void {
  const known = receipts.get(writer);
  if (known === undefined) receipts.set(writer, [receipt]);
  else known.push(receipt);
}
