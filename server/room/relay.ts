// Brings a room's updates to its live readers: each at once while the room is quiet, joined into one frame while it is
// busy. Owns what has been accepted but not relayed; knows nothing of sockets.
//
// Busy means: updates come faster than one per window, and more than one reader is to get each. A frame less per reader
// is worth more than anything else then. A joined frame goes to everybody, its writers too, for whom it is the ack: so it
// leaves when its records are durable. If that takes longer than the window, its updates leave one by one, as in a quiet
// room, and are acknowledged later; unless they are too many for that.

import type { Clock, Timer } from '../../shared/clock.js';
import type { Ack } from '../../shared/native/fields.js';
import { mergeAccepted } from '../crdt/merge-updates.js';
import { emptyUpdate } from '../crdt/state-vector.js';
import type { Fanout, Receipt, Writer } from './writer.js';

/** An update that the room has taken. */
export interface Accepted {
  readonly offset: number;
  readonly update: Uint8Array;
  /**
   * What the writer knows it by: what it sent, which is the same bytes unless some were known before, or a number.
   * Undefined when it is not to be told, as not all of it was taken.
   */
  readonly receipt: Receipt | undefined;
  readonly writer: Writer;
  /**
   * The writer's own edit, just made. What it only passes on, answering a sync request, may be somebody else's, who
   * would take it for an ack: that is relayed when it is durable, not before (D1).
   */
  readonly isLive: boolean;
}

interface Entry extends Accepted {
  /** It added nothing: nobody but its writer is to hear of it. */
  readonly isKnown: boolean;
  isRelayed: boolean;
}

const windowMs = 75;
/**
 * A window full of updates leaves one by one if that takes no more frames than this. Beyond it the room has more to do
 * than it can, and would only come to its commit later: then they wait for it.
 */
const maxFramesSingly = 2_000;
/** Below this distance to the last update a room counts as busy. */
const quietMs = 4;

export class Relay {
  readonly #clock: Clock;
  readonly #fanout: Fanout;
  /** Accepted and not durable, in order. */
  #pending: Entry[] = [];
  #unrelayed = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  /** Last offset that live readers were given; moves after they were. */
  relayedOffset: number;
  /** Last offset that is in the store. */
  durableOffset: number;

  constructor(deps: { clock: Clock; fanout: Fanout; offset: number }) {
    this.#clock = deps.clock;
    this.#fanout = deps.fanout;
    this.relayedOffset = deps.offset;
    this.durableOffset = deps.offset;
  }

  /** Up to here live readers were given everything, and all of it is durable. */
  get cursor(): number {
    return Math.min(this.relayedOffset, this.durableOffset);
  }

  /** An accepted update, in order. */
  add(accepted: Accepted): void {
    // Spelled out: spreading builds the object property by property, which costs more than all else here.
    const { offset, update, receipt, writer, isLive } = accepted;
    const entry: Entry = { offset, update, receipt, writer, isLive, isKnown: false, isRelayed: false };
    this.#pending.push(entry);
    const now = this.#clock.monotonic();
    const isQuiet = this.#unrelayed === 0 && (now - this.#lastAt >= quietMs || this.#fanout.readerCount <= 2);
    this.#lastAt = now;
    if (isQuiet && entry.isLive) {
      this.#relay(entry);
    } else {
      this.#unrelayed++;
      this.#timer ??= this.#clock.after(windowMs, () => this.#relayPending());
    }
  }

  /** An update that added nothing: acknowledged when all that came before it is durable, as it may be part of that. */
  addKnown(receipt: Receipt, writer: Writer): void {
    const last = this.#pending.at(-1);
    if (last === undefined) writer.acknowledged([receipt]);
    else
      this.#pending.push({
        offset: last.offset,
        update: emptyUpdate,
        receipt,
        writer,
        isLive: true,
        isKnown: true,
        isRelayed: true,
      });
  }

  /**
   * What live readers were given after an offset and is not durable yet, without what the writer sent itself: its coming
   * back would be taken for an ack. Undefined when some of it may be the writer's own all the same.
   */
  relayedSince(
    offset: number,
    writer: Writer,
    mayBeOwn: (other: Writer) => boolean,
  ): Uint8Array[] | undefined {
    const updates: Uint8Array[] = [];
    for (const entry of this.#pending) {
      if (!entry.isRelayed || entry.isKnown || entry.offset <= offset || entry.writer === writer) continue;
      if (!entry.isLive || mayBeOwn(entry.writer)) return undefined;
      updates.push(entry.update);
    }
    return updates;
  }

  /** Whether something is not durable yet whose writer this is true for, or that was only passed on. */
  isPending(isWriter: (writer: Writer) => boolean): boolean {
    return this.#pending.some((entry) => !entry.isLive || isWriter(entry.writer));
  }

  /** Everything up to this offset is in the store: joined frames leave, writers hear that theirs is safe. */
  durable(offset: number): void {
    this.durableOffset = offset;
    let count = 0;
    while (count < this.#pending.length && (this.#pending[count]?.offset ?? Infinity) <= offset) count++;
    const entries = this.#pending.splice(0, count);
    const [first] = entries;
    // The usual commit of a small room.
    if (count === 1 && first?.isRelayed === true) {
      if (first.receipt !== undefined) first.writer.acknowledged([first.receipt]);
      return;
    }
    const joined: Entry[] = [];
    const told = new Map<Writer, Receipt[]>();
    const toldByJoining = new Map<Writer, number[]>();
    for (const entry of entries) {
      if (!entry.isRelayed) joined.push(entry);
      const { receipt, writer } = entry;
      if (receipt === undefined) continue;
      const isInJoined = !entry.isRelayed && writer.isLive;
      if (isInJoined && typeof receipt === 'number') add(toldByJoining, writer, receipt);
      else if (!isInJoined || receipt !== entry.update) add(told, writer, receipt);
    }
    // Before the joined frame: what was relayed singly is older than all that is in it.
    for (const [writer, receipts] of told) writer.acknowledged(receipts);
    this.#relayJoined(joined, toldByJoining);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #relay(entry: Entry): void {
    entry.isRelayed = true;
    this.#fanout.update(entry.update, this.cursor, entry.writer);
    this.relayedOffset = entry.offset;
  }

  #relayPending(): void {
    this.#timer = undefined;
    if (this.#unrelayed * this.#fanout.readerCount > maxFramesSingly) return;
    for (const entry of this.#pending) {
      if (entry.isRelayed) continue;
      if (!entry.isLive) return;
      this.#relay(entry);
      this.#unrelayed--;
    }
  }

  #relayJoined(entries: readonly Entry[], toldByJoining: ReadonlyMap<Writer, readonly number[]>): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#unrelayed -= entries.length;
    // What is left came later than what the window was opened for, and gets one of its own.
    this.close();
    if (this.#unrelayed > 0) this.#timer = this.#clock.after(windowMs, () => this.#relayPending());
    const update = entries.length === 1 ? last.update : mergeAccepted(entries.map((entry) => entry.update));
    const isCarried = update.length < this.#fanout.maxLiveBytes;
    if (!isCarried) for (const [writer, seqs] of toldByJoining) writer.acknowledged(seqs);
    this.#fanout.update(update, last.offset, undefined, isCarried ? acksOf(toldByJoining) : []);
    this.relayedOffset = last.offset;
  }
}

function add<R>(receipts: Map<Writer, R[]>, writer: Writer, receipt: R): void {
  const known = receipts.get(writer);
  if (known === undefined) receipts.set(writer, [receipt]);
  else known.push(receipt);
}

function acksOf(settled: ReadonlyMap<Writer, readonly number[]>): Ack[] {
  return [...settled].flatMap(([writer, seqs]) => writer.settle(seqs) ?? []);
}
