// A small y-websocket server that is wrong in one way of choice, to see whether a bench notices.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocketServer, type WebSocket } from 'ws';
import * as Y from 'yjs';
import type { RunningTarget, Target } from '../../bench/targets/target.js';

/**
 * `drops`: one update in a thousand reaches nobody. `swaps`: now and then two updates of a connection that follow each
 * other change places. `stale`: some joins are answered from a state some updates ago. `forgets`: acknowledges, but has lost
 * the later half of each document's updates after a restart. `doubles`: sends some updates twice, which is allowed.
 */
export type Fault = 'none' | 'drops' | 'swaps' | 'stale' | 'forgets' | 'doubles';

const messageSync = 0;
const [syncStep1, syncStep2, syncUpdate] = [0, 1, 2];
/** How many updates a stale answer is behind, and which of a document's answers are. */
const staleBy = 5;
const staleEvery = 7;
/** An update that was held back to be swapped, and whose writer falls silent, goes out after all. */
const maxHeldMs = 300;

class Room {
  readonly updates: Uint8Array[] = [];
  readonly #fault: Fault;
  readonly #clients = new Set<WebSocket>();
  readonly #doc = new Y.Doc();
  /** `staleBy` updates behind. */
  readonly #stale = new Y.Doc();
  readonly #sentBy = new Map<WebSocket, number>();
  readonly #held = new Map<WebSocket, Uint8Array>();
  #answers = 0;

  constructor(fault: Fault, stored: readonly Uint8Array[]) {
    this.#fault = fault;
    for (const update of stored) this.#keep(update);
  }

  join(client: WebSocket): void {
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    client.on('message', (data: Buffer) => this.#receive(client, data));
  }

  #receive(client: WebSocket, data: Uint8Array): void {
    const decoder = decoding.createDecoder(data);
    if (decoding.readVarUint(decoder) !== messageSync) return this.#broadcast(data);
    const type = decoding.readVarUint(decoder);
    const payload = decoding.readVarUint8Array(decoder);
    if (type === syncStep1) client.send(syncMessage(syncStep2, this.#answer(payload)));
    else this.#update(client, payload);
  }

  #answer(stateVector: Uint8Array): Uint8Array {
    const isStale = this.#fault === 'stale' && ++this.#answers % staleEvery === 0;
    return Y.encodeStateAsUpdate(isStale ? this.#stale : this.#doc, stateVector);
  }

  #update(client: WebSocket, update: Uint8Array): void {
    this.#keep(update);
    const count = (this.#sentBy.get(client) ?? 0) + 1;
    this.#sentBy.set(client, count);
    const message = syncMessage(syncUpdate, update);
    if (this.#fault === 'drops' && this.updates.length % 1000 === 500) return;
    if (this.#fault === 'swaps' && count % 10 === 5) return this.#hold(client, message);
    this.#broadcast(message);
    this.#release(client);
    if (this.#fault === 'doubles' && count % 10 === 5) this.#broadcast(message);
  }

  #keep(update: Uint8Array): void {
    this.updates.push(update);
    Y.applyUpdate(this.#doc, update);
    const late = this.updates.at(-1 - staleBy);
    if (late !== undefined) Y.applyUpdate(this.#stale, late);
  }

  #hold(client: WebSocket, message: Uint8Array): void {
    this.#held.set(client, message);
    setTimeout(() => this.#release(client), maxHeldMs);
  }

  #release(client: WebSocket): void {
    const message = this.#held.get(client);
    this.#held.delete(client);
    if (message !== undefined) this.#broadcast(message);
  }

  #broadcast(message: Uint8Array): void {
    for (const client of this.#clients) client.send(message);
  }
}

function syncMessage(type: number, payload: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, messageSync);
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, payload);
  return encoding.toUint8Array(encoder);
}

/** In this process, on loopback. */
export class BrokenServer {
  readonly #fault: Fault;
  readonly #rooms = new Map<string, Room>();
  #sockets: WebSocketServer | undefined;
  #port = 0;

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** The second time on the same port, with what it has kept. */
  async start(): Promise<void> {
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: this.#port });
    this.#sockets = sockets;
    sockets.on('connection', (client, { url = '/' }) => this.#room(url).join(client));
    await once(sockets, 'listening');
    this.#port = (sockets.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const sockets = this.#sockets;
    if (sockets === undefined) return;
    this.#sockets = undefined;
    for (const client of sockets.clients) client.terminate();
    await new Promise<void>((resolve) => {
      sockets.close(() => resolve());
    });
    for (const [url, { updates }] of this.#rooms) {
      const kept = this.#fault === 'forgets' ? updates.slice(0, updates.length / 2) : updates;
      this.#rooms.set(url, new Room(this.#fault, kept));
    }
  }

  #room(url: string): Room {
    const room = this.#rooms.get(url) ?? new Room(this.#fault, []);
    this.#rooms.set(url, room);
    return room;
  }
}

/** A server of this kind that a bench starts and stops as it does its peers. */
export function brokenTarget(fault: Fault): Target {
  return {
    name: `broken (${fault})`,
    description: 'keeps documents in the memory of the test',
    capabilities: new Set(['sync', 'awareness', 'acknowledgements', 'storage', 'restart']),
    prepare: async () => {},
    async start(): Promise<RunningTarget> {
      const server = new BrokenServer(fault);
      await server.start();
      const endpoint = { url: server.url, protocol: 'y-websocket' } as const;
      const resume = async (): Promise<typeof endpoint> => {
        await server.start();
        return endpoint;
      };
      return { endpoint, halt: () => server.stop(), resume, stop: () => server.stop() };
    },
  };
}
