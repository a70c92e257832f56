// A whole server in memory whose clients come over HTTP, with a network between that can be bad.

import { onTestFinished } from 'vitest';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as Y from 'yjs';
import { Connection } from '../../client/connection/connection.js';
import { longPoll } from '../../client/connection/long-poll.js';
import type { OpenSocket } from '../../client/connection/socket.js';
import { SyncedDoc } from './synced-doc.js';
import { maxReceivedBytes } from '../../server/session/frame-size.js';
import { Addresses } from '../../server/transport/addresses.js';
import { LongPoll } from '../../server/transport/long-poll.js';
import type {
  Socket,
  SocketHandler,
  UpgradeDecision,
  UpgradeRequest,
} from '../../server/transport/transport.js';
import { HttpNetwork } from './http-network.js';
import { createSessionServer, type SessionServer, type SessionServerOptions } from './session-server.js';
import { recordingLogger } from './test-server.js';

export interface HttpSessionServer extends SessionServer {
  readonly longPoll: LongPoll;
  readonly network: HttpNetwork;
  /** The server's ends of all connections over HTTP, in the order they were opened. */
  readonly sockets: readonly Socket[];
}

export function createHttpSessionServer(options: SessionServerOptions = {}): HttpSessionServer {
  const server = createSessionServer(options);
  const { transport, clock, limits, gateway } = server;
  const sockets: Socket[] = [];
  const upgrade = (request: UpgradeRequest): UpgradeDecision => {
    const decision = gateway.upgrade(request);
    if (!decision.accept) return decision;
    const open = (socket: Socket): SocketHandler => {
      sockets.push(socket);
      return decision.open(socket);
    };
    return { ...decision, open };
  };
  const longPoll = new LongPoll({
    options: { ...limits, maxMessageBytes: maxReceivedBytes(limits) },
    handler: { upgrade },
    topics: transport.polled,
    addresses: new Addresses(clock, limits),
    clock,
    logger: recordingLogger(),
  });
  const network = new HttpNetwork(() => longPoll);
  const close = async (): Promise<void> => {
    longPoll.close();
    await server.settle();
    await server.close();
  };
  return { ...server, close, longPoll, network, sockets };
}

/** Our own client, as far as it goes: one document on a connection of its own. */
export class HttpClient {
  readonly doc = new Y.Doc();
  readonly connection: Connection;
  readonly sync: SyncedDoc;
  readonly awareness: awarenessProtocol.Awareness;

  constructor(deps: {
    readonly url: string;
    readonly clock: SessionServer['clock'] | Parameters<typeof longPoll>[1];
    readonly openSocket: OpenSocket;
    readonly name?: string;
    readonly token?: string;
    readonly random?: () => number;
  }) {
    const { url, clock, openSocket, name = 'doc', token = 'write', random = () => 0.5 } = deps;
    this.connection = new Connection({
      url,
      token: async () => token,
      device: 'device',
      agent: 'test/1',
      openSocket,
      clock,
      random,
    });
    const { doc, connection } = this;
    this.sync = new SyncedDoc({
      doc,
      name,
      connection,
      clock,
      random,
    });
    this.awareness = new awarenessProtocol.Awareness(doc);
    clearInterval(this.awareness._checkInterval);
    this.awareness.on('update', (_changes: unknown, origin: unknown) => {
      if (origin !== this) this.#announce();
    });
    this.sync.channel.on('awareness', ({ update }) =>
      awarenessProtocol.applyAwarenessUpdate(this.awareness, update, this),
    );
    this.sync.on('phase', (phase) => phase === 'synced' && this.#announce());
    this.sync.start();
    this.connection.connect();
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }

  insert(text: string): void {
    this.doc.getText('text').insert(this.text.length, text);
  }

  /** Everything here is durable there. */
  get isDone(): boolean {
    return this.sync.phase === 'synced' && this.sync.unsynced === 0;
  }

  destroy(): void {
    this.sync.destroy();
    this.connection.destroy();
    this.awareness._observers.clear();
  }

  #announce(): void {
    this.sync.announce(awarenessProtocol.encodeAwarenessUpdate(this.awareness, [this.doc.clientID]));
  }
}

/** A client of a server in memory, over HTTP; destroyed when the running test ends. */
export function httpClient(server: HttpSessionServer, name?: string): HttpClient {
  const { network, clock } = server;
  const openSocket = longPoll(network.fetch, clock);
  const client = new HttpClient({
    url: 'ws://server/',
    clock,
    openSocket,
    ...(name === undefined ? {} : { name }),
  });
  onTestFinished(() => client.destroy());
  return client;
}
