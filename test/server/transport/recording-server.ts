// A server for the transport contract whose handlers write down what they are told.

import type {
  HttpReply,
  HttpRequest,
  Socket,
  SocketHandler,
  TransportHandler,
  UpgradeDecision,
  UpgradeRequest,
} from '../../../server/transport/transport.js';

/** A socket as the server sees it, with what its handler was told. */
export interface Peer {
  readonly socket: Socket;
  readonly events: string[];
  readonly messages: { bytes: Uint8Array; isBinary: boolean }[];
}

/** A server whose handler writes down what it is told. */
export class RecordingServer implements TransportHandler {
  readonly peers: Peer[] = [];
  /** No connection begins as a stranger. */
  isTrusting = true;
  decide: (request: UpgradeRequest) => UpgradeDecision = () => this.accept();
  onMessage: (peer: Peer, frame: Uint8Array) => void = () => {};
  onEvent: (peer: Peer, event: string) => void = () => {};
  reply: (request: HttpRequest) => HttpReply | Promise<HttpReply> = () => ({ status: 200 });

  accept(subprotocol?: string): UpgradeDecision {
    return { accept: true, subprotocol, isTrusted: this.isTrusting, open: (socket) => this.#open(socket) };
  }

  upgrade(request: UpgradeRequest) {
    return this.decide(request);
  }

  request(request: HttpRequest) {
    return this.reply(request);
  }

  #open(socket: Socket): SocketHandler {
    const peer: Peer = { socket, events: [], messages: [] };
    this.peers.push(peer);
    let depth = 0;
    const tell = (event: string, act: () => void = () => {}) => {
      peer.events.push(depth > 0 ? `reentered ${event}` : event);
      depth++;
      try {
        act();
        this.onEvent(peer, event);
      } finally {
        depth--;
      }
    };
    return {
      message: (frame, isBinary) =>
        tell('message', () => {
          peer.messages.push({ bytes: frame.slice(), isBinary });
          this.onMessage(peer, frame);
        }),
      drained: () => tell('drained'),
      dropped: () => tell('dropped'),
      closed: (code) => tell(`closed ${code}`),
    };
  }
}
