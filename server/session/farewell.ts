// The end of a connection, whichever way it comes: left once, logged once, told with its reason. A client that keeps coming
// back is told late, and one that does not answer the closing handshake is not waited for.

import type { Clock, Timer } from '../../shared/clock.js';
import type { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { Socket } from '../transport/transport.js';
import type { Tarpit } from './tarpit.js';
import { logRefusal, type Who } from './who.js';

/** What the ends of all connections share. */
export interface FarewellDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tarpit: Tarpit;
}

/** Whose end it is. An object, not functions: there is one for each connection. */
export interface Leaving {
  readonly socket: Socket;
  readonly who: Who;
  /** Lets go of everything the connection has. Called once, before the client is told. */
  leave(): void;
  /** Says more than a close frame can, right before it. */
  tell(error: SyncError): void;
  /** The socket is gone, and all is done. */
  gone(): void;
}

/**
 * open: the connection goes on. refused: the client has been told why it ends, or will be in a moment. dropped: the
 * transport has given the socket up. closed: the socket is gone.
 */
export type FarewellState = 'open' | 'refused' | 'dropped' | 'closed';
export type FarewellEvent = 'refuse' | 'drop' | 'close';

/** What follows; an event that is not named changes nothing and does nothing. */
export const farewellTransitions: Readonly<
  Record<FarewellState, Partial<Record<FarewellEvent, FarewellState>>>
> = {
  open: { refuse: 'refused', drop: 'dropped', close: 'closed' },
  refused: { close: 'closed' },
  dropped: { close: 'closed' },
  closed: {},
};

/** After a closing handshake that the client does not answer. */
const terminateMs = 5_000;
/** A message over the limit, which had to be received first, counts for so many refusals. */
const largeFrameWeight = 10;

export class Farewell {
  readonly #deps: FarewellDeps;
  readonly #of: Leaving;
  #state: FarewellState = 'open';
  #timer: Timer | undefined;

  constructor(deps: FarewellDeps, of: Leaving) {
    this.#deps = deps;
    this.#of = of;
  }

  /** Whether the connection has ended, or is about to: nothing that comes counts any more. */
  get isSaid(): boolean {
    return this.#state !== 'open';
  }

  /** Ends the connection with a close code and a reason. */
  refuse(error: SyncError): void {
    if (!this.#end(error)) return;
    const { remoteAddress } = this.#of.socket;
    const weight = error.code === 'FRAME_TOO_LARGE' ? largeFrameWeight : 1;
    const delayMs = error.retry === 'backoff' ? 0 : this.#deps.tarpit.delay(remoteAddress, weight);
    if (delayMs === 0) this.#say(error);
    else this.#timer = this.#deps.clock.after(delayMs, () => this.#say(error));
  }

  /** The same for what the client has not caused: it is told at once, and the tarpit does not count it. */
  sendAway(error: SyncError): void {
    if (this.#end(error)) this.#say(error);
  }

  /** The transport refuses to send more, as the client takes too little. It ends the socket itself. */
  dropped(): void {
    if (!this.#happen('drop')) return;
    this.#deps.logger.warn(this.#of.who, 'a client was too slow and is disconnected');
    this.#of.leave();
  }

  /** The socket is gone. */
  closed(): void {
    const wasOpen = this.#state === 'open';
    if (!this.#happen('close')) return;
    this.#timer?.cancel();
    const { who } = this.#of;
    if (wasOpen) this.#of.leave();
    this.#deps.logger.debug(who, 'a connection has closed');
    this.#of.gone();
  }

  #end(error: SyncError): boolean {
    if (!this.#happen('refuse')) return false;
    const { who } = this.#of;
    this.#of.leave();
    logRefusal(this.#deps.logger, error, who, 'connection');
    return true;
  }

  #say(error: SyncError): void {
    const { socket } = this.#of;
    this.#of.tell(error);
    socket.close(error.closeCode, error.reason);
    this.#timer = this.#deps.clock.after(terminateMs, () => socket.terminate());
  }

  #happen(event: FarewellEvent): boolean {
    const next = farewellTransitions[this.#state][event];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}
