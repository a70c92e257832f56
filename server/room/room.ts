// One live document: takes updates in one order, brings them to its readers and to the store. Puts the parts of a room
// together; encodes nothing and knows no socket.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { SyncError } from '../../shared/errors.js';
import type { CausalIndex } from '../crdt/causal-index.js';
import type { StateVector } from '../crdt/state-vector.js';
import type { UpdateInspector } from '../crdt/update-inspector.js';
import type { LogRecord } from '../store/store.js';
import { CatchUp } from './catch-up.js';
import { ClientIdOwners } from './client-id-owners.js';
import type { CommitQueue, CommitSource } from './commit-queue.js';
import { Compaction } from './compaction.js';
import { Content } from './content.js';
import type { DeletedContent } from './deleted-content.js';
import type { DocumentLog } from './document-log.js';
import { Intake, type Acceptance, type IntakeDeps } from './intake.js';
import { Members } from './members.js';
import type { Owned } from './owner-keeper.js';
import { Presence, type Heard } from './presence.js';
import { Progress } from './progress.js';
import { Relay, type Accepted } from './relay.js';
import { RoomLife } from './room-life.js';
import type { Fanout, Receipt, Writer } from './writer.js';

/** What all rooms of a server share. */
export interface RoomDeps extends IntakeDeps {
  readonly clock: Clock;
  readonly commits: CommitQueue;
  /** Called when the document has changed, for hooks; often, so it only takes note. */
  readonly changed: (document: DocumentName) => void;
  /** Called when more of the log is durable, for what is looked after in time. */
  readonly touched: (room: Room) => void;
  /** Called once when the room has ended, with the members it had, who are to be told. */
  readonly ended: (room: Room, members: readonly Writer[], error: SyncError) => void;
  /** Whether the server has no time to spare, see Relay. */
  readonly isBusy: () => boolean;
  /** For merging updates that were accepted. */
  readonly inspector: UpdateInspector;
  /** Called when a client id of the room has an owner that is to be kept in the store. */
  readonly claimed: (room: Owned) => void;
  /** Called before records of the room are given to the store, in the same turn. */
  readonly committing: (room: Owned) => void;
  /** The records after an offset that the store keeps before the checkpoint; none when they cannot be read. */
  readonly loadKept: (document: DocumentName, after: number) => Promise<readonly LogRecord[]>;
}

/** What a room takes beside its content, bytes. */
const roomBytes = 2048;

export class Room<F extends Fanout = Fanout> implements CommitSource {
  readonly document: DocumentName;
  readonly epoch: string;
  readonly owners: ClientIdOwners;
  readonly fanout: F;
  /** What the document holds. */
  readonly content: Content;
  /** What readers lack of the document. */
  readonly catchUp: CatchUp;
  /** What is accepted, relayed and durable. */
  readonly progress: Progress;
  /** What the next checkpoint is made of. */
  readonly compaction: Compaction;
  readonly #deps: RoomDeps;
  readonly #log: DocumentLog;
  readonly #relay: Relay;
  readonly #intake: Intake;
  readonly #members = new Members();
  readonly #life = new RoomLife();
  /** What the document was before it was deleted; undefined for one that was not. */
  #deleted: DeletedContent | undefined;
  /** Made when somebody first tells who is here. */
  #presence: Presence | undefined;
  /** Accepted, and in no batch. */
  #uncommitted: LogRecord[] = [];

  /** Log and index must agree: see loadDocument. */
  constructor(
    document: DocumentName,
    epoch: string,
    {
      log,
      index,
      fanout,
      deleted,
    }: { log: DocumentLog; index: CausalIndex; fanout: F; deleted?: DeletedContent | undefined },
    deps: RoomDeps,
  ) {
    const { clock, isBusy, limits, inspector } = deps;
    this.document = document;
    this.epoch = epoch;
    this.fanout = fanout;
    this.#deleted = deleted;
    this.#deps = deps;
    this.#log = log;
    const relay = new Relay({ clock, fanout, offset: log.head, isBusy, inspector });
    this.#relay = relay;
    this.content = new Content({ log, index });
    this.owners = new ClientIdOwners(
      (clientId) => index.clockOf(clientId) > 0,
      () => deps.claimed(this),
    );
    this.compaction = new Compaction({
      clock,
      limits,
      log,
      relay,
      loadKept: (after) => deps.loadKept(document, after),
      replaced: () => this.catchUp.changed(),
    });
    this.catchUp = new CatchUp({
      log,
      index,
      limits,
      kept: () => this.compaction.kept,
      durableOffset: () => relay.durableOffset,
    });
    this.progress = new Progress({ log, relay, members: this.#members, catchUp: this.catchUp });
    this.#intake = new Intake(deps, {
      document,
      log,
      index,
      relay,
      owners: this.owners,
      members: this.#members,
      progress: this.progress,
      life: this.#life,
      checkNew: (clients) => this.checkNotDeleted(clients),
      append: (taken) => this.#append(taken),
    });
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
    return this.#intake.accept(update, writer, isEdit, receipt);
  }

  /** Throws SyncError DOCUMENT_DELETED for a client that stands in an epoch of the document that was deleted. */
  checkEpoch(epoch: string): void {
    this.#deleted?.checkEpoch(epoch);
  }

  /** Throws SyncError DOCUMENT_DELETED where somebody has content that was deleted with the document: these client ids. */
  checkNotDeleted(clients: Iterable<number>): void {
    // Passed by in nearly every room, for every update: no function is made here, nor what it would need.
    if (this.#deleted !== undefined) this.#deleted.checkClients(clients, this.content);
  }

  /** What was deleted is taken again from now on. */
  revive(): void {
    this.#deleted = undefined;
  }

  /** The document is open for this member. Throws the SyncError that the room has ended with. */
  join(member: Writer): void {
    this.#life.checkNotEnded();
    this.#members.add(member, this.#log.head);
  }

  /** Who is here, for a member that hears of each change from now on: in frames of bounded size. */
  greet(member: Writer): Uint8Array[] {
    this.#presence?.join(member);
    return this.#presence?.encodeAll(member) ?? [];
  }

  /** The member asks for what it lacks: this is what it has. Comes before the member waits for what may be its own. */
  asked(member: Writer, has: StateVector): void {
    this.#members.asked(member, this.#log.head, has, this.content);
  }

  /** The document is not open for this member any more: its presence goes at once (P2). */
  leave(member: Writer): void {
    this.#members.delete(member);
    this.#presence?.leave(member);
    this.owners.release(member.connection);
  }

  /** Takes what a member says in awareness of who is here. Throws SyncError AWARENESS_INVALID for what is no awareness update. */
  announce(member: Writer, update: Uint8Array): Heard {
    this.#presence ??= this.#makePresence();
    const heard = this.#presence.receive(member, update);
    if (heard.ownId !== undefined) this.owners.announce(heard.ownId, member);
    return heard;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Whether the room must stay in memory: somebody is here, something is not durable yet, or an update is being tried. */
  get isBusy(): boolean {
    const { head, durableOffset } = this.progress;
    return this.#members.size > 0 || durableOffset < head || this.#intake.isTrying;
  }

  get memoryBytes(): number {
    return this.content.memoryBytes + roomBytes;
  }

  takeUncommitted(): LogRecord[] {
    if (!this.hasEnded) this.#deps.committing(this);
    const records = this.#uncommitted;
    this.#uncommitted = [];
    return records;
  }

  durable(offset: number): void {
    if (this.hasEnded) return;
    this.progress.durable(offset);
    this.#deps.touched(this);
  }

  get hasEnded(): boolean {
    return this.#life.hasEnded;
  }

  /**
   * The document cannot go on here: nothing more is taken or acknowledged, whoever waits is told why, and the members are.
   * Calls after the first do nothing.
   */
  end(error: SyncError): void {
    if (!this.#life.end(error)) return;
    const members = this.#members.all();
    this.#members.clear();
    this.close();
    // Nobody is left who is to hear that the others leave.
    this.#presence = undefined;
    this.#deps.commits.remove(this);
    this.progress.fail(error);
    this.#deps.ended(this, members, error);
  }

  /** Stops its timers. Nothing may be under way but trials, which take nothing any more. */
  close(): void {
    this.#life.close();
    this.#presence?.close();
    this.#relay.close();
  }

  #makePresence(): Presence {
    const { clock, limits } = this.#deps;
    const { fanout } = this;
    const tell = (update: Uint8Array, except?: Writer): void => fanout.awareness(update, except);
    const presence = new Presence({ clock, limits, tell });
    for (const member of this.#members.all()) presence.join(member);
    return presence;
  }

  #append({ update, receipt, writer, isEdit }: Omit<Accepted, 'offset'>): void {
    const { clock, commits } = this.#deps;
    const offset = this.#log.append(update);
    this.catchUp.changed();
    this.compaction.appended();
    this.#uncommitted.push({ offset, time: clock.now(), author: writer.sub ?? '', update });
    commits.add(this, update.length);
    this.#relay.add({ offset, update, receipt, writer, isEdit });
    this.#deps.changed(this.document);
  }
}
