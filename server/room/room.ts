// One live document: takes updates in one order, brings them to its readers and to the store. The owner of the document's
// log, causal index and presence; encodes nothing and knows no socket.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { CausalIndex, MissingId, Verdict } from '../crdt/causal-index.js';
import type { LogRecord } from '../store/store.js';
import { Admission, type AdmissionDeps } from './admission.js';
import { CatchUp } from './catch-up.js';
import { ClientIdOwners } from './client-id-owners.js';
import type { CommitQueue, CommitSource } from './commit-queue.js';
import type { Tail } from './checkpoint-policy.js';
import type { DocumentLog } from './document-log.js';
import type { Merged } from './document-worker.js';
import { keptBytes, KeptLog, runsOf, type Run } from './kept-log.js';
import { Milestones } from './milestones.js';
import type { Owned } from './owner-keeper.js';
import { Presence } from './presence.js';
import { Relay, type Accepted } from './relay.js';
import type { Fanout, Receipt, Writer } from './writer.js';

/** What all rooms of a server share. */
export interface RoomDeps {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly commits: CommitQueue;
  /** Throws SyncError when nothing can be taken of this writer now. */
  readonly checkIntake: (writer: Writer) => void;
  readonly admission: AdmissionDeps;
  /** Called when the document has changed, for hooks; often, so it only takes note. */
  readonly changed: (document: DocumentName) => void;
  /** Called when more of the log is durable, for what is looked after in time. */
  readonly touched: (room: Room) => void;
  /** Called once when the room has ended, with the members it had, who are to be told. */
  readonly ended: (room: Room, members: readonly Writer[], error: SyncError) => void;
  /** Whether the server has no time to spare, see Relay. */
  readonly isBusy: () => boolean;
  /** Called when a client id of the room has an owner that is to be kept in the store. */
  readonly claimed: (room: Owned) => void;
  /** The records after an offset that the store keeps before the checkpoint; none when they cannot be read. */
  readonly loadKept: (document: DocumentName, after: number) => Promise<readonly LogRecord[]>;
}

/** An update as it was offered. */
interface Offer {
  readonly update: Uint8Array;
  readonly writer: Writer;
  readonly isEdit: boolean;
  readonly receipt: Receipt;
}

/** What came of an offered update. What was not taken can be offered again once more is known. */
export interface Acceptance {
  readonly outcome: 'new' | 'known' | 'blocked';
  /** Some of it depends on what the document does not have. */
  readonly isIncomplete: boolean;
  /** Some of it is under client ids that belong to somebody else. */
  readonly isForeign: boolean;
  /** Of these, some belong to another user: they do not become free when a connection ends. */
  readonly isOwned: boolean;
}

/** So many ids are named of those that an update waits for. */
const maxMissing = 64;

export class Room<F extends Fanout = Fanout> implements CommitSource {
  readonly document: DocumentName;
  readonly epoch: string;
  readonly owners: ClientIdOwners;
  readonly fanout: F;
  /** What readers lack of the document. */
  readonly catchUp: CatchUp;
  readonly #deps: RoomDeps;
  readonly #log: DocumentLog;
  readonly #index: CausalIndex;
  readonly #relay: Relay;
  /** Verdicts that left something out because another user owns the client id. */
  readonly #owned = new WeakSet<Verdict>();
  readonly #admission: Admission;
  /** Who has the document open, and the log's head when they joined. */
  readonly #members = new Map<Writer, number>();
  /** Made when somebody first tells who is here. */
  #presence: Presence | undefined;
  /** Whoever waits for an offset to be durable. */
  readonly #durable = new Milestones();
  #uncommitted: LogRecord[] = [];
  /** Made when it is needed first: most rooms never ask for it. */
  #keptLog: KeptLog | undefined;
  /** Monotonic time of the first update after the checkpoint; undefined when there is none. */
  #tailSince: number | undefined;
  /** Monotonic time of the last update. */
  #changedAt = Number.NEGATIVE_INFINITY;
  /** Somebody waits for this offset to be durable before the document may be shown to it. */
  #awaitedOffset = 0;
  /** Why the room has ended; undefined while it goes on. */
  #ended: SyncError | undefined;
  #isClosed = false;

  /** Log and index must agree: see loadDocument. */
  constructor(
    document: DocumentName,
    epoch: string,
    parts: { log: DocumentLog; index: CausalIndex; fanout: F },
    deps: RoomDeps,
  ) {
    const { log, index, fanout } = parts;
    this.document = document;
    this.epoch = epoch;
    this.fanout = fanout;
    this.#deps = deps;
    this.#log = log;
    this.#index = index;
    if (log.tailLength > 0) this.#tailSince = deps.clock.monotonic();
    const { clock, isBusy, limits } = deps;
    this.#relay = new Relay({ clock, fanout, offset: log.head, isBusy });
    this.catchUp = new CatchUp({
      log,
      index,
      limits,
      kept: () => this.#kept,
      durableOffset: () => this.durableOffset,
    });
    this.#admission = new Admission(deps.admission, { document, content: () => log.all() });
    this.owners = new ClientIdOwners(
      (clientId) => index.clockOf(clientId) > 0,
      () => deps.claimed(this),
    );
  }

  /** Who is here; undefined as long as nobody has said so. */
  get presence(): Presence | undefined {
    return this.#presence;
  }

  /**
   * Offers an update; the room keeps the bytes, which must not change. What is new of it is relayed and written, and
   * acknowledged to the writer when durable, by the receipt. Throws or rejects with SyncError when it is refused; the
   * document is untouched then. Plain edits are taken at once. What may cost every reader much is tried first (V3), and
   * an offer may have to wait for a commit (R8); the writer waits for that with a promise.
   */
  accept(
    update: Uint8Array,
    writer: Writer,
    isEdit: boolean,
    receipt: Receipt = update,
  ): Acceptance | Promise<Acceptance> {
    this.#deps.checkIntake(writer);
    if (!isEdit && this.#mustWait(update)) return this.#acceptLater({ update, writer, isEdit, receipt });
    return this.#acceptNow(update, writer, isEdit, receipt);
  }

  /** Whether an update would add nothing. Throws SyncError UPDATE_INVALID. */
  knows(update: Uint8Array): boolean {
    return this.#index.judge(update).outcome === 'known';
  }

  /** Whether the whole update can be taken: it depends on nothing that is missing. Throws SyncError UPDATE_INVALID. */
  isWhole(update: Uint8Array): boolean {
    return !this.#index.judge(update).isIncomplete;
  }

  /** Ids that an update waits for. Throws SyncError UPDATE_INVALID. */
  awaitedBy(update: Uint8Array): readonly MissingId[] {
    return this.#index.missing(update, maxMissing);
  }

  /** Next clock of a Yjs client id; 0 when the document has nothing of it. */
  clockOf(client: number): number {
    return this.#index.clockOf(client);
  }

  /** The document is open for this member. Throws the SyncError that the room has ended with. */
  join(member: Writer): void {
    if (this.#ended !== undefined) throw this.#ended;
    this.#members.set(member, this.head);
    this.#presence?.join(member);
  }

  /** It is not any more: its presence goes at once (P2). */
  leave(member: Writer): void {
    this.#members.delete(member);
    this.#presence?.leave(member);
    this.owners.release(member.connection);
  }

  /**
   * Takes what a member says in awareness of who is here. Returns why some of it was not taken, if so (P4). Throws SyncError
   * AWARENESS_INVALID for what is no awareness update.
   */
  announce(member: Writer, update: Uint8Array): SyncError | undefined {
    this.#presence ??= this.#makePresence();
    const { ownId, refusal } = this.#presence.receive(member, update);
    if (ownId !== undefined) this.owners.announce(ownId, member);
    return refusal;
  }

  /** What the whole document holds, in the state vector encoding. Not to be written to. */
  stateVector(): Uint8Array {
    return this.#index.stateVector();
  }

  /** When everything is durable that may be this member's own; undefined when it is. */
  settledFor(member: Writer): Promise<void> | undefined {
    const mayBeOwn = (update: Accepted): boolean => update.writer === member || this.#mayBeOf(member, update);
    if (!this.#relay.isPending(mayBeOwn)) return undefined;
    this.#awaitedOffset = this.head;
    return this.settled();
  }

  /**
   * What a reader that has everything durable lacks of what live readers were given. Undefined when some of that may be
   * its own: then the reader has to wait until that is durable.
   */
  relayedSince(offset: number, reader: Writer): Uint8Array[] | undefined {
    const updates = this.#relay.relayedSince(offset, reader, (update) => this.#mayBeOf(reader, update));
    return updates?.flatMap((update) => this.catchUp.cut(update));
  }

  /** When everything there is now is durable; undefined when it is. Rejects with the SyncError that the room ends with. */
  settled(): Promise<void> | undefined {
    if (this.durableOffset === this.#log.head) return undefined;
    return this.#durable.wait(this.#log.head);
  }

  /** The whole document, in parts to be applied in order. */
  content(): Uint8Array[] {
    return this.#log.all();
  }

  get head(): number {
    return this.#log.head;
  }

  get durableOffset(): number {
    return this.#relay.durableOffset;
  }

  get relayedOffset(): number {
    return this.#relay.relayedOffset;
  }

  /** Up to here live readers have been sent everything, and all of it is durable. */
  get cursor(): number {
    return this.#relay.cursor;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Whether the room must stay in memory: somebody is here, something is not durable yet, or an update is being tried. */
  get isBusy(): boolean {
    return this.#members.size > 0 || this.durableOffset < this.#log.head || this.#admission.isPending;
  }

  get memoryBytes(): number {
    return this.#log.bytes + this.#index.memoryBytes + 2048;
  }

  /** How much a new checkpoint would take off the log. */
  get tail(): Tail {
    const now = this.#deps.clock.monotonic();
    const ageMs = this.#tailSince === undefined ? 0 : now - this.#tailSince;
    const { tailLength: records, tailBytes: bytes, checkpointBytes } = this.#log;
    return { records, bytes, checkpointBytes, ageMs, quietMs: now - this.#changedAt };
  }

  get checkpointOffset(): number {
    return this.#log.checkpointOffset;
  }

  /** What a checkpoint of everything durable is made of. */
  checkpointInput(): { offset: number; updates: Uint8Array[] } {
    return { offset: this.durableOffset, updates: this.#log.upTo(this.durableOffset) };
  }

  /** What the store is to keep of the log before a checkpoint at this offset. */
  async keptAt(offset: number, checkpointBytes: number): Promise<readonly Run[]> {
    if (this.checkpointOffset === 0) this.#kept.replaced([]);
    const covered = runsOf(this.checkpointOffset + 1, this.#log.sizes(offset));
    return this.#kept.next(covered, keptBytes(checkpointBytes, this.#deps.limits.maxKeptLogBytes));
  }

  /** The store has replaced everything up to this offset by the checkpoint, and keeps so much of the log before it. */
  checkpointed(offset: number, { parts }: Merged, kept: readonly Run[]): void {
    this.#kept.replaced(kept);
    this.#log.replace(offset, parts);
    this.catchUp.changed();
    this.#tailSince = this.#log.tailLength > 0 ? this.#deps.clock.monotonic() : undefined;
  }

  takeUncommitted(): LogRecord[] {
    const records = this.#uncommitted;
    this.#uncommitted = [];
    return records;
  }

  committed(offset: number): void {
    if (this.#ended !== undefined) return;
    this.#relay.durable(offset);
    this.#durable.reached(offset);
    this.#deps.touched(this);
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * The document cannot go on here: nothing more is taken or acknowledged, whoever waits is told why, and the members are.
   * Calls after the first do nothing.
   */
  end(error: SyncError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    const members = [...this.#members.keys()];
    this.#members.clear();
    this.close();
    // Nobody is left who is to hear that the others leave.
    this.#presence = undefined;
    this.#deps.commits.remove(this);
    this.#durable.fail(error);
    this.#deps.ended(this, members, error);
  }

  /** Stops its timers. Nothing may be under way but trials, which take nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#presence?.close();
    this.#relay.close();
  }

  #makePresence(): Presence {
    const { clock, limits } = this.#deps;
    const { fanout } = this;
    const tell = (update: Uint8Array, except?: Writer): void => fanout.awareness(update, except);
    const presence = new Presence({ clock, limits, tell });
    for (const member of this.#members.keys()) presence.join(member);
    return presence;
  }

  #judge(update: Uint8Array, writer: Writer, isEdit: boolean): Verdict {
    let isOwned = false;
    const verdict = this.#index.judge(update, (clientId) => {
      const standing = this.owners.standing(clientId, writer, isEdit);
      isOwned ||= standing === 'owned';
      return standing !== 'free';
    });
    if (isOwned) this.#owned.add(verdict);
    return verdict;
  }

  #acceptNow(
    update: Uint8Array,
    writer: Writer,
    isEdit: boolean,
    receipt: Receipt,
  ): Acceptance | Promise<Acceptance> {
    const verdict = this.#judge(update, writer, isEdit);
    if (verdict.outcome === 'new' && !this.#admission.isPlain(verdict, this.#index.itemCount))
      return this.#try(verdict, { update, writer, isEdit, receipt });
    return this.#take(verdict, writer, isEdit, receipt);
  }

  /**
   * R8: somebody waits until all offers are durable. If more were taken meanwhile, the wait might never end, so an offer of
   * something new waits for the same commit. A large one does not wait: what waits is in memory.
   */
  #mustWait(offer: Uint8Array): boolean {
    if (this.#awaitedOffset <= this.durableOffset || offer.length > this.#deps.limits.syncPartBytes)
      return false;
    return this.#index.judge(offer).outcome === 'new';
  }

  /** Takes an offer after a commit. The offer waits once: whoever asked before the offer came is answered first. */
  async #acceptLater({ update, writer, isEdit, receipt }: Offer): Promise<Acceptance> {
    const isMember = this.#members.has(writer);
    await this.settled();
    this.#checkPresent(writer, isMember);
    return this.#acceptNow(update, writer, isEdit, receipt);
  }

  /**
   * Has the new part of an update tried, and takes the update. Others go on meanwhile, so the update is judged again
   * afterwards; if more of it is new by then, that is tried as well.
   */
  async #try(tried: Verdict, offer: Offer): Promise<Acceptance> {
    const { update, writer, isEdit, receipt } = offer;
    const isMember = this.#members.has(writer);
    const outcome = await this.#admission.try({
      update: tried.update,
      connection: writer.connection,
      check: () => this.#checkPresent(writer, isMember),
      take: () => {
        const now = this.#judge(update, writer, isEdit);
        const isTried = now.outcome !== 'new' || now.update.length <= tried.update.length;
        return isTried ? { acceptance: this.#take(now, writer, isEdit, receipt) } : { untried: now };
      },
    });
    return 'acceptance' in outcome ? outcome.acceptance : this.#try(outcome.untried, offer);
  }

  /** An admission does not outlive its room, nor the stay (V4) or the rights (A3) of its writer. */
  #checkPresent(writer: Writer, wasMember: boolean): void {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#isClosed || (wasMember && !this.#members.has(writer)))
      throw new SyncError('DRAINING', 'the document was closed while the update was tried');
    if (!writer.mayWrite) throw new SyncError('READ_ONLY', 'you may read this document, not change it');
    this.#deps.checkIntake(writer);
  }

  #take(verdict: Verdict, writer: Writer, isEdit: boolean, receipt: Receipt): Acceptance {
    if (this.#ended !== undefined) throw this.#ended;
    const { outcome, isIncomplete, isForeign, soleClient } = verdict;
    const isPart = isIncomplete || isForeign;
    if (outcome === 'new') {
      this.#checkSize(verdict.update.length);
      this.#index.apply(verdict);
      if (isEdit && soleClient >= 0 && this.#members.has(writer)) this.owners.edited(soleClient, writer);
      // Stock clients are told of the part that was taken; a number stands for the whole, which is not there yet.
      const partly = typeof receipt === 'number' ? undefined : verdict.update;
      this.#append({ update: verdict.update, receipt: isPart ? partly : receipt, writer, isEdit });
    } else if (outcome === 'known' && !isPart && (isEdit || typeof receipt === 'number')) {
      this.#relay.addKnown(receipt, writer);
    }
    return { outcome, isIncomplete, isForeign, isOwned: isForeign && this.#owned.has(verdict) };
  }

  #append(entry: Omit<Accepted, 'offset'>): void {
    const { update, receipt, writer, isEdit } = entry;
    const { clock, commits } = this.#deps;
    const offset = this.#log.append(update);
    this.catchUp.changed();
    this.#changedAt = clock.monotonic();
    this.#tailSince ??= this.#changedAt;
    this.#uncommitted.push({ offset, time: clock.now(), author: writer.sub ?? '', update });
    commits.add(this, update.length);
    this.#relay.add({ offset, update, receipt, writer, isEdit });
    this.#deps.changed(this.document);
  }

  /**
   * Whether another connection's update may be of the client behind this one, which must not be sent it before it is
   * durable (D1): the other connection has ended, or is of the same user and brought the update before this one joined:
   * it may be half open. Where nobody is known, a half-open connection cannot be told from somebody else's.
   */
  #mayBeOf(member: Writer, { writer, offset }: Accepted): boolean {
    if (!this.#members.has(writer)) return true;
    const isSameUser = member.sub !== undefined && member.sub === writer.sub;
    return isSameUser && offset <= (this.#members.get(member) ?? Infinity);
  }

  get #kept(): KeptLog {
    this.#keptLog ??= new KeptLog((after) => this.#deps.loadKept(this.document, after));
    return this.#keptLog;
  }

  #checkSize(bytes: number): void {
    if (this.#log.bytes + bytes > this.#deps.limits.maxDocumentBytes) {
      throw new SyncError(
        'DOCUMENT_TOO_LARGE',
        `a document is at most ${this.#deps.limits.maxDocumentBytes} bytes`,
      );
    }
  }
}
