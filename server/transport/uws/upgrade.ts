// Upgrade requests of uWebSockets.js.
//
// The binary has one limit on messages per route, takes memory for a message before all of it is there, and shows nothing
// of a message that is not complete. So there are two routes: one for strangers, whose messages are small, and one for all
// others. A socket stays on its route until it closes (O4).

import type { Admissions } from '../admissions.js';
import type { ReadClientAddress } from '../client-address.js';
import type { NativeContext, NativeRequest, NativeResponse } from './binary.js';
import { copyHead, writeReply } from './http.js';
import { UwsSocket, type UwsTopics, type UwsUserData } from './socket.js';

export interface UpgradesDeps {
  readonly topics: UwsTopics;
  readonly admissions: Admissions;
  readonly readAddress: ReadClientAddress;
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
    const { topics, admissions, readAddress } = this.#deps;
    const head = copyHead(request, response, readAddress);
    const admission = admissions.admit(head);
    if (!admission.accept) return writeReply(response, admission, { isHead: false, closeConnection: false });
    const { place, isLarge, subprotocol, open } = admission;
    const route = isLarge ? (this.#largeRoute ?? smallRoute) : smallRoute;
    const socket = new UwsSocket(topics, place);
    const carried: UwsUserData = { socket };
    const key = head.header('sec-websocket-key') ?? '';
    // Within the binary's own handler, never later: later the binary wants a cork around the upgrade, and after a cork it
    // tells an upgraded socket from a finished request by its address, which stays the same; then it reads memory that is
    // no longer its own, and may close the new connection.
    response.upgrade(carried, key, subprotocol ?? '', '', route);
    socket.start(open);
  };
}
