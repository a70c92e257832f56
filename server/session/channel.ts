// One document opened on one session: what its client says about it, and what it is told. Handlers throw a SyncError to
// end the connection; only the session closes.

import { SyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';
import { decodeStateVector, type StateVector } from '../crdt/state-vector.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Acceptance, Room } from '../room/room.js';
import type { Writer } from '../room/writer.js';
import type { Socket } from '../transport/transport.js';
import { HeldUpdates } from './held-updates.js';
import { Reader, type ReaderDeps } from './reader.js';
import type { RoomFanout } from './room-fanout.js';
import { TokenBucket } from './token-bucket.js';

/** What all channels of a server share. */
export type ChannelDeps = ReaderDeps;

/** What a channel is opened on. */
export interface Connection {
  readonly socket: Socket;
  /** Token and rights, checked again (A1). Rejects with SyncError. */
  check(): Promise<Access>;
  /** Ends the connection, for what goes wrong outside of a message. */
  refuse(error: SyncError): void;
}

/** A request costs the server more than the client: so many at once, then one per this time. */
const requestEveryMs = 100;
/** A client that goes on writing without the right to is told again, but not for every keystroke. */
const refusalEveryMs = 10_000;
/** What a frame that waits takes beside its payload. */
const frameBytes = 16;

/** A frame that is made when there is room for it, and about what it will take. */
interface Waiting {
  readonly encode: () => Uint8Array;
  readonly bytes: number;
}

export class Channel implements Writer {
  readonly room: Room<RoomFanout>;
  readonly connection: Connection;
  readonly sub: string | undefined;
  readonly #deps: ChannelDeps;
  readonly #reader: Reader;
  readonly #requests: TokenBucket;
  /** Made when it is needed: most clients are never short of anything. */
  #held: HeldUpdates | undefined;
  #refusedAt: number | undefined;
  /** Frames the socket has had no room for, first what came first. */
  readonly #outbox: Waiting[] = [];
  #outboxBytes = 0;
  #access: Access;
  #isClosed = false;

  constructor(
    deps: ChannelDeps,
    opened: { room: Room<RoomFanout>; connection: Connection; sub: string | undefined; access: Access },
  ) {
    this.room = opened.room;
    this.connection = opened.connection;
    this.sub = opened.sub;
    this.#deps = deps;
    this.#access = opened.access;
    this.#reader = new Reader(deps, { room: this.room, socket: this.connection.socket, writer: this });
    this.#requests = new TokenBucket(deps.clock, deps.limits.maxSyncRequests, requestEveryMs);
  }

  get isLive(): boolean {
    return this.#reader.isLive;
  }

  /** Asks the client for what the server lacks, and tells it who is here. */
  greet(): void {
    this.#askForMissing();
    this.#sendPresence();
  }

  /** Throws or rejects with SyncError. A promise means: nothing more of this connection until it settles. */
  handle(message: ClientMessage): void | Promise<void> {
    switch (message.type) {
      case 'sync-request':
        return this.#sync(message.stateVector);
      case 'sync-reply':
        return this.#receive(message.update, false);
      case 'update':
        return this.#receive(message.update, true);
      case 'awareness':
        return this.room.announce(this, message.update);
      case 'awareness-query':
        return this.#tellPresence();
    }
  }

  /** Updates are safe; stock clients see that by hearing them again. */
  acknowledged(updates: readonly Uint8Array[]): void {
    if (this.#isClosed) return;
    const { dialect, limits } = this.#deps;
    for (const update of updates) this.#queue(() => dialect.encodeUpdate(update), update.length);
    this.#flush();
    // O2: a client that writes and writes, and never reads what became of it.
    if (this.#outboxBytes > limits.maxWaitingBytes) this.connection.refuse(new SyncError('SLOW_CONSUMER'));
  }

  drained(): void {
    this.#flush();
    this.#reader.drained();
  }

  /** Throws SyncError when the client takes nothing. */
  checkProgress(): void {
    this.#reader.checkProgress();
  }

  close(): void {
    this.#isClosed = true;
    this.#reader.close();
    this.#held?.close();
    this.room.leave(this);
  }

  #sync(stateVector: Uint8Array): Promise<void> {
    if (!this.#requests.take()) throw new SyncError('RATE_LIMITED', 'too many sync requests');
    const wanted = decodeStateVector(stateVector, this.#deps.limits);
    return this.#answer(wanted);
  }

  /** D1: the answer would show the client its own deletions, which it could take for an ack before they are durable. */
  async #answer(wanted: StateVector): Promise<void> {
    this.#access = await this.connection.check();
    await this.room.settledFor(this);
    if (!this.#isClosed) this.#reader.request(wanted);
  }

  /**
   * Now, or when the buffer has shrunk: the client may be in the middle of something large, and one more frame might be
   * the one too many. `encode` makes the frame when its time has come.
   */
  #send(encode: () => Uint8Array): void {
    this.#queue(encode, 0);
    this.#flush();
  }

  #queue(encode: () => Uint8Array, payloadBytes: number): void {
    const bytes = payloadBytes + frameBytes;
    this.#outbox.push({ encode, bytes });
    this.#outboxBytes += bytes;
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    // A cork saves system calls only where there are several frames.
    if (this.#outbox.length === 1) this.#sendWaiting();
    else this.connection.socket.cork(() => this.#sendWaiting());
    this.#reader.checkLag();
  }

  #sendWaiting(): void {
    const { socket } = this.connection;
    const { limits } = this.#deps;
    let sent = 0;
    while (sent < this.#outbox.length && socket.bufferedBytes < limits.softBufferedBytes) {
      const next = this.#outbox[sent++];
      if (next === undefined) break;
      socket.send(next.encode());
      this.#outboxBytes -= next.bytes;
    }
    this.#outbox.splice(0, sent);
  }

  #receive(view: Uint8Array, isLive: boolean): void | Promise<void> {
    if (this.#access !== 'write') return this.#refuseWrite(view);
    const update = view.slice();
    const acceptance = this.room.accept(update, this, isLive);
    if (acceptance instanceof Promise)
      return acceptance.then((later) => this.#afterReceiving(update, isLive, later));
    return this.#afterReceiving(update, isLive, acceptance);
  }

  #afterReceiving(update: Uint8Array, isLive: boolean, acceptance: Acceptance): void | Promise<void> {
    if (this.#isClosed) return;
    if (acceptance.isIncomplete || acceptance.isForeign) this.#hold(update, isLive, acceptance.isForeign);
    else if (!isLive && this.#held?.isEmpty === false) return this.#held.retry();
  }

  /** Its dependencies may be on their way, or be asked for. */
  #hold(update: Uint8Array, isLive: boolean, isForeign: boolean): void {
    const { clock, limits } = this.#deps;
    this.#held ??= new HeldUpdates({
      clock,
      limits,
      offer: (held, wasLive) => this.room.accept(held, this, wasLive),
      giveUp: (error) => this.connection.refuse(error),
    });
    const isFirst = this.#held.isEmpty;
    this.#held.hold(update, isLive, isForeign);
    if (isFirst) this.#askForMissing();
  }

  /** A4: a reader's update is refused visibly, unless it brings nothing new, as after every reconnect. */
  #refuseWrite(update: Uint8Array): void {
    const { dialect, clock } = this.#deps;
    const now = clock.monotonic();
    if (this.room.knows(update)) return;
    if (this.#refusedAt !== undefined && now - this.#refusedAt < refusalEveryMs) return;
    this.#refusedAt = now;
    const { reason } = new SyncError('READ_ONLY', 'you may read this document, not change it');
    this.#send(() => dialect.encodeRefusal(reason));
  }

  #tellPresence(): void {
    if (!this.#requests.take()) throw new SyncError('RATE_LIMITED', 'too many awareness queries');
    this.#sendPresence();
  }

  #sendPresence(): void {
    const presence = this.room.presence?.encodeAll(this);
    if (presence !== undefined) this.#send(() => this.#deps.dialect.encodeAwareness(presence));
  }

  #askForMissing(): void {
    this.#send(() => this.#deps.dialect.encodeSyncRequest(this.room.stateVector()));
  }
}
