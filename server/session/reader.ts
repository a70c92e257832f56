// Brings one document to one socket: what the client lacks first, in parts as fast as it takes them, then the live
// stream. A reader that lags leaves the live stream and is caught up from the log: never skipped (C4).

import type { Clock } from '../../shared/clock.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { emptyUpdate, type StateVector } from '../crdt/state-vector.js';
import type { Dialect, DocumentEncoder } from '../dialect/dialect.js';
import type { Missed, Room } from '../room/room.js';
import type { Writer } from '../room/writer.js';
import type { Socket } from '../transport/transport.js';
import type { FrameCache } from './frame-cache.js';
import type { LiveReader, RoomFanout } from './room-fanout.js';

/** What all readers of a server share. */
export interface ReaderDeps {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly frames: FrameCache;
}

export class Reader implements LiveReader {
  readonly dialect: Dialect;
  readonly #deps: ReaderDeps;
  readonly #room: Room<RoomFanout>;
  readonly socket: Socket;
  readonly #writer: Writer;
  /** idle: asked for nothing yet. sending: the queue, then the log from the offset on. live: gets what is published. */
  #state: 'idle' | 'sending' | 'live' | 'closed' = 'idle';
  #queue: Uint8Array[] = [];
  #offset = 0;
  /** How far the client knows who is here. */
  #presenceTurn: number;
  /** The client waits for the answer to a sync request. */
  #owesReply = false;
  /** For the next commit, or for the store. */
  #isWaiting = false;
  /** A sync request that came while an answer was under way. */
  #nextRequest: StateVector | undefined;
  /** Up to here the client has everything, and all of it is durable. Of a live reader, the room knows. */
  #cursor = 0;
  /** The client is to be told once it has everything. */
  #owesSynced = false;
  #progressAt = 0;

  constructor(
    deps: ReaderDeps,
    of: { dialect: Dialect; room: Room<RoomFanout>; socket: Socket; writer: Writer },
  ) {
    this.dialect = of.dialect;
    this.#deps = deps;
    this.#room = of.room;
    this.socket = of.socket;
    this.#writer = of.writer;
    // The client is told of everybody when its document is opened.
    this.#presenceTurn = of.room.presence?.turn ?? 0;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  /** The client has this and wants the rest. */
  request(stateVector: StateVector): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'sending' && this.#owesReply) {
      // One answer at a time: a client that asks without reading must not pile them up.
      this.#nextRequest = stateVector;
      return;
    }
    this.#leaveLive();
    this.#answer(stateVector);
    this.#pump();
  }

  /** The client knows where it was: this is what it has missed since then. */
  resume({ updates, offset }: Missed): void {
    if (this.#state === 'closed') return;
    this.#leaveLive();
    this.#begin([...updates], offset);
    this.#owesReply = true;
    this.#pump();
  }

  /** Tells the client when it has everything there is now. */
  confirm(): void {
    if (this.#state === 'live') this.#tellSynced();
    else this.#owesSynced = true;
  }

  /** Up to here the client has everything, and all of it is durable. */
  get cursor(): number {
    return this.isLive ? this.#room.cursor : this.#cursor;
  }

  /** The socket's buffer has been written out. */
  drained(): void {
    this.#progressAt = this.#deps.clock.monotonic();
    if (this.#state === 'sending') this.#pump();
  }

  checkLag(): void {
    if (this.#state === 'live' && this.socket.bufferedBytes > this.#deps.limits.softBufferedBytes)
      this.fallBack();
  }

  fallBack(): void {
    if (this.#state !== 'live') return;
    this.#leaveLive();
    this.#begin([], this.#room.relayedOffset);
    // Not at once: what is being published is in nobody's log position yet.
    this.#deps.clock.soon(() => this.#pump());
  }

  /** Throws SyncError SLOW_CONSUMER when the client has taken nothing for too long. */
  checkProgress(): void {
    const { clock, limits } = this.#deps;
    const isStalled = this.#state === 'sending' && this.socket.bufferedBytes > 0;
    if (!isStalled) this.#progressAt = clock.monotonic();
    else if (clock.monotonic() - this.#progressAt > limits.maxStalledMs) throw new SyncError('SLOW_CONSUMER');
  }

  close(): void {
    this.#leaveLive();
    this.#state = 'closed';
    this.#queue = [];
  }

  #begin(queue: Uint8Array[], offset: number): void {
    this.#state = 'sending';
    this.#queue = queue;
    this.#offset = offset;
    this.#progressAt = this.#deps.clock.monotonic();
  }

  #pump(): void {
    if (this.#state !== 'sending') return;
    this.socket.cork(() => {
      while (this.#state === 'sending' && !this.#isWaiting && this.#hasRoom()) this.#step();
    });
  }

  #step(): void {
    if (this.#queue.length > 0 || this.#owesReply) return this.#sendNext();
    const next = this.#nextRequest;
    if (next !== undefined) {
      this.#nextRequest = undefined;
      return this.#answer(next);
    }
    const missed = this.#room.since(this.#offset);
    if (missed instanceof Promise) return this.#waitForLog(missed);
    const { updates, offset } = missed;
    this.#queue = updates;
    this.#offset = offset;
    if (updates.length > 0) return;
    if (this.#room.relayedOffset > offset) this.#catchUpWithLive();
    else this.#goLive();
  }

  /** What others were given and is not durable yet would be missed otherwise. */
  #catchUpWithLive(): void {
    const updates = this.#room.relayedSince(this.#offset, this.#writer);
    if (updates === undefined) return this.#waitForCommit();
    this.#queue = updates;
    this.#offset = this.#room.relayedOffset;
  }

  #waitForCommit(): void {
    this.#waitFor(this.#room.settled() ?? Promise.resolve());
  }

  /** What it lacks is read from the store: there was a checkpoint while it was being sent what came before. */
  #waitForLog(missed: Promise<Missed>): void {
    const queue = this.#queue;
    const take = ({ updates, offset }: Missed): void => {
      // Unless the client has asked for something else meanwhile, or is gone.
      if (this.#queue !== queue) return;
      this.#queue = [...updates];
      this.#offset = offset;
    };
    this.#waitFor(missed.then(take));
  }

  /** Sends nothing until then. */
  #waitFor(event: Promise<void>): void {
    this.#isWaiting = true;
    const goOn = (): void => {
      this.#isWaiting = false;
      this.#pump();
    };
    event.then(goOn, (error: unknown) => this.#writer.ended(toSyncError(error)));
  }

  /** A part at a time: the buffer of a socket is not given back until it closes. */
  #hasRoom(): boolean {
    return this.socket.bufferedBytes < this.#deps.limits.softBufferedBytes;
  }

  #sendNext(): void {
    const update = this.#queue.shift() ?? emptyUpdate;
    const isLast = this.#owesReply && this.#queue.length === 0;
    if (isLast) this.#owesReply = false;
    const { part, lastPart } = this.#encoder;
    // Where the end is told by a message of its own, an empty last part says nothing.
    if (!isLast || lastPart !== part || update !== emptyUpdate)
      this.socket.send(this.#deps.frames.frame(isLast ? lastPart : part, update));
    if (!isLast) return;
    this.#cursor = Math.min(this.#offset, this.#room.cursor);
    this.#tellSynced();
  }

  #tellSynced(): void {
    this.#owesSynced = false;
    const frame = this.#encoder.synced(this.cursor);
    if (frame !== undefined) this.socket.send(frame);
  }

  get #encoder(): DocumentEncoder {
    return this.#room.fanout.encoder(this.dialect);
  }

  #answer(stateVector: StateVector): void {
    this.#begin(this.#room.missing(stateVector), this.#room.head);
    this.#owesReply = true;
  }

  #goLive(): void {
    const { fanout, presence } = this.#room;
    for (const unheard of presence?.encodeSince(this.#presenceTurn, this.#writer) ?? [])
      this.socket.send(this.#encoder.awareness(unheard));
    this.#state = 'live';
    fanout.add(this.#writer, this);
    this.socket.subscribe(fanout.topic(this.dialect));
    if (this.#owesSynced) this.#tellSynced();
  }

  #leaveLive(): void {
    if (this.#state !== 'live') return;
    const { fanout, presence } = this.#room;
    this.#cursor = this.#room.cursor;
    this.socket.unsubscribe(fanout.topic(this.dialect));
    fanout.remove(this.#writer);
    this.#presenceTurn = presence?.toldTurn ?? 0;
    this.#state = 'idle';
  }
}
