// One document of a native session, from the client's `open` to its end. Ends for itself: the others on the session go on.

import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import { encodeServerFrame } from '../../shared/native/frame.js';
import type { Known } from '../../shared/native/fields.js';
import type { NativeServerMessage } from '../../shared/native/messages.js';
import type { Access } from '../../shared/permission.js';
import type { Dialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Socket } from '../transport/transport.js';
import type { ByteBudget } from './byte-budget.js';
import { Channel, type ChannelHost } from './channel.js';
import type { DocumentRight, RightHolder } from './document-right.js';
import { MessageQueue, single, type MessageHandler } from './message-queue.js';
import type { Outbox } from './outbox.js';
import type { Rights } from './rights.js';
import { RosterView, type RosterViewDeps } from './roster-view.js';
import type { SessionDeps } from './session.js';
import { Visit } from './visit.js';
import type { Who } from './who.js';

/** What the documents of one session share. */
export interface NativeDocumentHost {
  readonly deps: SessionDeps & RosterViewDeps;
  readonly dialect: Dialect;
  readonly socket: Socket;
  readonly connectionId: string;
  readonly who: Who;
  /** What the device has proved itself by (C7). */
  readonly proof: string | undefined;
  /** The client takes deflated messages. */
  readonly inflates: boolean;
  /** The client knows the access 'comment'. */
  readonly comments: boolean;
  readonly outbox: Outbox;
  readonly rights: Rights;
  /** For messages and requests that wait. */
  readonly waiting: ByteBudget;
  /** For updates whose dependencies are missing. */
  readonly held: ByteBudget;
  /** The document must not go on. Closing it, and telling the client, is up to the session. */
  end(document: NativeDocument, error: SyncError): void;
}

/**
 * opening: the client has been told nothing yet. open: the client knows that the document is open, and its number. closed:
 * nothing of it is left.
 */
type State = 'opening' | 'open' | 'closed';

export class NativeDocument implements ChannelHost, RightHolder, MessageHandler<ClientMessage> {
  readonly name: DocumentName;
  /** The client's number for its `open`. */
  readonly ref: number;
  readonly right: DocumentRight;
  readonly #host: NativeDocumentHost;
  readonly #messages: MessageQueue<ClientMessage>;
  #state: State = 'opening';
  #visit: Visit | undefined;
  #channel: Channel | undefined;
  /** Made when the client asks who is here. */
  #roster: RosterView | undefined;

  constructor(host: NativeDocumentHost, of: { name: DocumentName; ref: number }) {
    this.#host = host;
    this.name = of.name;
    this.ref = of.ref;
    this.right = host.rights.of(of.name, this);
    this.#messages = new MessageQueue(this, host.deps);
  }

  get who(): Who {
    return { ...this.#host.who, document: this.name };
  }

  get waiting(): ByteBudget {
    return this.#host.waiting;
  }

  get socket(): Socket {
    return this.#host.socket;
  }

  get outbox(): Outbox {
    return this.#host.outbox;
  }

  get held(): ByteBudget {
    return this.#host.held;
  }

  /** The document's number on the wire, once its room is open. */
  get number(): number | undefined {
    return this.#channel?.room.fanout.number;
  }

  /** Whether the client knows that the document is open. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Checks token and right (A1), and opens the room. `revives`: the client wants a document to be again that was deleted, which
   * who may write can have. False when the document was closed meanwhile. Rejects with SyncError.
   */
  async enter(revives: boolean): Promise<boolean> {
    const { deps, dialect, socket, connectionId, rights } = this.#host;
    await this.right.check();
    const { claims } = rights;
    if (this.#isClosed || claims === undefined) return false;
    if (revives && this.right.access === 'write') await this.#revive();
    const { remoteAddress } = socket;
    this.#visit = new Visit(deps, { connectionId, document: this.name, claims, remoteAddress });
    const room = await this.#visit.enter();
    if (room === undefined) return false;
    this.#channel = new Channel(deps, {
      dialect,
      room,
      host: this,
      sub: claims.sub,
      device: this.#host.proof,
      inflates: this.#host.inflates,
      // By now another token may be in force.
      stamp: deps.stampOf?.(rights.claims ?? claims),
      stay: this.#visit.stay,
    });
    room.join(this.#channel);
    deps.registry.used(room);
    return true;
  }

  /** Tells the client that the document is open, and what it lacks. Rejects with SyncError. */
  async begin(known: Known): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) return;
    await channel.begin(known, (isContentNext, stateVector) => {
      const { room, number: writer } = channel;
      const access = this.#told(this.right.access);
      const { epoch } = room;
      const document = room.fanout.number;
      const { ref } = this;
      this.#state = 'open';
      this.#say({ type: 'opened', ref, document, writer, access, epoch, isContentNext, stateVector });
    });
    this.#messages.open();
  }

  /** Another token has come into force: its claims are what others are told, and say what this user may see of others. */
  identified(): void {
    const { rights, deps } = this.#host;
    const { claims } = rights;
    if (claims !== undefined && deps.stampOf !== undefined) this.#channel?.restamp(deps.stampOf(claims));
    this.#roster?.look();
  }

  /** The client wants to be told who is here, or does not any more. */
  watchRoster(isOn: boolean): void {
    const document = this.number;
    if (document === undefined || this.#isClosed) return;
    this.#roster ??= new RosterView(this.#host.deps, { host: this.#host, name: this.name, document });
    this.#roster.watch(isOn);
  }

  take(message: ClientMessage): void {
    this.#messages.push(single(message));
  }

  handle(message: ClientMessage): void | Promise<void> {
    return this.#channel?.handle(message);
  }

  refuse(error: SyncError): void {
    this.#host.end(this, error);
  }

  accessChanged(access: Access): void {
    const document = this.number;
    if (this.isOpen && document !== undefined)
      this.#say({ type: 'access', document, access: this.#told(access) });
  }

  rightLost(error: SyncError): void {
    this.refuse(error);
  }

  drained(): void {
    this.#channel?.drained();
  }

  /** Throws SyncError when the client takes nothing. */
  checkProgress(): void {
    this.#channel?.checkProgress();
  }

  close(): void {
    this.#state = 'closed';
    this.#host.rights.forget(this.right);
    this.#messages.stop();
    this.#roster?.close();
    this.#channel?.close();
    this.#visit?.end();
  }

  async #revive(): Promise<void> {
    try {
      await this.#host.deps.registry.revive(this.name);
    } catch (cause) {
      throw new SyncError('STORE_UNAVAILABLE', '', { cause });
    }
  }

  /** The access as the client knows it: one that cannot comment is told that it reads. */
  #told(access: Access): Access {
    return access === 'comment' && !this.#host.comments ? 'read' : access;
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #say(message: NativeServerMessage): void {
    this.outbox.send(encodeServerFrame(message));
  }
}
