// Brings one document to one socket: what the client lacks first, in parts as fast as it takes them, then the live
// stream. A reader that lags leaves the live stream and is caught up from the log: never skipped (C4).

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { emptyUpdate, type StateVector } from '../crdt/state-vector.js';
import type { Dialect } from '../dialect/dialect.js';
import type { Room } from '../room/room.js';
import type { Writer } from '../room/writer.js';
import type { Socket } from '../transport/transport.js';
import type { LiveReader, RoomFanout } from './room-fanout.js';

export interface ReaderDeps {
  readonly socket: Socket;
  readonly dialect: Dialect;
  readonly room: Room<RoomFanout>;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly limits: Limits;
}

export class Reader implements LiveReader {
  readonly dialect: Dialect;
  readonly #deps: ReaderDeps;
  readonly #topic: string;
  /** idle: asked for nothing yet. sending: the queue, then the log from the offset on. live: gets what is published. */
  #state: 'idle' | 'sending' | 'live' | 'closed' = 'idle';
  #queue: Uint8Array[] = [];
  #offset = 0;
  /** How far the client knows who is here. */
  #presenceTurn: number;
  /** The client waits for the answer to a sync request. */
  #owesReply = false;
  /** For the next commit. */
  #isWaiting = false;
  /** A sync request that came while an answer was under way. */
  #nextRequest: StateVector | undefined;
  #progressAt = 0;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    this.dialect = deps.dialect;
    this.#topic = deps.room.fanout.topic(deps.dialect);
    // The client is told of everybody when its document is opened.
    this.#presenceTurn = deps.room.presence.turn;
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

  publish(topic: string, frame: Uint8Array): void {
    this.#deps.socket.publish(topic, frame);
  }

  /** The socket's buffer has been written out. */
  drained(): void {
    this.#progressAt = this.#deps.clock.monotonic();
    if (this.#state === 'sending') this.#pump();
  }

  checkLag(): void {
    if (this.#state === 'live' && this.#deps.socket.bufferedBytes > this.#deps.limits.softBufferedBytes)
      this.fallBack();
  }

  fallBack(): void {
    if (this.#state !== 'live') return;
    this.#leaveLive();
    this.#begin([], this.#deps.room.relayedOffset);
    // Not at once: what is being published is in nobody's log position yet.
    this.#deps.clock.soon(() => this.#pump());
  }

  /** Throws SyncError SLOW_CONSUMER when the client has taken nothing for too long. */
  checkProgress(): void {
    const { socket, clock, limits } = this.#deps;
    const isStalled = this.#state === 'sending' && socket.bufferedBytes > 0;
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
    this.#deps.socket.cork(() => {
      while (this.#state === 'sending' && !this.#isWaiting && this.#hasRoom()) this.#step();
    });
  }

  #step(): void {
    const { room } = this.#deps;
    if (this.#queue.length > 0 || this.#owesReply) return this.#sendNext();
    const next = this.#nextRequest;
    if (next !== undefined) {
      this.#nextRequest = undefined;
      return this.#answer(next);
    }
    const { updates, offset } = room.since(this.#offset);
    this.#queue = updates;
    this.#offset = offset;
    if (updates.length > 0) return;
    if (room.relayedOffset > offset) this.#catchUpWithLive();
    else this.#goLive();
  }

  /** What others were given and is not durable yet would be missed otherwise. */
  #catchUpWithLive(): void {
    const { room, writer } = this.#deps;
    const updates = room.relayedSince(this.#offset, writer);
    if (updates === undefined) return this.#waitForCommit();
    this.#queue = updates;
    this.#offset = room.relayedOffset;
  }

  #waitForCommit(): void {
    this.#isWaiting = true;
    const settled = this.#deps.room.settled() ?? Promise.resolve();
    void settled.then(() => {
      this.#isWaiting = false;
      this.#pump();
    });
  }

  /** A part at a time: the buffer of a socket is not given back until it closes. */
  #hasRoom(): boolean {
    return this.#deps.socket.bufferedBytes < this.#deps.limits.softBufferedBytes;
  }

  #sendNext(): void {
    const { socket, dialect } = this.#deps;
    const update = this.#queue.shift() ?? emptyUpdate;
    const isLast = this.#owesReply && this.#queue.length === 0;
    if (isLast) this.#owesReply = false;
    socket.send(isLast ? dialect.encodeSyncReply(update) : dialect.encodeUpdate(update));
  }

  #answer(stateVector: StateVector): void {
    this.#begin(this.#deps.room.missing(stateVector), this.#deps.room.head);
    this.#owesReply = true;
  }

  #goLive(): void {
    const { socket, dialect, room, writer } = this.#deps;
    const presence = room.presence.encodeSince(this.#presenceTurn, writer);
    if (presence !== undefined) socket.send(dialect.encodeAwareness(presence));
    this.#state = 'live';
    socket.subscribe(this.#topic);
    room.fanout.add(writer, this);
  }

  #leaveLive(): void {
    if (this.#state !== 'live') return;
    const { socket, room, writer } = this.#deps;
    socket.unsubscribe(this.#topic);
    room.fanout.remove(writer);
    this.#presenceTurn = room.presence.toldTurn;
    this.#state = 'idle';
  }
}
