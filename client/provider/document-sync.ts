// Keeps one Y.Doc and the server's document the same over a connection that comes and goes. Owns what is not durable yet
// and where it can resume; knows nothing of storage, presence and pages.

import { GuardedObservable, guarded, throwLater } from '../platform/guarded.js';
import * as Y from 'yjs';
import type { Timer } from '../../shared/clock.js';
import { errorTable, SyncError, type Fault } from '../../shared/errors.js';
import type { Known } from '../../shared/native/fields.js';
import { yjsKind } from '../../shared/native/messages.js';
import type { Position } from '../../shared/native/position.js';
import type { Access } from '../../shared/permission.js';
import { Backoff } from '../connection/backoff.js';
import type { Attached, Connection, DocumentMessage } from '../connection/connection.js';
import type { Uploaded } from '../connection/uploads.js';
import { applyGuarded } from '../crdt/apply-parts.js';
import type { Ranges } from '../crdt/content-ids.js';
import { coverMissing } from './cover-missing.js';
import {
  errorOf,
  isOfContent,
  readOnly,
  reasonOf,
  reasonOfRefused,
  type DocumentReason,
} from './document-reason.js';
import type { DocumentEvents, DocumentPhase } from './document-events.js';
import type { DocumentSyncDeps } from './document-sync-deps.js';
import { HeardBeyond } from './heard-beyond.js';
import { OpenDocument } from './open-document.js';
import { Outbox } from './outbox.js';
import { RefusedContent, type LostContent } from './refused-content.js';
import { SyncWaiters } from './sync-waiters.js';

export class DocumentSync extends GuardedObservable<DocumentEvents> implements Attached {
  readonly name: string;
  readonly #deps: DocumentSyncDeps;
  readonly #outbox = new Outbox();
  readonly #backoff: Backoff;
  readonly #heardBeyond: HeardBeyond;
  readonly #onUpdate: (update: Uint8Array, origin: unknown, doc: Y.Doc, made: Y.Transaction) => void;
  /** What is blocked may have been refused by the token before this one, after `retry` was called for the new one. */
  readonly #onAuthenticated = (): void => this.retry();
  readonly #waiters = new SyncWaiters();
  #position: Position | undefined;
  /** The outbox holds all that the server may lack. */
  #isComplete: boolean;
  /** With the acknowledgement of what was found by comparing it does. */
  #isComparing = false;
  /** While the server does not take something, nothing that follows it is sent. It is asked again on the next connection. */
  readonly #refusedContent: RefusedContent;
  #phase: DocumentPhase = 'closed';
  #access: Access | undefined;
  #reason: DocumentReason | undefined;
  /** Why something that is here was not taken last. */
  #refusedFor: DocumentReason | undefined;
  #open: OpenDocument | undefined;
  #retry: Timer | undefined;
  #isAttached = false;
  #toldDurable = 0;

  constructor(deps: DocumentSyncDeps) {
    super();
    this.name = deps.name;
    this.#deps = deps;
    this.#backoff = new Backoff(deps.random);
    this.#refusedContent = new RefusedContent(deps.doc, () => deps.connection.limits);
    this.#position = deps.position;
    this.#isComplete = deps.position !== undefined || deps.doc.store.clients.size === 0;
    const { clock, random, position } = deps;
    // Whoever is refused something is told of it by an event.
    const ask = (): void => void this.synced().catch(() => {});
    this.#heardBeyond = new HeardBeyond({ clock, random, ask }, position?.heardIn);
    this.#onUpdate = (update, origin, _doc, made) => {
      if (origin !== this && deps.isEdit(origin)) {
        if (deps.tidying.has(made)) this.derive(update);
        else this.restore(update);
      }
      this.#goOnIfDeleted();
    };
    deps.doc.on('update', this.#onUpdate);
  }

  /** From here on it is open whenever the connection is. */
  start(): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    this.#deps.connection.on('authenticated', this.#onAuthenticated);
    this.#deps.connection.attach(this);
  }

  /** Until it is started again it is closed; edits are kept. */
  stop(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.#leave();
    this.#deps.connection.off('authenticated', this.#onAuthenticated);
    this.#deps.connection.detach(this);
  }

  /** From now on it is open on this connection, if it is started. */
  moveTo(connection: Connection): void {
    if (connection === this.#deps.connection) return;
    const wasStarted = this.#isAttached;
    this.stop();
    this.#deps.connection = connection;
    if (wasStarted) this.start();
  }

  get phase(): DocumentPhase {
    return this.#phase;
  }

  /** Undefined until the server has said. */
  get access(): Access | undefined {
    return this.#access;
  }

  /** Why it is blocked, or why something that is here was refused last. */
  get reason(): DocumentReason | undefined {
    return this.#reason ?? (this.refusedBytes > 0 ? this.#refusedFor : undefined);
  }

  /** Why something that is here does not get to the server as things are; undefined where nobody has said so. */
  get refusal(): DocumentReason | undefined {
    if (this.#phase === 'blocked') return this.#reason;
    if (this.#phase !== 'synced') return undefined;
    if (this.refusedBytes > 0) return this.#refusedFor;
    return this.#access !== 'write' && this.#outbox.brings ? readOnly : undefined;
  }

  /** Edits that are not known to be durable on the server. */
  get unsynced(): number {
    return this.#outbox.size;
  }

  /** Bytes that are not known to be durable on the server, also of what is only offered. 0 for what was refused. */
  get unsyncedBytes(): number {
    return this.#outbox.bytes;
  }

  /** Bytes that the server did not take, edits or not: they stay here as things are. */
  get refusedBytes(): number {
    return this.#outbox.refusedBytes;
  }

  /** What the server may lack is counted as unsynced, all of it. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get bytesOnWay(): number {
    return this.#outbox.bytesInFlight;
  }

  /** So many edits of the document, as one update, that were never acknowledged, as a copy remembers them. */
  restore(update: Uint8Array, edits = 1): void {
    this.#outbox.add(update, edits);
    this.emit('unsynced', [this.unsynced]);
    this.#send();
  }

  /** A change that Yjs has made of its own accord: it is sent where that is allowed, and never counted (K10). */
  derive(update: Uint8Array): void {
    this.#outbox.derive(update);
    this.#send();
  }

  /**
   * Resolves when everything here is durable on the server, and everything there is here. Rejects with SyncError when the
   * server does not take something that is here, or does not open the document; and when the document is let go of.
   */
  synced(): Promise<void> {
    const synced = this.#waiters.add();
    this.#askForSync();
    return synced;
  }

  announce(update: Uint8Array): void {
    if (this.#open === undefined) return;
    this.#deps.connection.say({ type: 'awareness', document: this.#open.number, update });
  }

  /** Asks again, where that was of no use before. */
  retry(): void {
    this.#refusedContent.retry();
    if (this.#phase !== 'blocked') return;
    this.#setPhase('closed');
    if (this.#isAttached && this.#deps.connection.state === 'open') this.connected();
  }

  /** The document may hold what the server lacks and nobody will send: that is found by looking. */
  compare(): void {
    this.#isComplete = false;
    if (this.#phase === 'syncing' || this.#phase === 'synced') this.#reopen();
  }

  override destroy(): void {
    this.#deps.doc.off('update', this.#onUpdate);
    // Whoever keeps what comes may have let go of the document already.
    this.#open?.forgetParts();
    this.stop();
    this.#waiters.end(new Error('the document was let go of'));
    super.destroy();
  }

  connected(): void {
    if (this.#phase !== 'closed' || this.#deps.mayOpen?.(this.#deps.connection.welcome) === false) return;
    const { run } = this.#heardBeyond;
    // What another run of the server has not made durable may be nowhere but here.
    if (run !== undefined && run !== this.#deps.connection.welcome?.run) this.#isComplete = false;
    this.#retry?.cancel();
    this.#setPhase('opening');
    this.#deps.connection.open(this);
  }

  disconnected(): void {
    const open = this.#open;
    if (open !== undefined) guarded(() => void this.#takeAnswer(open, false));
    this.#retry?.cancel();
    this.#outbox.reset();
    this.#isComparing = false;
    this.#backoff.ended(this.#deps.clock.monotonic());
    this.#heardBeyond.stop();
    // A server that shuts down makes all durable first.
    if (this.#deps.connection.reason?.code === 'DRAINING' && this.#heardBeyond.settled())
      this.#tellPosition();
    if (this.#deps.connection.state !== 'open') this.#refusedContent.retry();
    this.#open = undefined;
    this.#deps.connection.uploads.remove(this);
    this.#waiters.lost();
    if (this.#phase !== 'closed') this.#setPhase('closed');
  }

  /** Never throws: the other documents of the connection go on. */
  hear(message: DocumentMessage): void {
    try {
      this.#handle(message);
    } catch (error) {
      throwLater(error);
      this.#cannotApply(error);
    }
  }

  #handle(message: DocumentMessage): void {
    switch (message.type) {
      case 'opened':
        return this.#opened(message);
      case 'not-opened':
      case 'closed':
        return this.#closed(message);
      case 'update':
        this.#apply(message.update);
        // What comes with acknowledgements is durable with them.
        if (message.acks.length === 0) this.#heardLive();
        for (const { writer, seq } of message.acks)
          if (writer === this.#open?.writer) this.#acknowledged(seq);
        this.#move(message.cursor);
        // Somebody else has brought what a reader holds.
        if (this.refusal === readOnly && this.#outbox.isElsewhereWith(message.update)) this.compare();
        return;
      case 'ack':
        this.#acknowledged(message.seq);
        return this.#move(message.cursor);
      case 'synced':
        return this.#caughtUp(message.cursor);
      case 'awareness':
        return this.emit('awareness', [message.update]);
      case 'wanted':
        return this.#answer(message.stateVector);
      case 'access':
        return this.#setAccess(message.access);
      case 'refused':
        return this.#refused(message.seq, message);
    }
  }

  known(): Known {
    const { doc } = this.#deps;
    const position = this.#isComplete ? this.#position : undefined;
    if (position !== undefined) return { kind: 'offset', epoch: position.epoch, offset: position.offset };
    if (doc.store.clients.size === 0) return { kind: 'nothing' };
    return { kind: 'state-vector', stateVector: Y.encodeStateVector(doc) };
  }

  #opened(message: Extract<DocumentMessage, { type: 'opened' }>): void {
    const { document, epoch, access, isContentNext } = message;
    const { kind = yjsKind } = message.extensions ?? {};
    if (kind !== yjsKind) return this.#cannotRead(document, kind);
    this.#open = new OpenDocument(message);
    this.#reason = undefined;
    // Who may write learns of each edit by its acknowledgement whether the server has it.
    if (access !== 'write' && this.unsynced > 0) this.#isComplete = false;
    // Another epoch: the server was restored from a backup, say, and may lack what it has acknowledged.
    if (this.#position !== undefined && this.#position.epoch !== epoch) this.#isComplete = false;
    // The records up to where this client stood are merged, or gone: a store that was put back to an earlier state may lack
    // what it has acknowledged, and gives the same offsets to other updates.
    if (!isContentNext) [this.#position, this.#isComplete] = [undefined, false];
    // Who resumes is told nothing to compare with, and the need may have come after it was asked for.
    if (!this.#isComplete && isContentNext && message.stateVector.length === 0) return this.#reopen();
    this.#setPhase('syncing');
    this.#setAccess(access);
    if (isContentNext) return;
    const stateVector = Y.encodeStateVector(this.#deps.doc);
    this.#deps.connection.say({ type: 'request', document, stateVector });
  }

  /** It is of another kind than this client can read. */
  #cannotRead(document: number, kind: string): void {
    this.#deps.connection.say({ type: 'close', document });
    this.#closed(new SyncError('KIND_UNSUPPORTED', `the document is of kind ${kind}`).fault);
  }

  /** Asks for the document anew, later, and compares it: this client may lack something of what the server has sent. */
  #cannotApply(error: unknown): void {
    if (this.#open === undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#open.forgetParts();
    this.#askLater({ code: 'INTERNAL', close: errorTable.INTERNAL.close, reason });
  }

  #askLater(fault: Fault): void {
    if (this.#open === undefined) return;
    this.#deps.connection.say({ type: 'close', document: this.#open.number });
    this.#closed(fault);
  }

  /** The parts of an answer are applied together, when the last one is there. */
  #apply(update: Uint8Array): void {
    if (this.#phase === 'syncing' && this.#open !== undefined) this.#open.add(update);
    else applyGuarded(this.#deps.doc, () => Y.applyUpdate(this.#deps.doc, update, this), this);
  }

  #heardLive(): void {
    const { welcome } = this.#deps.connection;
    if (this.#phase !== 'synced' || welcome === undefined) return;
    if (this.#heardBeyond.heard(welcome.run)) this.#tellPosition();
  }

  #takeAnswer(open: OpenDocument, isWhole: boolean): readonly Uint8Array[] {
    const parts = open.apply(this.#deps.doc, this, isWhole);
    this.#reached(open.epoch, open.cursor);
    return parts;
  }

  #caughtUp(cursor: number): void {
    const open = this.#open;
    if (this.#phase === 'syncing' && open !== undefined) {
      const parts = this.#takeAnswer(open, true);
      // Somebody who heard of the change may have closed the document.
      if (this.#open !== open) return;
      this.#backoff.began(this.#deps.clock.monotonic());
      this.#compare(open, parts);
      this.#setPhase('synced');
    }
    this.#move(cursor);
    this.#send();
    if (this.#waiters.answered() && this.#heardBeyond.settled()) this.#tellPosition();
    this.#askForSync();
  }

  /** The first sync of a document that came from elsewhere: what it had that the server lacks is found by looking. */
  #compare(open: OpenDocument, answer: readonly Uint8Array[]): void {
    if (this.#isComplete || this.#refusedContent.isStuck) return;
    const { stateVector } = open;
    coverMissing(this.#outbox, this.#deps.doc, { stateVector, answer, access: this.#access });
    this.#isComparing = this.#outbox.isComparing;
    if (!this.#isComparing) this.#completed();
  }

  /** From here on the position says all, with what the outbox holds. */
  #completed(): void {
    this.#isComparing = false;
    this.#isComplete = true;
    const { run } = this.#heardBeyond;
    if (run !== this.#deps.connection.welcome?.run) this.#heardBeyond.settled();
    this.#tellPosition();
  }

  #answer(stateVector: Uint8Array): void {
    if (this.#open === undefined || this.#refusedContent.isStuck) return;
    this.#outbox.answer(Y.encodeStateAsUpdate(this.#deps.doc, stateVector));
    this.#send();
  }

  #send(): void {
    this.#deps.connection.uploads.add(this);
    this.#askForSync();
  }

  upload(isCrowded: boolean): Uploaded {
    const [open, outbox] = [this.#open, this.#outbox];
    const mayUpload = (this.#access === 'write' || outbox.isNextEmpty) && !this.#refusedContent.isStuck;
    if (open === undefined || this.#phase !== 'synced' || !mayUpload) return 'nothing';
    if (isCrowded && !outbox.isNextSmall) return 'waiting';
    const next = outbox.next(this.#deps.connection.limits.maxUpdateBytes, (update) =>
      this.#refusedContent.fit(update),
    );
    if (next === undefined) return 'nothing';
    if (next.type !== 'refused') this.#deps.connection.say({ ...next, document: open.number });
    else {
      const update = outbox.refuseNext();
      if (update !== undefined) this.#notTaken(reasonOfRefused(next), update, next.ids);
    }
    return 'said';
  }

  #acknowledged(seq: number): void {
    const bytes = this.unsyncedBytes;
    if (this.#outbox.acknowledged(seq) > 0) this.emit('unsynced', [this.unsynced]);
    else if (this.unsyncedBytes !== bytes) this.emit('upload', [this.unsyncedBytes]);
    const more = this.#outbox.durable - this.#toldDurable;
    this.#toldDurable += more;
    if (more > 0) this.emit('durable', [more]);
    if (this.#isComparing && !this.#outbox.isComparing) this.#completed();
    this.#send();
  }

  /** What is refused stays here, and is compared again when the rights have changed. */
  #refused(seq: number, fault: Fault): void {
    if (seq === 0) return this.emit('awareness-refused', [reasonOf(fault)]);
    if (reasonOf(fault).retry === 'backoff') return this.#askLater(fault);
    const update = this.#outbox.sent(seq);
    if (this.#outbox.refused(seq)) this.#notTaken(reasonOf(fault), update);
    // What it took of the line is free for others.
    this.#send();
  }

  /** `ids`: what of it, where that is not all. */
  #notTaken(reason: DocumentReason, update: Uint8Array | undefined, ids?: Ranges): void {
    this.#isComparing = false;
    this.#isComplete = false;
    this.#refusedFor = reason;
    if (isOfContent(reason)) this.#refusedContent.add(update, ids);
    if (!this.#goOnIfDeleted()) this.#tell(reason);
  }

  /**
   * Takes out of the document what the server does not take, so that the rest can go on, and returns it; undefined when
   * nothing was refused.
   */
  rebase(): LostContent | undefined {
    return this.#refusedContent.takeOut(this.#outbox.waiting);
  }

  /** What the server does not take is not in the document any more: deleted content is sent in its place. */
  #goOnIfDeleted(): boolean {
    if (!this.#refusedContent.giveUpIfDeleted()) return false;
    this.compare();
    return true;
  }

  #move(cursor: number): void {
    // Something of before it was closed may still have been on its way: an offset without an epoch means nothing.
    if (cursor === 0 || this.#open === undefined) return;
    if (this.#phase === 'syncing') this.#open.cursor = cursor;
    else this.#reached(this.#open.epoch, cursor);
  }

  #reached(epoch: string, cursor: number): void {
    if (cursor === 0 || (epoch === this.#position?.epoch && cursor <= this.#position.offset)) return;
    this.#position = { epoch, offset: cursor };
    this.#tellPosition();
  }

  #tellPosition(): void {
    if (!this.#isComplete || this.#position === undefined) return;
    const { epoch, offset } = this.#position;
    const { run } = this.#heardBeyond;
    this.emit('position', [run === undefined ? { epoch, offset } : { epoch, offset, heardIn: run }]);
  }

  /** Asked for when nothing of ours is on its way: what is answered then is the same on both sides. */
  #askForSync(): void {
    const { refusal } = this;
    if (refusal !== undefined) return this.#waiters.reject(errorOf(refusal));
    if (this.#phase !== 'synced' || !this.#outbox.isSettled || this.#open === undefined) return;
    if (this.#waiters.take()) this.#deps.connection.say({ type: 'sync', document: this.#open.number });
  }

  #setAccess(access: Access): void {
    if (access === this.#access) return;
    const isPromoted = access === 'write' && this.#phase === 'synced';
    this.#access = access;
    this.emit('access', [access]);
    this.#refusedContent.retry();
    // What was refused until now is found by comparing, which takes a fresh look at the server.
    if (isPromoted) this.#reopen();
    else this.#askForSync();
  }

  #reopen(): void {
    if (this.#open === undefined) return;
    this.#leave();
    this.connected();
  }

  #leave(): void {
    if (this.#open !== undefined) this.#deps.connection.say({ type: 'close', document: this.#open.number });
    this.disconnected();
  }

  #closed(fault: Fault): void {
    this.disconnected();
    const reason = reasonOf(fault);
    const other = reason.code === undefined ? undefined : this.#deps.otherConnection?.(reason.code);
    if (other !== undefined) return this.moveTo(other);
    this.#tell(reason);
    // Somebody else writes under our client id, as a copied offline copy makes it happen.
    if (reason.code === 'CLIENT_ID_TAKEN')
      this.#deps.doc.clientID = Math.floor(this.#deps.random() * 2 ** 32);
    if (reason.retry !== 'backoff') return this.#setPhase('blocked');
    // After such an end it is not certain any more what the server has.
    this.#isComplete = false;
    this.#retry = this.#deps.clock.after(this.#backoff.next(0), () => {
      if (this.#deps.connection.state === 'open') this.connected();
    });
  }

  #tell(reason: DocumentReason): void {
    this.#reason = reason;
    this.emit('refused', [reason]);
    if (reason.retry !== 'backoff') this.#waiters.reject(errorOf(reason));
  }

  #setPhase(phase: DocumentPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.emit('phase', [phase]);
  }
}
