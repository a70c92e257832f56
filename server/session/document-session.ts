// One WebSocket with one document: from the open socket to its end. Decides nothing about documents: it opens the channel,
// hands it the messages in order, and turns a SyncError into a closed connection.

import { pathTakenFor, type DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import { isHello } from '../../shared/native/frame.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { DocumentDialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Socket, SocketHandler } from '../transport/transport.js';
import { BeforeToken } from './before-token.js';
import { ByteBudget } from './byte-budget.js';
import { Channel, type ChannelHost } from './channel.js';
import type { DocumentRight, RightHolder } from './document-right.js';
import { Farewell, type Leaving } from './farewell.js';
import { checkFrameSize } from './frame-size.js';
import { MessageQueue, type MessageHandler } from './message-queue.js';
import { Outbox } from './outbox.js';
import { Rights, type Identity, type RightsHost } from './rights.js';
import type { DeviceSigns } from './session-devices.js';
import type { ConnectionSummary, Session, SessionDeps } from './session.js';
import { Visit } from './visit.js';
import type { Who } from './who.js';

/** What all sessions of this kind share. */
export interface DocumentSessionDeps extends SessionDeps {
  readonly dialect: DocumentDialect;
}

/** One object in all its parts: there is one session for each connection, and every function of its own would be kept for it. */
export class DocumentSession
  implements
    SocketHandler,
    Session,
    ChannelHost,
    RightHolder,
    RightsHost,
    Leaving,
    MessageHandler<ClientMessage>
{
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly right: DocumentRight;
  readonly #deps: DocumentSessionDeps;
  readonly connectionId: string;
  readonly #origin: string | undefined;
  readonly #kid: string | undefined;
  readonly device: DeviceSigns;
  readonly #rights: Rights;
  readonly #farewell: Farewell;
  readonly #beforeToken: BeforeToken;
  readonly #messages: MessageQueue<ClientMessage>;
  #held: ByteBudget | undefined;
  /** A frame has come. */
  #hasHeard = false;
  #visit: Visit | undefined;
  #channel: Channel | undefined;

  constructor(
    deps: DocumentSessionDeps,
    of: {
      socket: Socket;
      connectionId: string;
      document: DocumentName;
      origin: string | undefined;
      kid: string | undefined;
      device: DeviceSigns;
    },
  ) {
    this.#deps = deps;
    this.socket = of.socket;
    this.connectionId = of.connectionId;
    this.#origin = of.origin;
    this.#kid = of.kid;
    this.device = of.device;
    this.outbox = new Outbox(this, deps);
    this.#rights = new Rights(this, deps);
    this.right = this.#rights.of(of.document, this);
    this.#farewell = new Farewell(deps, this);
    this.#beforeToken = new BeforeToken(deps, this);
    this.#beforeToken.presented();
    this.#messages = new MessageQueue(this, deps);
  }

  get summary(): ConnectionSummary {
    const { connectionId: id, socket, right } = this;
    const { claims } = this.#rights;
    const { remoteAddress } = socket;
    return { id, protocol: 'y-websocket', claims, remoteAddress, documents: [right.document] };
  }

  get who(): Who {
    const { connectionId: connection, socket, right } = this;
    const { remoteAddress: address } = socket;
    const sub = this.#rights.claims?.sub;
    return { connection, address, origin: this.#origin, document: right.document, sub, kid: this.#kid };
  }

  get waiting(): ByteBudget {
    return this.#beforeToken.waiting;
  }

  get held(): ByteBudget {
    return (this.#held ??= new ByteBudget(this.#deps.limits.maxHeldBytes));
  }

  /** Opens the document for whoever this turns out to be. Never rejects. */
  async begin(identity: Promise<Identity>): Promise<void> {
    try {
      await this.#rights.begin(identity);
      if (this.#farewell.isSaid) return;
      this.#beforeToken.believed();
      this.#deps.logger.debug(this.who, 'a connection was let in');
      this.socket.trust();
      await this.right.check(true);
      if (!this.#farewell.isSaid) await this.#open();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  message(frame: Uint8Array, isBinary: boolean): void {
    if (this.#farewell.isSaid) return;
    try {
      if (!isBinary) throw new SyncError('FRAME_MALFORMED', 'frames are binary');
      checkFrameSize(frame.length, this.#deps.limits);
      this.#checkProtocol(frame);
      this.#messages.push(this.#deps.dialect.read(frame));
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  drained(): void {
    this.outbox.drained();
    this.#channel?.drained();
  }

  dropped(): void {
    this.#farewell.dropped();
  }

  closed(): void {
    this.#farewell.closed();
  }

  tick(): void {
    if (this.#farewell.isSaid) return;
    try {
      this.outbox.checkProgress();
      this.#channel?.checkProgress();
      // A buffer that is not empty shows that there is traffic.
      if (this.#beforeToken.isBelieved && this.socket.bufferedBytes === 0)
        this.outbox.send(this.#deps.dialect.keepAlive);
      this.#rights.look();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  refuse(error: SyncError): void {
    this.#farewell.refuse(error);
  }

  handle(message: ClientMessage): void | Promise<void> {
    return this.#channel?.handle(message);
  }

  /** A stock client has no words for it, and hears of what is refused. What was refused before is asked for again. */
  accessChanged(access: Access): void {
    this.#channel?.accessChanged(access);
  }

  rightLost(error: SyncError): void {
    this.refuse(error);
  }

  /** A stock client cannot hand in a new token. */
  renewed(): void {}

  identified(before: Claims | undefined): void {
    this.#deps.identified(this, before);
  }

  get claims(): Claims | undefined {
    return this.#rights.claims;
  }

  recheck(): void {
    this.#rights.recheck();
  }

  /** A stock client hands in a token with a new connection only. */
  wantToken(error: SyncError): void {
    this.sendAway(error);
  }

  sendAway(error: SyncError): void {
    this.#farewell.sendAway(error);
  }

  leave(): void {
    this.#rights.close();
    this.#beforeToken.close();
    this.#messages.stop();
    this.#channel?.close();
    this.#channel = undefined;
    this.#visit?.end();
    this.outbox.close();
  }

  /** A close frame says all that a stock client understands. */
  tell(): void {}

  gone(): void {
    this.#deps.ended(this);
  }

  /** Heddle's own client comes here when a proxy leaves its prefix in the path, and could not guess that from the bytes. */
  #checkProtocol(frame: Uint8Array): void {
    const isFirst = !this.#hasHeard;
    this.#hasHeard = true;
    if (isFirst && isHello(frame))
      throw new SyncError(
        'FRAME_MALFORMED',
        `${pathTakenFor(this.right.document)}: Heddle's own protocol has none`,
      );
  }

  async #open(): Promise<void> {
    const { claims } = this.#rights;
    if (claims === undefined) return;
    const { document } = this.right;
    const { remoteAddress } = this.socket;
    this.#visit = new Visit(this.#deps, {
      connectionId: this.connectionId,
      document,
      claims,
      remoteAddress,
    });
    const room = await this.#visit.enter();
    if (room === undefined) return;
    this.#channel = new Channel(this.#deps, {
      dialect: this.#deps.dialect,
      room,
      host: this,
      sub: claims.sub,
      // Stock clients have no words for it.
      device: undefined,
      stamp: this.#deps.stampOf?.(claims),
      stay: this.#visit.stay,
    });
    room.join(this.#channel);
    this.#deps.registry.used(room);
    this.#channel.greet();
    this.#messages.open();
  }
}
