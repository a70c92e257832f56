// One document opened on one session: what its client says about it, and what it is told. Handlers throw a SyncError to
// end it; only the session closes.

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { Ack, Known } from '../../shared/native/fields.js';
import { maySend, type Access } from '../../shared/permission.js';
import { decodeStateVector, type StateVector } from '../crdt/state-vector.js';
import type { Dialect, DocumentEncoder } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Acceptance } from '../room/intake.js';
import type { Room } from '../room/room.js';
import type { Stamp } from '../room/stamped-state.js';
import { writeRefusal } from '../room/write-refusal.js';
import type { Receipt, Writer } from '../room/writer.js';
import type { Stay } from '../roster/stay.js';
import type { Socket } from '../transport/transport.js';
import type { ByteBudget } from './byte-budget.js';
import type { DocumentRight } from './document-right.js';
import { AwaitedIds } from './awaited-ids.js';
import { LoggedRefusals } from './logged-refusals.js';
import { HeldUpdates, type Lack, type Offered } from './held-updates.js';
import type { Latest, Outbox } from './outbox.js';
import { Reader, type Asker, type ReaderDeps } from './reader.js';
import type { RoomFanout } from './room-fanout.js';
import { Sequence } from './sequence.js';
import { TokenBucket } from './token-bucket.js';
import type { Refused, Who } from './who.js';

/** What all channels of a server share. */
export interface ChannelDeps extends ReaderDeps {
  readonly logger: Logger;
}

/** Whoever has a channel open: a session, or a document of one. */
export interface ChannelHost {
  readonly socket: Socket;
  /** For all that is told to the client, but for what it lacks of the document. */
  readonly outbox: Outbox;
  /** What the client may do, at the moment at which it is asked. */
  readonly right: DocumentRight;
  /** For updates whose dependencies are missing. */
  readonly held: ByteBudget;
  readonly who: Who;
  /** Ends the channel, for what goes wrong outside of a message. */
  refuse(error: SyncError): void;
}

/** What a channel is about. */
export interface Opened {
  readonly dialect: Dialect;
  readonly room: Room<RoomFanout>;
  readonly host: ChannelHost;
  readonly sub: string | undefined;
  /** As of a writer. */
  readonly device: string | undefined;
  /** The client takes deflated frames. Default false. */
  readonly inflates?: boolean;
  /** What `user` is in its awareness states (P11). Default: what the client says. */
  readonly stamp?: Stamp | undefined;
  /** Is told when the user does something. Default: nobody is. */
  readonly stay?: Stay | undefined;
}

/** A request costs the server more than the client: so many at once, then one per this time. */
const requestEveryMs = 100;
/** A client that goes on with what is refused is told again, but not for every keystroke. */
const refusalEveryMs = 10_000;
const nothing: StateVector = new Map();

/** To somebody for whom the update is done, though it was not taken. */
const done: Acceptance = {
  outcome: 'known',
  isIncomplete: false,
  isForeign: false,
  isOwned: false,
  isLeftOut: false,
};

export class Channel implements Writer, Asker, Latest {
  readonly room: Room<RoomFanout>;
  readonly sub: string | undefined;
  readonly device: string | undefined;
  /** Among all writers of the document since it was loaded. */
  readonly number: number;
  readonly #deps: ChannelDeps;
  readonly #host: ChannelHost;
  readonly #reader: Reader;
  readonly #stay: Stay | undefined;
  #stamp: Stamp | undefined;
  /** Made with the first request: a client that resumes makes none. */
  #requests: TokenBucket | undefined;
  /** Where the client numbers its updates. */
  #sequence: Sequence | undefined;
  /** Made when it is needed: most clients are never short of anything. */
  #held: HeldUpdates | undefined;
  /** The same: for what nobody could bring in time. */
  #awaited: AwaitedIds | undefined;
  #refusedAt: number | undefined;
  /** Made when it is needed, too. */
  #loggedRefusals: LoggedRefusals | undefined;
  /** Made when it is needed: most clients are never refused. */
  #presenceRefusals: TokenBucket | undefined;
  #isClosed = false;

  constructor(
    deps: ChannelDeps,
    { dialect, room, host, sub, device, stamp, stay, inflates = false }: Opened,
  ) {
    this.room = room;
    this.#stamp = stamp;
    this.#stay = stay;
    this.#host = host;
    this.sub = sub;
    this.device = device;
    this.number = room.fanout.nextWriter();
    this.#deps = deps;
    this.#reader = new Reader(deps, { dialect, room, socket: host.socket, writer: this, inflates });
  }

  get isLive(): boolean {
    return this.#reader.isLive;
  }

  /** Documents that are open on one connection share its socket. */
  get connection(): object {
    return this.#host.socket;
  }

  /** A3: asked when an update is taken, which may be later than when it came. */
  get mayWrite(): boolean {
    return maySend(this.#host.right.access);
  }

  get isCommenter(): boolean {
    return this.#host.right.access === 'comment';
  }

  get stamp(): Stamp | undefined {
    return this.#stamp;
  }

  /** Another token says something else of the user: the others are told of its presence with that. */
  restamp(stamp: Stamp | undefined): void {
    this.#stamp = stamp;
    this.room.presence?.restamp(this);
  }

  get #encoder(): DocumentEncoder {
    return this.room.fanout.encoder(this.#reader.dialect);
  }

  /** Asks the client for what the server lacks, and tells it who is here. */
  greet(): void {
    this.#askForMissing();
    this.#tellWhoIsHere();
    this.#reader.watch();
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
    if (known.kind === 'offset') room.checkEpoch(known.epoch);
    room.checkNotDeleted(has.keys());
    // D1: an answer shows the client its own updates, which it could take for acks before they are durable. Asked again
    // after each wait, as an update that was held may be taken while an earlier one is waited for.
    for (let pending = this.#pendingOwn(); pending !== undefined; pending = this.#pendingOwn()) await pending;
    const missed =
      known.kind === 'offset' && known.epoch === room.epoch
        ? await room.catchUp.resume(known.offset)
        : undefined;
    if (this.#isClosed) return;
    // For a small document one write to the socket instead of three.
    this.#host.socket.cork(() => {
      if (missed !== undefined) announce(true, new Uint8Array(0));
      else announce(known.kind !== 'offset', room.content.stateVector());
      this.#tellWhoIsHere();
      if (missed !== undefined) this.#reader.resume(missed);
      else if (known.kind !== 'offset') this.#reader.request(has);
      else this.#reader.watch();
    });
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

  /** What the client may do has changed. An upload that was refused is asked for, where updates have no numbers. */
  accessChanged(access: Access): void {
    this.#refusedAt = undefined;
    if (maySend(access)) this.#askForMissing();
  }

  /** Updates are safe; stock clients see that by hearing them again. */
  acknowledged(receipts: readonly Receipt[]): void {
    if (this.#isClosed) return;
    const [first] = receipts;
    if (typeof first === 'number') this.#settle(receipts as readonly number[]);
    else if (receipts.length === 1) this.#echo(receipts);
    // A cork saves system calls only where there are several frames.
    else this.#host.socket.cork(() => this.#echo(receipts));
    this.#reader.checkLag();
  }

  encodeLatest(): Uint8Array {
    return this.#encoder.acknowledgement(this.#sequence?.settled ?? 0, this.#reader.cursor);
  }

  askAgain(stateVector: StateVector): void {
    this.#answerWhenDurable(stateVector).catch((error: unknown) => this.#host.refuse(toSyncError(error)));
  }

  /** The room has ended, and with it the channel. */
  ended(error: SyncError): void {
    this.#host.refuse(error);
  }

  ackOf(seqs: readonly number[]): Ack | undefined {
    const seq = this.#sequence?.settle(seqs);
    if (seq === undefined) return undefined;
    if (this.#host.outbox.waitingBytes === 0) return { writer: this.number, seq };
    // N9: a published frame goes past what waits in the outbox, such as the refusal of an update that this covers.
    this.#host.outbox.sendLatest(this);
    return undefined;
  }

  /** The socket has taken something, and the outbox has sent what waited. */
  drained(): void {
    this.#reader.checkLag();
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
    this.#awaited?.close();
    this.#host.outbox.forget(this);
    this.room.leave(this);
  }

  #sync(stateVector: Uint8Array): Promise<void> {
    this.#countRequest('sync requests');
    const wanted = decodeStateVector(stateVector, this.#deps.limits);
    this.room.checkNotDeleted(wanted.keys());
    return this.#answer(wanted);
  }

  #countRequest(what: string): void {
    const { clock, limits } = this.#deps;
    this.#requests ??= new TokenBucket(clock, limits.maxSyncRequests, requestEveryMs);
    if (!this.#requests.take()) throw new SyncError('RATE_LIMITED', `too many ${what}`);
  }

  async #answer(wanted: StateVector): Promise<void> {
    await this.#host.right.check();
    await this.#answerWhenDurable(wanted);
  }

  /** The answer is made in the same turn in which nothing is pending any more: in the next one, something may be again. */
  async #answerWhenDurable(wanted: StateVector): Promise<void> {
    if (!this.#isClosed) this.room.asked(this, wanted);
    for (let pending = this.#pendingOwn(); pending !== undefined; pending = this.#pendingOwn()) await pending;
    if (!this.#isClosed) this.#reader.request(wanted);
  }

  async #confirm(): Promise<void> {
    this.#countRequest('sync requests');
    await this.#host.right.check();
    if (!this.#isClosed) await this.room.progress.settled();
    if (!this.#isClosed) this.#reader.confirm();
  }

  #pendingOwn(): Promise<void> | undefined {
    return this.#isClosed ? undefined : this.room.progress.ownDurable(this);
  }

  /** Of a document that was closed, whose number may stand for the next one by now, nothing is said. */
  #send(frame: Uint8Array): void {
    if (this.#isClosed) return;
    this.#host.outbox.send(frame);
    this.#reader.checkLag();
  }

  #settle(seqs: readonly number[]): void {
    if (this.#sequence?.settle(seqs) !== undefined) this.#host.outbox.sendLatest(this);
  }

  #echo(updates: readonly Receipt[]): void {
    for (const update of updates)
      if (typeof update !== 'number') this.#host.outbox.send(this.#encoder.part(update));
  }

  /** `seq`: the update's number, where the dialect has them. */
  #receive(view: Uint8Array, isEdit: boolean, seq?: number): void | Promise<void> {
    if (seq !== undefined && !(this.#sequence ??= new Sequence()).take(seq))
      throw new SyncError('FRAME_MALFORMED', 'updates are numbered one after the other');
    if (!this.mayWrite) return void this.#refuseWrite(view, seq ?? 0);
    if (isEdit) this.#stay?.act();
    const offered = { update: view.slice(), isEdit, seq: seq ?? 0 };
    const acceptance = this.#offer(offered);
    if (acceptance instanceof Promise)
      return acceptance.then((later) => this.#afterReceiving(offered, later));
    return this.#afterReceiving(offered, acceptance);
  }

  /** Offers an update to the room, if the client may write. */
  #offer({ update, isEdit, seq }: Offered): Acceptance | Promise<Acceptance> {
    if (!this.mayWrite) return this.#refuseWrite(update, seq);
    const refused = (error: unknown): Acceptance => this.#notTaken(update, seq, toSyncError(error));
    try {
      const acceptance = this.room.accept(update, this, isEdit, seq > 0 ? seq : undefined);
      return acceptance instanceof Promise ? acceptance.catch(refused) : acceptance;
    } catch (error) {
      return refused(error);
    }
  }

  /** Where updates have numbers, one that is refused for good is answered by its number, and the channel goes on. */
  #notTaken(update: Uint8Array, seq: number, error: SyncError): Acceptance {
    if (error.code === 'COMMENT_ONLY') return this.#tellRefusal(seq, error);
    // The right to write was lost while the update was looked at.
    if (error.code === 'READ_ONLY') return this.#refuseWrite(update, seq);
    if (seq === 0 || error.code === 'DOCUMENT_DELETED') throw error;
    return this.#refuse(seq, error);
  }

  #refuse(seq: number, error: SyncError): Acceptance {
    if (error.retry === 'backoff') throw error;
    this.#logRefusal(error, 'update');
    this.#send(this.#encoder.refusal(seq, error));
    this.acknowledged([seq]);
    return done;
  }

  #logRefusal(error: SyncError, what: Refused): void {
    this.#loggedRefusals ??= new LoggedRefusals(this.#deps);
    this.#loggedRefusals.add(error, this.#host.who, what);
  }

  #afterReceiving(offered: Offered, acceptance: Acceptance): void | Promise<void> {
    if (this.#isClosed) return;
    if (acceptance.isLeftOut) this.#tellRefusal(offered.seq, writeRefusal('comment'));
    if (acceptance.isIncomplete || acceptance.isForeign) this.#hold(offered, acceptance);
    else if (!offered.isEdit && this.#held?.isEmpty === false) return this.#held.retry();
  }

  /** Its dependencies may be on their way, or be asked for. */
  #hold(offered: Offered, lack: Lack): void {
    if (!lack.isForeign && this.#awaited?.isWaiting === true) return this.#await([offered.update]);
    const { clock, limits } = this.#deps;
    this.#held ??= new HeldUpdates({
      clock,
      limits,
      budget: this.#host.held,
      offer: (held) => this.#offer(held),
      giveUp: (error, left) => this.#giveUp(error, left),
    });
    const isFirst = this.#held.isEmpty;
    this.#held.hold(offered, lack);
    if (isFirst && !this.#isClosed) this.#askForMissing();
  }

  /**
   * C9: nobody has what the updates depend on. A client of our own numbers its updates, and is told which one is not taken
   * by the end of the document. To a stock client an end would say nothing: it would come back with the same.
   */
  #giveUp(error: SyncError, left: readonly Uint8Array[]): void {
    if (error.code !== 'UPDATE_INCOMPLETE' || this.#sequence !== undefined) return this.#host.refuse(error);
    this.#logRefusal(error, 'update');
    this.#send(this.#encoder.refusal(0, error));
    this.#await(left);
  }

  /** The client is asked again when the document has one of the ids that its updates wait for. */
  #await(updates: readonly Uint8Array[]): void {
    const { room } = this;
    this.#awaited ??= new AwaitedIds({
      clock: this.#deps.clock,
      has: ({ client, clock }) => room.content.clockOf(client) > clock,
      ask: () => {
        if (this.mayWrite) this.#askForMissing();
      },
    });
    try {
      for (const update of updates) this.#awaited.wait(room.content.awaitedBy(update));
    } catch (error) {
      this.#host.refuse(toSyncError(error));
    }
  }

  /** A4: a reader's update is refused visibly, unless it brings nothing new, as after every reconnect. */
  #refuseWrite(update: Uint8Array, seq: number): Acceptance {
    if (this.room.content.knows(update)) {
      if (seq > 0) this.#acknowledgeDurable(seq);
      return done;
    }
    return this.#tellRefusal(seq, writeRefusal('read'));
  }

  /** Of what the client may not write. Where updates have no numbers, it is told at most once in ten seconds. */
  #tellRefusal(seq: number, error: SyncError): Acceptance {
    if (seq > 0) return this.#refuse(seq, error);
    this.#logRefusal(error, 'update');
    const now = this.#deps.clock.monotonic();
    if (this.#refusedAt !== undefined && now - this.#refusedAt < refusalEveryMs) return done;
    this.#refusedAt = now;
    this.#send(this.#encoder.refusal(0, error));
    return done;
  }

  /** P4: what is refused of awareness is told, but not for every move of a cursor. */
  #announce(update: Uint8Array): void {
    const { refusal, hasChanged } = this.room.announce(this, update);
    if (hasChanged) this.#stay?.act();
    if (refusal === undefined) return;
    this.#logRefusal(refusal, 'awareness update');
    this.#presenceRefusals ??= new TokenBucket(this.#deps.clock, 1, refusalEveryMs);
    if (this.#presenceRefusals.take()) this.#send(this.#encoder.refusal(0, refusal));
  }

  /** D1: what the room knows may not be in the store yet. A room that ends tells its members so itself. */
  #acknowledgeDurable(seq: number): void {
    const settled = this.room.progress.settled();
    if (settled === undefined) return this.acknowledged([seq]);
    settled
      .then(
        () => this.acknowledged([seq]),
        () => undefined,
      )
      .catch((error: unknown) => this.#host.refuse(toSyncError(error)));
  }

  #tellPresence(): void {
    this.#countRequest('awareness queries');
    this.#sendPresence(this.room.presence?.encodeAll(this) ?? []);
  }

  #tellWhoIsHere(): void {
    this.#sendPresence(this.room.greet(this));
    this.#reader.told();
  }

  #sendPresence(parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#send(this.#encoder.awareness(part));
  }

  #askForMissing(): void {
    this.#send(this.#encoder.request(this.room.content.stateVector()));
  }
}
