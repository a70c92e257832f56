// One WebSocket: from the open socket to its end. Decides nothing about documents: it opens the channel, hands it the
// messages in order, and turns a SyncError into a closed connection.

import type { Clock, Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { Dialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { RoomRegistry } from '../room/room-registry.js';
import type { Socket, SocketHandler } from '../transport/transport.js';
import { Channel } from './channel.js';
import type { RoomFanout } from './room-fanout.js';
import type { Tarpit } from './tarpit.js';

/** Who is on the connection and what it is for, checked before the session begins. */
export interface Admitted {
  readonly claims: Claims;
  readonly document: DocumentName;
  readonly access: Access;
  /** Checks token and rights again. */
  readonly check: () => Promise<Access>;
  /** The last check before the document is opened; rejects with SyncError. */
  readonly enter: () => Promise<void>;
}

export interface SessionDeps {
  readonly socket: Socket;
  readonly dialect: Dialect;
  readonly registry: RoomRegistry<RoomFanout>;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly tarpit: Tarpit;
  /** The connection has ended. */
  readonly ended: (session: Session) => void;
}

/** Timers cannot wait longer. */
const maxTimerMs = 2 ** 31 - 1;
/** After a closing handshake that the client does not answer. */
const terminateMs = 5_000;

/**
 * opening: messages wait for the document. open: they are handled. busy: one is being handled, the others wait.
 * refused: the client has been, or will in a moment be, told why; what it sends is dropped. closed: the socket is gone.
 */
type State = 'opening' | 'open' | 'busy' | 'refused' | 'closed';

export class Session implements SocketHandler {
  readonly #deps: SessionDeps;
  #state: State = 'opening';
  #channel: Channel | undefined;
  /** Messages that wait, copied. */
  #waiting: ClientMessage[] = [];
  #waitingBytes = 0;
  #expiry: Timer | undefined;
  /** Closes, or ends a closing handshake nobody answers. */
  #farewell: Timer | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** Opens the document for an admitted client. Never rejects. */
  async begin(admitted: Admitted): Promise<void> {
    this.#watchExpiry(admitted.claims);
    try {
      if (this.#state !== 'opening') return;
      await admitted.enter();
      if (this.#state !== 'opening') return;
      const room = await this.#deps.registry.open(admitted.document);
      if (this.#state !== 'opening') {
        this.#deps.registry.released(room);
        return;
      }
      const { socket, dialect, clock, limits } = this.#deps;
      this.#channel = new Channel({
        socket,
        dialect,
        clock,
        limits,
        room,
        connection: this,
        sub: admitted.claims.sub,
        access: admitted.access,
        check: admitted.check,
        refuse: (error) => this.refuse(error),
      });
      room.join(this.#channel);
      this.#deps.registry.used(room);
      this.#release = () => this.#deps.registry.released(room);
      this.#channel.greet();
      this.#state = 'open';
      this.#handleWaiting();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
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
      { address: this.#deps.socket.remoteAddress },
      'a client was too slow and is disconnected',
    );
    this.#leave();
  }

  closed(): void {
    this.#leave();
    this.#farewell?.cancel();
    this.#state = 'closed';
    this.#deps.ended(this);
  }

  /** Regular look: shows the client that the connection is alive, and that the client is. */
  tick(): void {
    if (this.#state === 'refused' || this.#state === 'closed') return;
    try {
      this.#channel?.checkProgress();
      // A buffer that is full shows that there is traffic; another frame might be the one too many.
      const { socket, dialect } = this.#deps;
      if (socket.bufferedBytes === 0) socket.send(dialect.keepAlive);
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  /** Ends the connection with a close code and a reason. The client's document is left at once. */
  refuse(error: SyncError): void {
    if (this.#state === 'refused' || this.#state === 'closed') return;
    const { logger, socket, clock, tarpit } = this.#deps;
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

  #release: () => void = () => {};

  #leave(): void {
    this.#expiry?.cancel();
    this.#waiting = [];
    this.#waitingBytes = 0;
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close();
    this.#release();
    this.#release = () => {};
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

  /** A2: at `exp` reading and writing end, to the second. */
  #watchExpiry({ exp }: Claims): void {
    if (exp === undefined) return;
    const { clock } = this.#deps;
    const leftMs = exp * 1000 - clock.now();
    if (leftMs <= 0) this.refuse(new SyncError('TOKEN_EXPIRED'));
    else
      this.#expiry = clock.after(Math.min(leftMs, maxTimerMs), () => this.#watchExpiry({ exp, payload: {} }));
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
