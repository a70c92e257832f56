// Upgrade requests of uWebSockets.js: who is let in, with which limit on messages, and what becomes of the socket.
//
// The binary has one limit on messages per route, takes memory for a message before all of it is there, and shows nothing
// of a message that is not complete. So there are two routes: one for strangers, whose messages are small, and one for all
// others. A socket stays on its route until it closes (O4).

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { Seat, type Addresses } from './addresses.js';
import type { ReadClientAddress } from './client-address.js';
import type { OversizeMemory } from './oversize-memory.js';
import type { Socket, SocketHandler, TransportHandler, UpgradeDecision } from './transport.js';
import type { NativeContext, NativeRequest, NativeResponse } from './uws-binary.js';
import { copyHead, type RequestHead, writeReply } from './uws-http.js';
import { UwsSocket, type UwsTopics, type UwsUserData } from './uws-socket.js';

type Accepted = Extract<UpgradeDecision, { accept: true }>;

export interface UpgradesDeps {
  readonly topics: UwsTopics;
  readonly handler: Pick<TransportHandler, 'upgrade'>;
  readonly addresses: Addresses;
  readonly oversize: OversizeMemory;
  readonly readAddress: ReadClientAddress;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Upgrades {
  readonly #deps: UpgradesDeps;
  /** Of the route for large messages. The binary gives it to that route's handler alone, and it stays valid. */
  #largeRoute: NativeContext | undefined;

  constructor(deps: UpgradesDeps) {
    this.#deps = deps;
  }

  /** The handler of the route for large messages, which the binary asks first: leaves the request to the next route. */
  readonly learn = (_response: NativeResponse, request: NativeRequest, route: NativeContext): void => {
    this.#largeRoute = route;
    request.setYield(true);
  };

  /** The handler of the route for strangers. */
  readonly upgrade = (response: NativeResponse, request: NativeRequest, smallRoute: NativeContext): void => {
    const { addresses, readAddress } = this.#deps;
    const head = copyHead(request, response, readAddress);
    const seat = addresses.admit(head.remoteAddress, 'websocket');
    if (!(seat instanceof Seat)) return refuse(response, seat.status, seat.reason);
    const decision = this.#decide(head);
    if (decision.accept) return this.#accept(response, head, seat, decision, smallRoute);
    seat.leave();
    refuse(response, decision.status, decision.body);
  };

  #decide(head: RequestHead): UpgradeDecision {
    try {
      return this.#deps.handler.upgrade(head);
    } catch (error) {
      const { method, remoteAddress } = head;
      this.#deps.logger.error({ err: error, method, remoteAddress }, 'a request handler has thrown');
      return { accept: false, status: 500, body: 'INTERNAL' };
    }
  }

  #accept(
    response: NativeResponse,
    head: RequestHead,
    seat: Seat,
    decision: Accepted,
    smallRoute: NativeContext,
  ): void {
    const { oversize, topics } = this.#deps;
    if (decision.isTrusted === true) seat.believe();
    const isLarge = seat.takeRoom(decision.hasToken === true);
    const route = isLarge ? (this.#largeRoute ?? smallRoute) : smallRoute;
    const { remoteAddress } = head;
    const outgrew = isLarge ? this.#noteOf(oversize.clientOf(head), remoteAddress) : seatOutgrown(seat);
    const socket = new UwsSocket(topics, { remoteAddress, seat, outgrew });
    const carried: UwsUserData = { socket };
    const key = head.header('sec-websocket-key') ?? '';
    // Within the binary's own handler, never later: later the binary wants a cork around the upgrade, and after a cork it
    // tells an upgraded socket from a finished request by its address, which stays the same; then it reads memory that is
    // no longer its own, and may close the new connection.
    response.upgrade(carried, key, decision.subprotocol ?? '', '', route);
    const tellAfterMs = oversize.tellAfterMs(head);
    socket.start((opened) =>
      tellAfterMs === undefined ? decision.open(opened) : this.#tellTooLarge(opened, tellAfterMs),
    );
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
    const { closeCode, reason } = new SyncError('FRAME_TOO_LARGE', 'your last message was over the limit');
    const close = (): void => socket.close(closeCode, reason);
    const timer = afterMs === 0 ? undefined : this.#deps.clock.after(afterMs, close);
    if (timer === undefined) close();
    return { message() {}, drained() {}, dropped() {}, closed: () => timer?.cancel() };
  }
}

function seatOutgrown(seat: Seat): () => void {
  return () => seat.outgrow();
}

function refuse(response: NativeResponse, status: number, body: string): void {
  writeReply(response, { status, body }, { isHead: false, closeConnection: false });
}
