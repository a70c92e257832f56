// A tiny server for the load clients: relays what comes, as it comes or as a test wants it. Keeps nothing.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as encoding from 'lib0/encoding';
import { WebSocketServer, type WebSocket } from 'ws';
import { protocols } from '../../../bench/protocol/all.js';
import type { ProtocolName } from '../../../bench/protocol/protocol.js';
import type { ParticipantContext } from '../../../bench/load/participant.js';
import { emptyUpdate } from '../../../server/crdt/state-vector.js';

const syncStatus = 8;

export interface RelayOptions {
  readonly protocol?: ProtocolName;
  /** The sender gets its own updates too. Default true for y-websocket. */
  readonly isEchoing?: boolean;
  /** What to relay in place of the `index`-th update or awareness message; default: itself. */
  pass?(message: Buffer, index: number): readonly Uint8Array[];
  /** Called with every connection. */
  connected?(socket: WebSocket): void;
}

export class Relay {
  readonly context: ParticipantContext;
  readonly #server: WebSocketServer;
  readonly #options: RelayOptions;
  readonly #rooms = new Map<string, Set<WebSocket>>();
  #index = 0;

  private constructor(server: WebSocketServer, options: RelayOptions) {
    const name = options.protocol ?? 'y-websocket';
    this.#server = server;
    this.#options = { isEchoing: name === 'y-websocket', ...options };
    const { port } = server.address() as AddressInfo;
    this.context = {
      endpoint: { url: `ws://127.0.0.1:${port}`, protocol: name },
      protocol: protocols[name],
    };
    server.on('connection', (socket, request) => this.#join(socket, request.url ?? ''));
  }

  static async start(options: RelayOptions = {}): Promise<Relay> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new Relay(server, options);
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** To everybody, out of turn. */
  sendAll(message: Uint8Array): void {
    for (const socket of this.#server.clients) socket.send(message);
  }

  #join(socket: WebSocket, path: string): void {
    const room = this.#rooms.get(path) ?? new Set();
    this.#rooms.set(path, room.add(socket));
    socket.on('message', (message: Buffer) => this.#receive(socket, room, message));
    socket.on('close', () => room.delete(socket));
    this.#options.connected?.(socket);
  }

  #receive(socket: WebSocket, room: ReadonlySet<WebSocket>, message: Buffer): void {
    const { protocol } = this.context;
    // Hocuspocus' greeting is of no interest to a relay, and not a message of a server.
    if (protocol.name === 'hocuspocus' && message[message[0]! + 1] === 2) return;
    const [content] = protocol.read(message);
    if (content?.kind === 'sync-request')
      socket.send(protocol.converse(documentOf(message), 1).syncReply(emptyUpdate));
    if (content?.kind !== 'update' && content?.kind !== 'awareness') return;
    const passed = this.#options.pass?.(message, this.#index++) ?? [message];
    for (const one of passed)
      for (const other of room) if (other !== socket || this.#options.isEchoing === true) other.send(one);
    if (protocol.name === 'hocuspocus' && content.kind === 'update') socket.send(taken(documentOf(message)));
  }
}

/** Of a Hocuspocus message; of no meaning for y-websocket. */
function documentOf(message: Buffer): string {
  return message.toString('utf8', 1, message[0]! + 1);
}

/** Hocuspocus: an update was taken. */
function taken(document: string): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, document);
    encoding.writeVarUint(encoder, syncStatus);
    encoding.writeVarUint(encoder, 1);
  });
}
