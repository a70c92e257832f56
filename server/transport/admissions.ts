// Upgrade requests: who is let in, with which limit on messages, and who opens the socket. Knows no library. A library has one
// limit on messages for a socket, from its upgrade to its end. So strangers, whose messages are small, and all others are told
// apart here, before the upgrade, and a socket keeps its limit until it closes (O4).

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { Seat, type Addresses } from './addresses.js';
import { outsideReason, pathBelow, socketPath } from './base-path.js';
import type { OversizeMemory } from './oversize-memory.js';
import type { RequestHead } from './request-head.js';
import type { Socket, SocketHandler, TransportHandler, UpgradeDecision } from './transport.js';

export interface AdmissionsDeps {
  readonly handler: Pick<TransportHandler, 'upgrade'>;
  readonly addresses: Addresses;
  readonly oversize: OversizeMemory;
  /** '' where nothing is in front of the paths. */
  readonly basePath: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a socket that was let in needs. */
export interface Place {
  readonly remoteAddress: string;
  /** The socket leaves it when it closes. */
  readonly seat: Seat;
  /** Called when the connection ended because of a message over its limit. */
  readonly outgrew: () => void;
}

export type Admission =
  | {
      readonly accept: true;
      readonly place: Place;
      /** Its messages may be as large as `maxMessageBytes`; otherwise as large as `maxUnknownBytes`. */
      readonly isLarge: boolean;
      readonly subprotocol: string | undefined;
      readonly open: (socket: Socket) => SocketHandler;
    }
  | { readonly accept: false; readonly status: number; readonly body: string };

/** Old stock clients ignore close codes, and come back 100 ms after the end. */
const outsideDelayMs = 1_000;
/** Characters of a path that go into the log. */
const maxShownPath = 200;

export class Admissions {
  readonly #deps: AdmissionsDeps;

  constructor(deps: AdmissionsDeps) {
    this.#deps = deps;
  }

  /** Decides on a request. Whoever accepts it and then cannot upgrade it leaves the seat. */
  admit(head: RequestHead): Admission {
    const { remoteAddress } = head;
    const seat = this.#deps.addresses.admit(remoteAddress, 'websocket');
    if (!(seat instanceof Seat)) return { accept: false, status: seat.status, body: seat.reason };
    const decision = this.#decide(head);
    if (!decision.accept) {
      seat.leave();
      return decision;
    }
    const { oversize } = this.#deps;
    if (decision.isTrusted === true) seat.believe();
    const isLarge = seat.takeRoom(decision.hasToken === true);
    const outgrew = isLarge ? this.#noteOf(oversize.clientOf(head), remoteAddress) : seatOutgrown(seat);
    const tellAfterMs = oversize.tellAfterMs(head);
    return {
      accept: true,
      place: { remoteAddress, seat, outgrew },
      isLarge,
      subprotocol: decision.subprotocol,
      open: (socket) =>
        tellAfterMs === undefined ? decision.open(socket) : this.#tellTooLarge(socket, tellAfterMs),
    };
  }

  #decide(head: RequestHead): UpgradeDecision {
    const path = pathBelow(this.#deps.basePath, head.path);
    if (path === undefined) return this.#outside(head);
    const own = socketPath(path);
    try {
      return this.#deps.handler.upgrade(own === head.path ? head : { ...head, path: own });
    } catch (error) {
      const { method, remoteAddress } = head;
      this.#deps.logger.error({ err: error, method, remoteAddress }, 'a request handler has thrown');
      return { accept: false, status: 500, body: 'INTERNAL' };
    }
  }

  /** Told on the open socket, as browsers hide the answer to an upgrade that was refused. */
  #outside({ path, remoteAddress: address }: RequestHead): UpgradeDecision {
    const error = new SyncError('NAME_INVALID', outsideReason(this.#deps.basePath));
    const shown = path.slice(0, maxShownPath);
    this.#deps.logger.info(
      { code: error.code, address, path: shown, err: error.message },
      'a connection was refused',
    );
    return { accept: true, open: (socket) => this.#tell(socket, error, outsideDelayMs) };
  }

  /** Made apart from the request: a function that is made beside others keeps all that any of them uses. */
  #noteOf(client: string, remoteAddress: string): () => void {
    return () => {
      this.#deps.logger.info({ remoteAddress }, 'a connection ended because of a message that is too large');
      this.#deps.oversize.note(client);
    };
  }

  /** A handler that tells the client, at once or later, why its last connection ended. */
  #tellTooLarge(socket: Socket, afterMs: number): SocketHandler {
    const error = new SyncError('FRAME_TOO_LARGE', 'your last message was over the limit');
    return this.#tell(socket, error, afterMs);
  }

  /** A handler that does nothing but close the socket with the error. */
  #tell(socket: Socket, { closeCode, reason }: SyncError, afterMs: number): SocketHandler {
    const close = (): void => socket.close(closeCode, reason);
    const timer = afterMs === 0 ? undefined : this.#deps.clock.after(afterMs, close);
    if (timer === undefined) close();
    return { message() {}, drained() {}, dropped() {}, closed: () => timer?.cancel() };
  }
}

function seatOutgrown(seat: Seat): () => void {
  return () => seat.outgrow();
}
