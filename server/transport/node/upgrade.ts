// Upgrade requests of Node's http.
//
// ws has one limit on messages per server. So there are two of its servers, which listen to nothing: one for strangers, whose
// messages are small, and one for all others. A socket keeps its limit until it closes (O4).

import type { IncomingMessage } from 'node:http';
import type { Socket as Stream } from 'node:net';
import { WebSocketServer } from 'ws';

import { maxStrangerMessageBytes, type PartsOptions, type TransportParts } from '../transport-parts.js';
import { copyHead, refuseUpgrade, type Target } from './http.js';
import { AnnouncingWebSocket, NodeSocket } from './socket.js';
import type { NodeSockets } from './sockets.js';

/** A client that does not answer a close frame is cut off so much later, ms. */
const closeTimeoutMs = 10_000;
/** ws keeps a message in pieces until it is whole. On average they are not smaller than this, bytes. */
const leastPieceBytes = 512;
/** So many pieces there may be of any message. */
const somePieces = 1_024;
/** ws keeps its limits in 32 bits, and takes 0 and less for none. */
const mostOfWs = 0x7fff_ffff;

export interface NodeUpgradesDeps extends Pick<TransportParts, 'admissions' | 'readAddress'> {
  readonly options: PartsOptions;
  readonly sockets: NodeSockets;
}

export class NodeUpgrades {
  readonly #deps: NodeUpgradesDeps;
  readonly #ofStrangers: WebSocketServer;
  readonly #ofAllOthers: WebSocketServer;
  /** For the upgrade that is under way: ws asks for it within the call. */
  #subprotocol: string | undefined;

  constructor(deps: NodeUpgradesDeps) {
    this.#deps = deps;
    this.#ofStrangers = this.#createServer(maxStrangerMessageBytes(deps.options));
    this.#ofAllOthers = this.#createServer(deps.options.maxMessageBytes);
  }

  /** Takes a request for a WebSocket with its stream, of which `rest` was read too far. */
  take(request: IncomingMessage, stream: Stream, rest: Buffer, target: Target): void {
    // From here on nobody but us would hear of it; the stream ends itself.
    stream.on('error', () => {});
    const { admissions, readAddress, sockets } = this.#deps;
    const admission = admissions.admit(copyHead(request, target, readAddress));
    if (!admission.accept) return refuseUpgrade(stream, admission);
    const { place, isLarge, subprotocol, open } = admission;
    this.#subprotocol = subprotocol;
    let isOpened = false;
    // The answer to the upgrade and the first frames leave together, once the socket is started.
    stream.cork();
    const server = isLarge ? this.#ofAllOthers : this.#ofStrangers;
    server.handleUpgrade(request, stream, rest, (ws) => {
      isOpened = true;
      // Of the class that the server was given.
      new NodeSocket(sockets, place, { ws: ws as AnnouncingWebSocket, stream }).start(open);
    });
    if (isOpened) return;
    // ws has refused a handshake that is not as it should be, or the client has gone.
    stream.uncork();
    place.seat.leave();
  }

  #createServer(maxMessageBytes: number): WebSocketServer {
    const maxPayload = Math.min(maxMessageBytes, mostOfWs);
    const maxPieces = Math.ceil(maxPayload / leastPieceBytes) + somePieces;
    // The types of ws do not know these yet.
    const newer = { closeTimeout: closeTimeoutMs, maxFragments: maxPieces, maxBufferedChunks: maxPieces };
    return new WebSocketServer({
      ...newer,
      noServer: true,
      WebSocket: AnnouncingWebSocket,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      handleProtocols: () => this.#subprotocol ?? false,
    });
  }
}
