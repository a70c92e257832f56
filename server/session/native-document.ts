// One document opened on a native session. Ends for itself: the others on the session go on.

import type { DocumentName } from '../../shared/document-name.js';
import type { SyncError } from '../../shared/errors.js';
import { encodeServerFrame } from '../../shared/native/frame.js';
import type { Known } from '../../shared/native/fields.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { Dialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Room } from '../room/room.js';
import type { Socket } from '../transport/transport.js';
import { Channel, type Connection } from './channel.js';
import { MessageQueue } from './message-queue.js';
import type { RoomFanout } from './room-fanout.js';
import type { VisitDeps, Visitor } from './visitor.js';

export class NativeDocument implements Connection {
  readonly socket: Socket;
  readonly #deps: VisitDeps;
  readonly #channel: Channel;
  readonly #messages: MessageQueue<ClientMessage>;
  readonly #ended: (document: NativeDocument, error: SyncError) => void;
  #visitor: Visitor;
  #access: Access;

  /** `ended` is called when it must not go on; closing it is up to the session. */
  constructor(
    deps: VisitDeps,
    of: {
      visitor: Visitor;
      access: Access;
      room: Room<RoomFanout>;
      socket: Socket;
      dialect: Dialect;
    },
    ended: (document: NativeDocument, error: SyncError) => void,
  ) {
    const { visitor, access, room, socket, dialect } = of;
    this.socket = socket;
    this.#deps = deps;
    this.#visitor = visitor;
    this.#access = access;
    this.#ended = ended;
    const { sub } = visitor.claims;
    this.#channel = new Channel(deps, { dialect, room, connection: this, sub, access });
    this.#messages = new MessageQueue({
      handle: (message) => this.#channel.handle(message),
      fail: (error) => this.refuse(error),
      maxBytes: deps.limits.maxWaitingBytes,
    });
    room.join(this.#channel);
    deps.registry.used(room);
  }

  get number(): number {
    return this.#channel.room.fanout.number;
  }

  get name(): DocumentName {
    return this.#visitor.document;
  }

  /** Tells the client that the document is open, under this reference, and what it lacks. Rejects with SyncError. */
  async open(ref: number, known: Known): Promise<void> {
    const { epoch } = this.#channel.room;
    await this.#channel.begin(known, (isContentNext, stateVector) => {
      const { number: document } = this;
      const { number: writer } = this.#channel;
      const access = this.#access;
      this.socket.send(
        encodeServerFrame({
          type: 'opened',
          ref,
          document,
          writer,
          access,
          epoch,
          isContentNext,
          stateVector,
        }),
      );
    });
    this.#messages.open();
  }

  take(message: ClientMessage): void {
    this.#messages.push([message]);
  }

  /** Rejects with SyncError when the visitor may not be here any more. */
  async check(): Promise<Access> {
    const access = await this.#deps.check(this.#visitor);
    this.#tell(access);
    return access;
  }

  /** The session has a new token (A3). Never rejects. */
  async renew(claims: Claims): Promise<void> {
    this.#visitor = { ...this.#visitor, claims };
    await this.#channel.renew();
  }

  refuse(error: SyncError): void {
    this.#ended(this, error);
  }

  drained(): void {
    this.#channel.drained();
  }

  /** Throws SyncError when the client takes nothing. */
  checkProgress(): void {
    this.#channel.checkProgress();
  }

  close(): void {
    this.#messages.stop();
    this.#channel.close();
    this.#deps.registry.released(this.#channel.room);
    this.#deps.disconnected(this.#visitor);
  }

  #tell(access: Access): void {
    if (access === this.#access) return;
    this.#access = access;
    this.socket.send(encodeServerFrame({ type: 'access', document: this.number, access }));
  }
}
