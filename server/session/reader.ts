// Brings one document to one socket: what the client lacks first, in parts as fast as the client takes them, then the live
// stream. A reader that lags leaves the live stream and is caught up from the log: no reader is skipped (C4). The states are
// in reader-state.ts.

import type { Clock } from '../../shared/clock.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { emptyUpdate, type StateVector } from '../crdt/state-vector.js';
import type { Dialect, DocumentEncoder } from '../dialect/dialect.js';
import type { Missed } from '../room/catch-up.js';
import type { Room } from '../room/room.js';
import type { Writer } from '../room/writer.js';
import type { Socket } from '../transport/transport.js';
import type { FrameCache } from './frame-cache.js';
import { readerTable, type ReaderEffect, type ReaderEvent, type ReaderState } from './reader-state.js';
import type { LiveReader, RoomFanout } from './room-fanout.js';

/** What all readers of a server share. */
export interface ReaderDeps {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly frames: FrameCache;
}

/** Whoever makes requests of a reader. */
export interface Asker {
  /** A request that came while another one was answered is to be made again, as soon as it may be answered. */
  askAgain(stateVector: StateVector): void;
}

/** A frame that is being deflated, or was. */
interface Making {
  readonly update: Uint8Array;
  frame: Uint8Array | undefined;
}

export class Reader implements LiveReader {
  readonly dialect: Dialect;
  readonly socket: Socket;
  readonly #deps: ReaderDeps;
  readonly #room: Room<RoomFanout>;
  readonly #writer: Writer & Asker;
  readonly #inflates: boolean;
  #state: ReaderState = 'new';
  /** Parts that are sent before the log is read on from the offset; those before `#sent` have been sent. */
  #queue: readonly Uint8Array[] = [];
  #sent = 0;
  /** The frame of the part to be sent next, where that one is deflated: nothing is sent before it is there. */
  #making: Making | undefined;
  #offset = 0;
  /** Changes of presence up to this turn have been told to the client. */
  #presenceTurn = 0;
  /** The request that is answered next. */
  #request: StateVector = new Map();
  /** Whether that request waits for the end of an answer. */
  #isRequestKept = false;
  /** The client has everything up to this offset, and all of it is durable. While the reader is live, the room knows. */
  #cursor = 0;
  /** The client is told once it has everything that is durable. */
  #owesSynced = false;
  /** What the reader waits for; another object each time, so that an event that comes too late is told by it. */
  #waitingFor: object | undefined;
  /** Monotonic time at which the client last took something, or had nothing to take. */
  #progressAt = 0;

  /** `inflates`: the client takes deflated frames. */
  constructor(
    deps: ReaderDeps,
    of: {
      dialect: Dialect;
      room: Room<RoomFanout>;
      socket: Socket;
      writer: Writer & Asker;
      inflates: boolean;
    },
  ) {
    this.dialect = of.dialect;
    this.socket = of.socket;
    this.#deps = deps;
    this.#room = of.room;
    this.#writer = of.writer;
    this.#inflates = of.inflates;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  /** The client has everything up to this offset, and all of it is durable. */
  get cursor(): number {
    return this.isLive ? this.#room.progress.cursor : this.#cursor;
  }

  /** The client has been told who is here. */
  told(): void {
    this.#presenceTurn = this.#room.presence?.turn ?? 0;
  }

  /** The client, which has been told who is here, has not asked for the document: it hears of presence until it does. */
  watch(): void {
    this.#step('greeted');
  }

  /** The client has this and wants the rest. */
  request(stateVector: StateVector): void {
    this.#request = stateVector;
    this.#step('asked');
    this.#pump();
  }

  /** The client knows where it was: this is the first of what it has missed since. */
  resume({ updates, offset }: Missed): void {
    this.#owesSynced = true;
    this.#send(updates, offset);
    this.#step('resumed');
    this.#pump();
  }

  /** Tells the client when it has everything that is durable now. */
  confirm(): void {
    if (this.isLive) this.#tellSynced();
    else this.#owesSynced = true;
  }

  /** The socket's buffer has been written out. */
  drained(): void {
    this.#progressAt = this.#deps.clock.monotonic();
    this.#pump();
  }

  checkLag(): void {
    if (this.isLive && this.socket.bufferedBytes > this.#deps.limits.softBufferedBytes) this.fallBack();
  }

  fallBack(): void {
    if (!this.isLive) return;
    this.#step('lagged');
    // Not at once: what is being published has no place in the log that readers know yet.
    this.#deps.clock.soon(() => this.#guard(() => this.#pump()));
  }

  /** Throws SyncError SLOW_CONSUMER when the client has taken nothing for too long. */
  checkProgress(): void {
    const { clock, limits } = this.#deps;
    const isStalled = this.#isSending && this.socket.bufferedBytes > 0;
    if (!isStalled) this.#progressAt = clock.monotonic();
    else if (clock.monotonic() - this.#progressAt > limits.maxStalledMs) throw new SyncError('SLOW_CONSUMER');
  }

  close(): void {
    this.#step('closed');
    this.#queue = [];
    this.#making = undefined;
  }

  get #isSending(): boolean {
    return this.#state === 'answering' || this.#state === 'catching-up';
  }

  #step(event: ReaderEvent): void {
    const { state, effects } = readerTable[this.#state][event];
    if (this.#state === 'waiting' && state !== 'waiting') this.#waitingFor = undefined;
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ReaderEffect): void {
    switch (effect) {
      case 'join-watchers':
        return this.#room.fanout.addWatcher(this.#writer, this);
      case 'leave-watchers':
        this.#presenceTurn = this.#room.presence?.toldTurn ?? 0;
        return this.#room.fanout.removeWatcher(this.#writer);
      case 'join-live':
        return this.#joinLive();
      case 'leave-live':
        return this.#leaveLive();
      case 'keep-request':
        this.#isRequestKept = true;
        return;
      case 'ask-again':
        return this.#askAgain();
      case 'begin-answer':
        return this.#send(this.#room.catchUp.missing(this.#request), this.#room.progress.head);
      case 'continue-from-log':
        return this.#send([], this.#room.progress.relayedOffset);
    }
  }

  /** These parts are sent next; then the log is read on from the offset. */
  #send(parts: readonly Uint8Array[], offset: number): void {
    this.#queue = parts;
    this.#sent = 0;
    this.#making = undefined;
    this.#offset = offset;
    this.#progressAt = this.#deps.clock.monotonic();
  }

  #pump(): void {
    if (!this.#isSending) return;
    this.socket.cork(() => {
      while (this.#isSending && this.#hasRoom() && !this.#isMaking) this.#sendOrRead();
    });
  }

  get #isMaking(): boolean {
    return this.#making !== undefined && this.#making.frame === undefined;
  }

  /** A part at a time: the memory of a socket's buffer is not given back until the socket closes. */
  #hasRoom(): boolean {
    const { softBufferedBytes, maxBufferedBytes } = this.#deps.limits;
    return this.socket.isOpen && this.socket.bufferedBytes < Math.min(softBufferedBytes, maxBufferedBytes);
  }

  #sendOrRead(): void {
    if (this.#state === 'answering') return this.#sendAnswer();
    const part = this.#queue[this.#sent];
    if (part === undefined) return this.#readOn();
    if (this.#sendPart(this.#encoder.part, part)) this.#sent++;
  }

  /** The next part of the answer. Where the end is told by a message of its own, an empty last part says nothing. */
  #sendAnswer(): void {
    const update = this.#queue[this.#sent] ?? emptyUpdate;
    const { part, lastPart } = this.#encoder;
    const isLast = this.#sent + 1 >= this.#queue.length;
    const isSaid = !isLast || lastPart !== part || update !== emptyUpdate;
    if (isSaid && !this.#sendPart(isLast ? lastPart : part, update)) return;
    this.#sent++;
    if (!isLast) return;
    this.#cursor = Math.min(this.#offset, this.#room.progress.cursor);
    this.#tellSynced();
    this.#step('answered');
  }

  /** D1: the client may have written while the request waited, and the answer would show what is not durable yet. */
  #askAgain(): void {
    if (!this.#isRequestKept) return;
    this.#isRequestKept = false;
    this.#writer.askAgain(this.#request);
  }

  #readOn(): void {
    const missed = this.#room.catchUp.after(this.#offset);
    if (missed instanceof Promise) return this.#wait(missed);
    if (missed.updates.length > 0) return this.#send(missed.updates, missed.offset);
    this.#cursor = Math.max(this.#cursor, Math.min(this.#offset, this.#room.progress.cursor));
    if (this.#owesSynced) this.#tellSynced();
    if (this.#room.progress.relayedOffset > this.#offset) this.#catchUpWithLive();
    else this.#step('caught-up');
  }

  /** What live readers were given and is not durable yet would be missed otherwise. */
  #catchUpWithLive(): void {
    const updates = this.#room.progress.relayedSince(this.#offset, this.#writer);
    if (updates === undefined) return this.#wait(this.#room.progress.settled() ?? Promise.resolve());
    this.#send(updates, this.#room.progress.relayedOffset);
  }

  /** Sends nothing until then; goes on with what was read, if anything was. */
  #wait(event: Promise<Missed | void>): void {
    this.#step('stuck');
    const waitingFor = {};
    this.#waitingFor = waitingFor;
    const goOn = (missed: Missed | void): void => {
      if (this.#waitingFor !== waitingFor) return;
      this.#step('unstuck');
      if (missed !== undefined) this.#send(missed.updates, missed.offset);
      this.#pump();
    };
    event.then(
      (missed) => this.#guard(() => goOn(missed)),
      (error: unknown) => {
        if (this.#waitingFor === waitingFor) this.#writer.ended(toSyncError(error));
      },
    );
  }

  /** For what is done outside of a message: an error ends the document for this client, and nobody else. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#writer.ended(toSyncError(error));
    }
  }

  /** False when the frame is being deflated: then the part is sent when it is there. */
  #sendPart(encode: (update: Uint8Array) => Uint8Array, update: Uint8Array): boolean {
    const frame = this.#frameOf(encode, update);
    this.#making = undefined;
    if (frame instanceof Promise) this.#make(update, frame);
    else this.socket.send(frame);
    return this.#making === undefined;
  }

  #frameOf(encode: (update: Uint8Array) => Uint8Array, update: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (this.#making?.update === update && this.#making.frame !== undefined) return this.#making.frame;
    const { frames } = this.#deps;
    return this.#inflates ? frames.deflatedFrame(encode, update) : frames.frame(encode, update);
  }

  #make(update: Uint8Array, frame: Promise<Uint8Array>): void {
    const making: Making = { update, frame: undefined };
    this.#making = making;
    frame.then(
      (made) => {
        // Meanwhile other parts may have taken the place of this one.
        if (this.#making !== making) return;
        making.frame = made;
        this.#guard(() => this.#pump());
      },
      (error: unknown) => {
        if (this.#making === making) this.#writer.ended(toSyncError(error));
      },
    );
  }

  #tellSynced(): void {
    this.#owesSynced = false;
    const frame = this.#encoder.synced(this.cursor);
    if (frame !== undefined) this.socket.send(frame);
  }

  get #encoder(): DocumentEncoder {
    return this.#room.fanout.encoder(this.dialect);
  }

  #joinLive(): void {
    const { fanout, presence } = this.#room;
    for (const unheard of presence?.encodeSince(this.#presenceTurn, this.#writer) ?? [])
      this.socket.send(this.#encoder.awareness(unheard));
    fanout.add(this.#writer, this);
  }

  #leaveLive(): void {
    const { fanout, presence } = this.#room;
    this.#cursor = this.#room.progress.cursor;
    fanout.remove(this.#writer);
    this.#presenceTurn = presence?.toldTurn ?? 0;
  }
}
