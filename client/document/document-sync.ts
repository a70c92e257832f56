// Keeps one document and the server's the same over its channel. Owns what is not durable yet and where it can resume; knows
// nothing of storage, presence and pages, and of what the document is made of only what the port of its content says.

import { ClosedError } from '../platform/closed-error.js';
import { GuardedObservable, guarded, throwLater } from '../platform/guarded.js';
import type { Clock } from '../../shared/clock.js';
import { errorTable, SyncError, type Fault } from '../../shared/errors.js';
import type { Known } from '../../shared/native/fields.js';
import { yjsKind } from '../../shared/native/messages.js';
import type { Position } from '../../shared/native/position.js';
import { maySend, type Access } from '../../shared/permission.js';
import type { Uploaded } from '../connection/uploads.js';
import type { Ranges } from '../crdt/content-ids.js';
import { coverMissing } from './cover-missing.js';
import type { DocumentChannel, Message } from './document-channel.js';
import type { DocumentContent, MadeHere } from './document-content.js';
import type { DocumentEvents, DocumentPhase } from './document-events.js';
import {
  commentOnly,
  errorOf,
  isOfContent,
  readOnly,
  reasonOf,
  reasonOfRefused,
  type DocumentReason,
} from './document-reason.js';
import { HeardBeyond } from './heard-beyond.js';
import { OpenDocument } from './open-document.js';
import { Outbox, type Fit } from './outbox.js';
import { RefusedContent, type LostContent } from './refused-content.js';
import { SyncWaiters } from './sync-waiters.js';

export interface DocumentSyncDeps {
  readonly content: DocumentContent;
  /** Whoever made it starts it, moves it, and lets go of it. */
  readonly channel: DocumentChannel;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /**
   * Where a copy of the document stood, when all that it had beyond that is handed to `restore`. Undefined when that is
   * not known: then the first sync compares.
   */
  readonly position?: Position | undefined;
}

export class DocumentSync extends GuardedObservable<DocumentEvents> {
  readonly #content: DocumentContent;
  readonly #channel: DocumentChannel;
  readonly #outbox = new Outbox();
  readonly #heardBeyond: HeardBeyond;
  readonly #waiters = new SyncWaiters();
  /** While the server does not take something, nothing that follows it is sent. It is asked again on the next connection. */
  readonly #refusedContent: RefusedContent;
  readonly #fit: Fit = Object.assign((update: Uint8Array) => this.#refusedContent.fit(update), {
    isTidied: (deletes: Uint8Array, mayGuess: boolean) =>
      this.#content.isTidied(deletes, this.#outbox.derived, mayGuess),
  });
  readonly #undo: (() => void)[] = [];
  #position: Position | undefined;
  /** The outbox holds all that the server may lack. */
  #isComplete: boolean;
  /** With the acknowledgement of what was found by comparing it does. */
  #isComparing = false;
  /** It may hold what the server lacks, and nobody has looked yet how much. */
  #isInDoubt = false;
  #phase: DocumentPhase = 'closed';
  #reason: DocumentReason | undefined;
  /** Why something that is here was not taken last. */
  #refusedFor: DocumentReason | undefined;
  #open: OpenDocument | undefined;
  #toldDurable = 0;

  constructor({ content, channel, clock, random, position }: DocumentSyncDeps) {
    super();
    this.#content = content;
    this.#channel = channel;
    this.#refusedContent = new RefusedContent(
      content,
      () => channel.connection.limits,
      () => this.#commentRoots,
    );
    this.#position = position;
    this.#isComplete = position !== undefined || content.isEmpty;
    // Whoever is refused something is told of it by an event.
    const ask = (): void => void this.synced().catch(() => {});
    this.#heardBeyond = new HeardBeyond({ clock, random, ask }, position?.heardIn);
    channel.tellsOf(() => this.#known());
    this.#listenToChannel();
    this.#listenToContent();
  }

  get phase(): DocumentPhase {
    return this.#phase;
  }

  /** Undefined until the server has said. */
  get access(): Access | undefined {
    return this.#channel.access;
  }

  /** Where a commenter may write; undefined for everybody else. */
  get #commentRoots(): ReadonlySet<string> | undefined {
    return this.access === 'comment'
      ? new Set(this.#channel.connection.welcome?.extensions?.commentRoots)
      : undefined;
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
    return !maySend(this.access) && this.#outbox.brings ? readOnly : undefined;
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

  /** It may hold what the server lacks and `unsynced` does not count yet, as it shows what others have not brought there. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
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

  /** Asks again, where that was of no use before. `revives`: a document that was deleted is to be again, with what is here. */
  retry(revives = false): void {
    if (revives && this.#reason?.code === 'DOCUMENT_DELETED') {
      this.#isComplete = false;
      this.#channel.extensions = { revives };
    }
    this.#refusedContent.retry();
    this.#channel.retry();
  }

  /** The document may hold what the server lacks and nobody will send: that is found by looking. */
  compare(): void {
    this.#isComplete = false;
    this.#isInDoubt = true;
    if (this.#open !== undefined) this.#channel.reopen();
  }

  /** Lets go of channel and content, which go on. */
  override destroy(): void {
    for (const undo of this.#undo.splice(0)) undo();
    // Whoever keeps what comes may have let go of the document already.
    this.#open?.forgetParts();
    this.#lost();
    this.#waiters.end(new ClosedError('the document was let go of'));
    super.destroy();
  }

  #listenToChannel(): void {
    const channel = this.#channel;
    const closed = (state: string): void => {
      if (state !== 'open') this.#setPhase(state as Exclude<typeof channel.state, 'open'>);
    };
    this.#undo.push(
      channel.listen('opened', (message) => this.#opened(message)),
      channel.listen('lost', () => this.#lost()),
      channel.listen('state', closed),
      channel.listen('not-open', (reason) => this.#notOpen(reason)),
      channel.listen('access', (access) => this.#accessChanged(access)),
      channel.listen('authenticated', () => this.retry()),
      channel.listen('update', (message) => this.#heard(() => this.#update(message))),
      channel.listen('ack', ({ seq, cursor }) => {
        this.#acknowledged(seq);
        this.#move(cursor);
      }),
      channel.listen('synced', ({ cursor }) => this.#heard(() => this.#caughtUp(cursor))),
      channel.listen('wanted', ({ stateVector }) => this.#heard(() => this.#answer(stateVector))),
      channel.listen('refused', (message) => this.#refused(message.seq, message)),
    );
  }

  #listenToContent(): void {
    const content = this.#content;
    const made = (update: Uint8Array, kind: MadeHere): void =>
      kind === 'edit' ? this.restore(update) : this.derive(update);
    const changed = (): void => void this.#goOnIfDeleted();
    content.on('made', made);
    content.on('changed', changed);
    this.#undo.push(() => {
      content.off('made', made);
      content.off('changed', changed);
    });
  }

  /** What keeps something from being taken is thrown later: the other documents of the connection go on. */
  #heard(take: () => void): void {
    try {
      take();
    } catch (error) {
      throwLater(error);
      this.#cannotTake(error);
    }
  }

  #update({ update, acks, cursor }: Message<'update'>): void {
    this.#take(update);
    // What comes with acknowledgements is durable with them.
    if (acks.length === 0) this.#heardLive();
    for (const { writer, seq } of acks) if (writer === this.#open?.writer) this.#acknowledged(seq);
    this.#move(cursor);
    // Somebody else has brought what a reader holds.
    if (this.refusal === readOnly && this.#outbox.isElsewhereWith(update)) this.compare();
  }

  #known(): Known {
    const { run } = this.#heardBeyond;
    // What another run of the server has not made durable may be nowhere but here.
    if (run !== undefined && run !== this.#channel.connection.welcome?.run) this.#isComplete = false;
    const position = this.#isComplete ? this.#position : undefined;
    if (position !== undefined) return { kind: 'offset', epoch: position.epoch, offset: position.offset };
    if (this.#content.isEmpty) return { kind: 'nothing' };
    return { kind: 'state-vector', stateVector: this.#content.stateVector() };
  }

  #opened(message: Message<'opened'>): void {
    const { epoch, access, isContentNext } = message;
    const { kind = yjsKind } = message.extensions ?? {};
    if (kind !== this.#content.kind)
      return this.#channel.close(new SyncError('KIND_UNSUPPORTED', `the document is of kind ${kind}`).fault);
    this.#open = new OpenDocument(message);
    this.#reason = undefined;
    // Who may write learns of each edit by its acknowledgement whether the server has it.
    if (!maySend(access) && this.unsynced > 0) this.#isComplete = false;
    // Another epoch: the server was restored from a backup, say, and may lack what it has acknowledged.
    if (this.#position !== undefined && this.#position.epoch !== epoch) this.#isComplete = false;
    // The records up to where this client stood are merged, or gone: a store that was put back to an earlier state may lack
    // what it has acknowledged, and gives the same offsets to other updates.
    if (!isContentNext) [this.#position, this.#isComplete] = [undefined, false];
    // Who resumes is told nothing to compare with, and the need may have come after it was asked for.
    if (!this.#isComplete && isContentNext && message.stateVector.length === 0) return this.#channel.reopen();
    this.#setPhase('syncing');
    if (!isContentNext) this.#channel.say({ type: 'request', stateVector: this.#content.stateVector() });
  }

  #lost(): void {
    const open = this.#open;
    if (open !== undefined) guarded(() => void this.#takeAnswer(open, false));
    this.#outbox.reset();
    // What was asked then is to be asked again.
    this.#isInDoubt ||= this.#isComparing;
    this.#isComparing = false;
    this.#heardBeyond.stop();
    const { connection } = this.#channel;
    // A server that shuts down makes all durable first.
    if (connection.reason?.code === 'DRAINING' && this.#heardBeyond.settled()) this.#tellPosition();
    if (connection.state !== 'open') this.#refusedContent.retry();
    this.#open = undefined;
    connection.uploads.remove(this);
    this.#waiters.lost();
  }

  #notOpen(reason: DocumentReason): void {
    this.#tell(reason);
    if (reason.code === 'CLIENT_ID_TAKEN') this.#content.takeAnotherId();
    // After such an end it is not certain any more what the server has.
    if (reason.retry === 'backoff') this.#isComplete = false;
  }

  /** Asks for the document anew, later, and compares it: this client may lack something of what the server has sent. */
  #cannotTake(error: unknown): void {
    if (this.#open === undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#open.forgetParts();
    this.#channel.close({ code: 'INTERNAL', close: errorTable.INTERNAL.close, reason });
  }

  /** The parts of an answer are taken together, when the last one is there. */
  #take(update: Uint8Array): void {
    if (this.#phase === 'syncing' && this.#open !== undefined) this.#open.add(update);
    else this.#content.apply([update], true);
  }

  #heardLive(): void {
    const { welcome } = this.#channel.connection;
    if (this.#phase !== 'synced' || welcome === undefined) return;
    if (this.#heardBeyond.heard(welcome.run)) this.#tellPosition();
  }

  #takeAnswer(open: OpenDocument, isWhole: boolean): readonly Uint8Array[] {
    const parts = open.takeInto(this.#content, isWhole);
    this.#reached(open.epoch, open.cursor);
    return parts;
  }

  #caughtUp(cursor: number): void {
    const open = this.#open;
    if (this.#phase === 'syncing' && open !== undefined) {
      const parts = this.#takeAnswer(open, true);
      // Somebody who heard of the change may have closed the document.
      if (this.#open !== open) return;
      this.#channel.worked();
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
    const { access } = this;
    coverMissing(this.#outbox, this.#content, { stateVector, answer, access, isAsked: this.#isInDoubt });
    this.#isInDoubt = false;
    this.#isComparing = this.#outbox.isComparing;
    if (!this.#isComparing) this.#completed();
  }

  /** From here on the position says all, with what the outbox holds. */
  #completed(): void {
    this.#isComparing = false;
    this.#isComplete = true;
    const { run } = this.#heardBeyond;
    if (run !== this.#channel.connection.welcome?.run) this.#heardBeyond.settled();
    this.#tellPosition();
  }

  #answer(stateVector: Uint8Array): void {
    if (this.#open === undefined || this.#refusedContent.isStuck) return;
    this.#outbox.answer(this.#content.since(stateVector));
    this.#send();
  }

  #send(): void {
    this.#channel.connection.uploads.add(this);
    this.#askForSync();
  }

  upload(isCrowded: boolean): Uploaded {
    const [open, outbox] = [this.#open, this.#outbox];
    const mayUpload = (maySend(this.access) || outbox.isNextEmpty) && !this.#refusedContent.isStuck;
    if (open === undefined || this.#phase !== 'synced' || !mayUpload) return 'nothing';
    if (isCrowded && !outbox.isNextSmall) return 'waiting';
    const next = outbox.next(this.#channel.connection.limits.maxUpdateBytes, this.#fit);
    if (next === undefined) return 'nothing';
    if (next.type === 'elsewhere') this.#notTaken(commentOnly, undefined);
    else if (next.type !== 'refused') this.#channel.say(next);
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
    // That was no part of the document.
    if (seq === 0) return;
    const reason = reasonOf(fault);
    if (reason.retry === 'backoff') return this.#channel.close(fault);
    if (isOfContent(reason) && this.#outbox.cutRefused(seq)) return this.#send();
    const update = this.#outbox.sent(seq);
    if (this.#outbox.refused(seq)) this.#notTaken(reason, update);
    // What it took of the line is free for others.
    this.#send();
  }

  /** `ids`: what of it, where that is not all. */
  #notTaken(reason: DocumentReason, update: Uint8Array | undefined, ids?: Ranges): void {
    this.#isComparing = false;
    this.#isComplete = false;
    this.#refusedFor = reason;
    // What was written after content that is not taken depends on it; after deletions nothing does.
    if (isOfContent(reason) || (reason.code === 'COMMENT_ONLY' && update !== undefined))
      this.#refusedContent.add(update, ids);
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
    if (this.#waiters.take()) this.#channel.say({ type: 'sync' });
  }

  #accessChanged(access: Access): void {
    this.emit('access', [access]);
    this.#refusedContent.retry();
    // What was refused until now is found by comparing, which takes a fresh look at the server.
    if (maySend(access) && this.#phase === 'synced') this.#channel.reopen();
    else this.#askForSync();
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
