// One WebSocket with one document: from the open socket to its end. Decides nothing about documents: it opens the channel,
// hands it the messages in order, and turns a SyncError into a closed connection.

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';
import type { DocumentDialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Socket, SocketHandler } from '../transport/transport.js';
import { Channel, type Connection } from './channel.js';
import { Expiry } from './expiry.js';
import { sayFarewell } from './farewell.js';
import { MessageQueue } from './message-queue.js';
import type { VisitDeps, Visitor } from './visitor.js';

/** What all sessions of a server share. */
export interface DocumentSessionDeps extends VisitDeps {
  readonly dialect: DocumentDialect;
}

/**
 * opening: messages wait for the document. open: they are handled. refused: the client has been, or will in a moment be,
 * told why; what it sends is dropped. closed: the socket is gone.
 */
type State = 'opening' | 'open' | 'refused' | 'closed';

export class DocumentSession implements SocketHandler, Connection {
  readonly socket: Socket;
  readonly #deps: DocumentSessionDeps;
  #state: State = 'opening';
  #visitor: Visitor | undefined;
  #isConnected = false;
  #channel: Channel | undefined;
  readonly #messages: MessageQueue<ClientMessage>;
  readonly #expiry = new Expiry();
  /** Ends the wait for the end of a refused connection. */
  #stopFarewell: (() => void) | undefined;

  constructor(deps: DocumentSessionDeps, socket: Socket) {
    this.#deps = deps;
    this.socket = socket;
    this.#messages = new MessageQueue({
      handle: (message) => this.#channel?.handle(message),
      fail: (error) => this.refuse(error),
      maxBytes: deps.limits.maxWaitingBytes,
    });
  }

  /** Opens the document for a visitor with this access. Never rejects. */
  async begin(visitor: Visitor, access: Access): Promise<void> {
    this.#visitor = visitor;
    this.#watchExpiry();
    try {
      if (this.#state !== 'opening') return;
      await this.#connect(visitor);
      if (this.#state !== 'opening') return;
      const room = await this.#deps.registry.open(visitor.document);
      if (this.#state !== 'opening') {
        this.#deps.registry.released(room);
        return;
      }
      const { dialect } = this.#deps;
      const { sub } = visitor.claims;
      this.#channel = new Channel(this.#deps, { dialect, room, connection: this, sub, access });
      room.join(this.#channel);
      this.#deps.registry.used(room);
      this.#channel.greet();
      this.#state = 'open';
      this.#messages.open();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  /** Rejects with SyncError when the visitor may not be here any more. */
  async check(): Promise<Access> {
    if (this.#visitor === undefined) throw new SyncError('TOKEN_MISSING');
    return this.#deps.check(this.#visitor);
  }

  message(frame: Uint8Array, isBinary: boolean): void {
    if (this.#state === 'refused' || this.#state === 'closed') return;
    try {
      if (!isBinary) throw new SyncError('FRAME_MALFORMED', 'frames are binary');
      this.#messages.push(this.#deps.dialect.decode(frame, this.#deps.limits.maxMessagesPerFrame));
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  drained(): void {
    this.#channel?.drained();
  }

  dropped(): void {
    this.#deps.logger.warn(
      { address: this.socket.remoteAddress },
      'a client was too slow and is disconnected',
    );
    this.#leave();
  }

  closed(): void {
    this.#leave();
    this.#stopFarewell?.();
    this.#state = 'closed';
    this.#deps.ended(this);
    if (this.#isConnected && this.#visitor !== undefined) this.#deps.disconnected(this.#visitor);
  }

  /** Regular look: shows the client that the connection is alive, and that the client is. */
  tick(): void {
    if (this.#state === 'refused' || this.#state === 'closed') return;
    try {
      this.#channel?.checkProgress();
      // A buffer that is full shows that there is traffic; another frame might be the one too many.
      if (this.socket.bufferedBytes === 0) this.socket.send(this.#deps.dialect.keepAlive);
      this.#watchExpiry();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  /** Ends the connection with a close code and a reason. The client's document is left at once. */
  refuse(error: SyncError): void {
    if (this.#state === 'refused' || this.#state === 'closed') return;
    this.#state = 'refused';
    this.#leave();
    this.#stopFarewell = sayFarewell(this.#deps, this.socket, error);
  }

  async #connect(visitor: Visitor): Promise<void> {
    await this.#deps.connected(visitor);
    this.#isConnected = true;
    if (this.#state === 'closed') this.#deps.disconnected(visitor);
  }

  #leave(): void {
    this.#expiry.cancel();
    this.#messages.stop();
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel === undefined) return;
    channel.close();
    this.#deps.registry.released(channel.room);
  }

  #watchExpiry(): void {
    const { clock } = this.#deps;
    if (this.#visitor !== undefined)
      this.#expiry.watch(clock, this.#visitor.claims, () => this.refuse(new SyncError('TOKEN_EXPIRED')));
  }
}
