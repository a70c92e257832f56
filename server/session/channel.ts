// One document opened on one session: what its client says about it, and what it is told. Handlers throw a SyncError to
// end it; only the session closes.

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Ack, Known } from '../../shared/native/fields.js';
import type { Access } from '../../shared/permission.js';
import { decodeStateVector, type StateVector } from '../crdt/state-vector.js';
import type { Dialect, DocumentEncoder } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Acceptance, Room } from '../room/room.js';
import type { Receipt, Writer } from '../room/writer.js';
import type { Socket } from '../transport/transport.js';
import { HeldUpdates, type Offered } from './held-updates.js';
import { Reader, type ReaderDeps } from './reader.js';
import type { RoomFanout } from './room-fanout.js';
import { Sequence } from './sequence.js';
import { TokenBucket } from './token-bucket.js';

/** What all channels of a server share. */
export type ChannelDeps = ReaderDeps;

/** What a channel is opened on. */
export interface Connection {
  readonly socket: Socket;
  /** Token and rights, checked again (A1). Rejects with SyncError. */
  check(): Promise<Access>;
  /** Ends the channel, for what goes wrong outside of a message. */
  refuse(error: SyncError): void;
}

/** What a channel is about. */
export interface Opened {
  readonly dialect: Dialect;
  readonly room: Room<RoomFanout>;
  readonly connection: Connection;
  readonly sub: string | undefined;
  readonly access: Access;
}

/** A request costs the server more than the client: so many at once, then one per this time. */
const requestEveryMs = 100;
/** A client that goes on with what is refused is told again, but not for every keystroke. */
const refusalEveryMs = 10_000;
/** What a frame that waits takes beside its payload. */
const frameBytes = 16;

const nothing: StateVector = new Map();

/** A frame that is made when there is room for it, and about what it will take. */
interface Waiting {
  readonly encode: () => Uint8Array;
  readonly bytes: number;
}

export class Channel implements Writer {
  readonly room: Room<RoomFanout>;
  readonly connection: Connection;
  readonly sub: string | undefined;
  /** Among all writers of the document since it was loaded. */
  readonly number: number;
  readonly #deps: ChannelDeps;
  readonly #reader: Reader;
  readonly #requests: TokenBucket;
  /** Where the client numbers its updates. */
  #sequence: Sequence | undefined;
  /** Made when it is needed: most clients are never short of anything. */
  #held: HeldUpdates | undefined;
  #refusedAt: number | undefined;
  /** Made when it is needed: most clients are never refused. */
  #presenceRefusals: TokenBucket | undefined;
  /** Frames the socket has had no room for, first what came first. */
  readonly #outbox: Waiting[] = [];
  #outboxBytes = 0;
  #access: Access;
  #isClosed = false;

  constructor(deps: ChannelDeps, { dialect, room, connection, sub, access }: Opened) {
    this.room = room;
    this.connection = connection;
    this.sub = sub;
    this.number = room.fanout.nextWriter();
    this.#deps = deps;
    this.#access = access;
    this.#reader = new Reader(deps, { dialect, room, socket: connection.socket, writer: this });
    this.#requests = new TokenBucket(deps.clock, deps.limits.maxSyncRequests, requestEveryMs);
  }

  get isLive(): boolean {
    return this.#reader.isLive;
  }

  get #encoder(): DocumentEncoder {
    return this.room.fanout.encoder(this.#reader.dialect);
  }

  /** Asks the client for what the server lacks, and tells it who is here. */
  greet(): void {
    this.#askForMissing();
    this.#sendPresence();
  }

  /**
   * Tells the client that the document is open, who is here, and what it lacks. `announce` is told whether that follows,
   * or a request is waited for, and what the server has where the client did not know an offset. Rejects with SyncError.
   */
  async begin(
    known: Known,
    announce: (isContentNext: boolean, stateVector: Uint8Array) => void,
  ): Promise<void> {
    const { room } = this;
    const has =
      known.kind === 'state-vector' ? decodeStateVector(known.stateVector, this.#deps.limits) : nothing;
    await room.settledFor(this);
    const missed = known.kind === 'offset' ? await room.resume(known.epoch, known.offset) : undefined;
    if (this.#isClosed) return;
    if (missed !== undefined) announce(true, new Uint8Array(0));
    else announce(known.kind !== 'offset', room.stateVector());
    this.#sendPresence();
    if (missed !== undefined) this.#reader.resume(missed);
    else if (known.kind !== 'offset') this.#reader.request(has);
  }

  /** The token has changed: its rights count from now on. Never rejects. */
  async renew(): Promise<void> {
    try {
      this.#access = await this.connection.check();
    } catch (error) {
      this.connection.refuse(toSyncError(error));
    }
  }

  /** Throws or rejects with SyncError. A promise means: nothing more of this channel until it settles. */
  handle(message: ClientMessage): void | Promise<void> {
    switch (message.type) {
      case 'sync-request':
        return this.#sync(message.stateVector);
      case 'offer':
        return this.#receive(message.update, false, message.seq);
      case 'update':
        return this.#receive(message.update, true, message.seq);
      case 'awareness':
        return this.#announce(message.update);
      case 'awareness-query':
        return this.#tellPresence();
      case 'sync':
        return this.#confirm();
    }
  }

  /** Updates are safe; stock clients see that by hearing them again. */
  acknowledged(receipts: readonly Receipt[]): void {
    if (this.#isClosed) return;
    const seqs: number[] = [];
    for (const receipt of receipts) {
      if (typeof receipt === 'number') seqs.push(receipt);
      else this.#queue(() => this.#encoder.part(receipt), receipt.length);
    }
    const seq = this.#sequence?.settle(seqs);
    if (seq !== undefined) this.#queue(() => this.#encoder.acknowledgement(seq, this.#reader.cursor), 0);
    this.#flush();
    // O2: a client that writes and writes, and never reads what became of it.
    if (this.#outboxBytes > this.#deps.limits.maxWaitingBytes)
      this.connection.refuse(new SyncError('SLOW_CONSUMER'));
  }

  settle(seqs: readonly number[]): Ack | undefined {
    const seq = this.#sequence?.settle(seqs);
    return seq === undefined ? undefined : { writer: this.number, seq };
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

  async #confirm(): Promise<void> {
    if (!this.#requests.take()) throw new SyncError('RATE_LIMITED', 'too many sync requests');
    this.#access = await this.connection.check();
    await this.room.settled();
    if (!this.#isClosed) this.#reader.confirm();
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

  /** `seq`: the update's number, where the dialect has them. */
  #receive(view: Uint8Array, isLive: boolean, seq?: number): void | Promise<void> {
    if (seq !== undefined && !(this.#sequence ??= new Sequence()).take(seq))
      throw new SyncError('FRAME_MALFORMED', 'updates are numbered one after the other');
    if (this.#access !== 'write') return this.#refuseWrite(view, seq ?? 0);
    const offered = { update: view.slice(), isLive, seq: seq ?? 0 };
    const acceptance = this.#accept(offered);
    if (acceptance instanceof Promise)
      return acceptance.then((later) => this.#afterReceiving(offered, later));
    return this.#afterReceiving(offered, acceptance);
  }

  /** Where updates have numbers, one that is refused for good is answered by its number, and the channel goes on. */
  #accept({ update, isLive, seq }: Offered): Acceptance | Promise<Acceptance> {
    if (seq === 0) return this.room.accept(update, this, isLive);
    const refused = (error: unknown): Acceptance => this.#refuse(seq, toSyncError(error));
    try {
      const acceptance = this.room.accept(update, this, isLive, seq);
      return acceptance instanceof Promise ? acceptance.catch(refused) : acceptance;
    } catch (error) {
      return refused(error);
    }
  }

  #refuse(seq: number, error: SyncError): Acceptance {
    if (error.retry === 'backoff') throw error;
    this.#send(() => this.#encoder.refusal(seq, error));
    this.acknowledged([seq]);
    return { outcome: 'known', isIncomplete: false, isForeign: false };
  }

  #afterReceiving(offered: Offered, acceptance: Acceptance): void | Promise<void> {
    if (this.#isClosed) return;
    if (acceptance.isIncomplete || acceptance.isForeign) this.#hold(offered, acceptance.isForeign);
    else if (!offered.isLive && this.#held?.isEmpty === false) return this.#held.retry();
  }

  /** Its dependencies may be on their way, or be asked for. */
  #hold(offered: Offered, isForeign: boolean): void {
    const { clock, limits } = this.#deps;
    this.#held ??= new HeldUpdates({
      clock,
      limits,
      offer: (held) => this.#accept(held),
      giveUp: (error) => this.connection.refuse(error),
    });
    const isFirst = this.#held.isEmpty;
    this.#held.hold(offered, isForeign);
    if (isFirst) this.#askForMissing();
  }

  /** A4: a reader's update is refused visibly, unless it brings nothing new, as after every reconnect. */
  #refuseWrite(update: Uint8Array, seq: number): void {
    if (this.room.knows(update)) return seq > 0 ? this.acknowledged([seq]) : undefined;
    const error = new SyncError('READ_ONLY', 'you may read this document, not change it');
    if (seq > 0) return void this.#refuse(seq, error);
    const now = this.#deps.clock.monotonic();
    if (this.#refusedAt !== undefined && now - this.#refusedAt < refusalEveryMs) return;
    this.#refusedAt = now;
    this.#send(() => this.#encoder.refusal(0, error));
  }

  /** P4: what is refused of awareness is told, but not for every move of a cursor. */
  #announce(update: Uint8Array): void {
    const refusal = this.room.announce(this, update);
    if (refusal === undefined) return;
    this.#presenceRefusals ??= new TokenBucket(this.#deps.clock, 1, refusalEveryMs);
    if (this.#presenceRefusals.take()) this.#send(() => this.#encoder.refusal(0, refusal));
  }

  #tellPresence(): void {
    if (!this.#requests.take()) throw new SyncError('RATE_LIMITED', 'too many awareness queries');
    this.#sendPresence();
  }

  #sendPresence(): void {
    for (const part of this.room.presence?.encodeAll(this) ?? [])
      this.#send(() => this.#encoder.awareness(part));
  }

  #askForMissing(): void {
    this.#send(() => this.#encoder.request(this.room.stateVector()));
  }
}
