// One WebSocket: from the open socket to its end. Decides nothing about documents: it opens the channel, hands it the
// messages in order, and turns a SyncError into a closed connection.

import type { Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { RoomRegistry } from '../room/room-registry.js';
import type { Socket, SocketHandler } from '../transport/transport.js';
import { Channel, type ChannelDeps, type Connection } from './channel.js';
import type { RoomFanout } from './room-fanout.js';
import type { Tarpit } from './tarpit.js';

/** Somebody who passed the checks of the token. */
export interface Visitor {
  readonly connectionId: string;
  readonly document: DocumentName;
  readonly claims: Claims;
  readonly remoteAddress: string;
}

/** What all sessions of a server share. */
export interface SessionDeps extends ChannelDeps {
  readonly registry: RoomRegistry<RoomFanout>;
  readonly logger: Logger;
  readonly tarpit: Tarpit;
  /** Token and rights, checked again (A1). Rejects with SyncError. */
  readonly check: (visitor: Visitor) => Promise<Access>;
  /** The last check before the document is opened; rejects with SyncError. */
  readonly connected: (visitor: Visitor) => Promise<void>;
  /** One that was let in has gone. */
  readonly disconnected: (visitor: Visitor) => void;
  /** The connection has ended. */
  readonly ended: (session: Session) => void;
}

/** Every session is looked after once in this time: stock clients give up after 30 s of silence. */
export const lookEveryMs = 15_000;
/** After a closing handshake that the client does not answer. */
const terminateMs = 5_000;

/**
 * opening: messages wait for the document. open: they are handled. busy: one is being handled, the others wait.
 * refused: the client has been, or will in a moment be, told why; what it sends is dropped. closed: the socket is gone.
 */
type State = 'opening' | 'open' | 'busy' | 'refused' | 'closed';

export class Session implements SocketHandler, Connection {
  readonly socket: Socket;
  readonly #deps: SessionDeps;
  #state: State = 'opening';
  #visitor: Visitor | undefined;
  #isConnected = false;
  #channel: Channel | undefined;
  /** Messages that wait, copied. */
  #waiting: ClientMessage[] = [];
  #waitingBytes = 0;
  /** Set when the token expires before the next look but one. */
  #expiry: Timer | undefined;
  /** Closes, or ends a closing handshake nobody answers. */
  #farewell: Timer | undefined;

  constructor(deps: SessionDeps, socket: Socket) {
    this.#deps = deps;
    this.socket = socket;
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
      this.#channel = new Channel(this.#deps, { room, connection: this, sub: visitor.claims.sub, access });
      room.join(this.#channel);
      this.#deps.registry.used(room);
      this.#channel.greet();
      this.#state = 'open';
      this.#handleWaiting();
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
      this.#handle(this.#deps.dialect.decode(frame, this.#deps.limits.maxMessagesPerFrame));
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
    this.#farewell?.cancel();
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
    const { socket } = this;
    const { logger, clock, tarpit } = this.#deps;
    this.#state = 'refused';
    this.#leave();
    const fields = { code: error.code, address: socket.remoteAddress, err: error.cause ?? error.message };
    if (error.code === 'INTERNAL') logger.error(fields, 'a connection failed');
    else logger.info(fields, 'a connection was refused');
    const isByPolicy = error.retry !== 'backoff';
    const delayMs = isByPolicy ? tarpit.delay(socket.remoteAddress) : 0;
    const close = (): void => {
      socket.close(error.closeCode, error.reason);
      this.#farewell = clock.after(terminateMs, () => socket.terminate());
    };
    if (delayMs === 0) close();
    else this.#farewell = clock.after(delayMs, close);
  }

  async #connect(visitor: Visitor): Promise<void> {
    await this.#deps.connected(visitor);
    this.#isConnected = true;
    if (this.#state === 'closed') this.#deps.disconnected(visitor);
  }

  #leave(): void {
    this.#expiry?.cancel();
    this.#waiting = [];
    this.#waitingBytes = 0;
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel === undefined) return;
    channel.close();
    this.#deps.registry.released(channel.room);
  }

  #handle(messages: readonly ClientMessage[]): void {
    for (let i = 0; i < messages.length; i++) {
      if (this.#state !== 'open') {
        this.#wait(messages.slice(i));
        return;
      }
      const message = messages[i];
      if (message === undefined) return;
      const pending = this.#channel?.handle(message);
      if (pending !== undefined) this.#await(pending);
    }
  }

  #await(pending: Promise<void>): void {
    this.#state = 'busy';
    pending.then(
      () => {
        if (this.#state !== 'busy') return;
        this.#state = 'open';
        this.#handleWaiting();
      },
      (error: unknown) => this.refuse(toSyncError(error)),
    );
  }

  #wait(messages: readonly ClientMessage[]): void {
    if (this.#state === 'refused' || this.#state === 'closed') return;
    for (const message of messages) {
      const copy = copyOf(message);
      this.#waiting.push(copy.message);
      this.#waitingBytes += copy.bytes;
    }
    if (this.#waitingBytes > this.#deps.limits.maxWaitingBytes) {
      throw new SyncError('RATE_LIMITED', 'too much was sent before the document was open');
    }
  }

  #handleWaiting(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      this.#handle(messages);
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  /** A2: at `exp` reading and writing end, to the second. Before the last moments the regular look is enough. */
  #watchExpiry(): void {
    const { clock } = this.#deps;
    const exp = this.#visitor?.claims.exp;
    if (exp === undefined) return;
    const leftMs = exp * 1000 - clock.now();
    this.#expiry?.cancel();
    if (leftMs <= 0) this.refuse(new SyncError('TOKEN_EXPIRED'));
    else if (leftMs <= 2 * lookEveryMs) this.#expiry = clock.after(leftMs, () => this.#watchExpiry());
  }
}

/** What a message takes beside its bytes. */
const messageBytes = 64;

function copyOf(message: ClientMessage): { message: ClientMessage; bytes: number } {
  switch (message.type) {
    case 'sync-request': {
      const stateVector = message.stateVector.slice();
      return { message: { type: message.type, stateVector }, bytes: stateVector.length + messageBytes };
    }
    case 'awareness-query':
      return { message, bytes: messageBytes };
    default: {
      const update = message.update.slice();
      return { message: { type: message.type, update }, bytes: update.length + messageBytes };
    }
  }
}
