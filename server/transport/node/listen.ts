// The transport on Node's own http and https and the ws package, on a port of its own.

import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Server as NetServer, type AddressInfo, type Socket as Stream } from 'node:net';

import type { Clock } from '../../../shared/clock.js';
import { listenOnAll, readTls, type TlsFiles } from '../listen-address.js';
import { mostOpenSockets, OpenSockets } from '../open-sockets.js';
import { createParts, type TransportParts } from '../transport-parts.js';
import type {
  Socket,
  Transport,
  TransportDependencies,
  TransportHandler,
  TransportOptions,
} from '../transport.js';
import {
  asksForWebSocket,
  copyHead,
  exchangeOf,
  ignoreUpgrade,
  targetOf,
  type UpgradeChoice,
} from './http.js';
import { NodeSockets } from './sockets.js';
import { NodeUpgrades } from './upgrade.js';

/** Whoever has not said all of a request head after this time is cut off, ms. */
const headTimeoutMs = 10_000;

const serverOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: headTimeoutMs,
  keepAliveTimeout: headTimeoutMs,
  connectionsCheckingInterval: 1_000,
  noDelay: true,
} as const satisfies ServerOptions;
/** Beside them, as the types of this package's oldest Node do not know it. */
const choice: UpgradeChoice = { shouldUpgradeCallback: asksForWebSocket };

/** Starts a server. Throws ConfigError, one clear line, when it cannot: port in use, host unknown, TLS files unusable. */
export async function listenNode(
  options: TransportOptions,
  handler: TransportHandler,
  dependencies: TransportDependencies,
): Promise<Transport> {
  const { clock, logger } = dependencies;
  const sockets = new NodeSockets(options, dependencies);
  const parts = createParts(options, handler, dependencies, sockets.polled);
  const upgrades = new NodeUpgrades({ ...parts, options, sockets });
  const tls = options.tls === undefined ? undefined : await readTls(options.tls);
  const max = options.maxOpenSockets ?? (await mostOpenSockets());
  const openSockets = new OpenSockets({ max, clock, logger });
  const servers = await listenOnAll(options, {
    listen: (address, port) =>
      new Promise<Server | undefined>((resolve) => {
        const server = createServer(tls, { parts, upgrades, openSockets, clock });
        server.once('error', () => resolve(undefined));
        server.listen({ host: address, port, exclusive: true }, () => {
          server.on('error', (error) => logger.error({ err: error }, 'a connection could not be accepted'));
          resolve(server);
        });
      }),
    close: (server) => void server.close(),
  });
  return new NodeTransport(servers, sockets, parts);
}

function createServer(
  tls: TlsFiles | undefined,
  deps: { parts: TransportParts; upgrades: NodeUpgrades; openSockets: OpenSockets; clock: Clock },
): Server {
  const { parts, upgrades, openSockets, clock } = deps;
  const server =
    tls === undefined
      ? createHttpServer({ ...serverOptions, ...choice })
      : createHttpsServer({ ...serverOptions, ...choice, ...tls, handshakeTimeout: headTimeoutMs });
  countConnections(server, openSockets);
  server.on('request', (request, response) => {
    const head = copyHead(request, targetOf(request), parts.readAddress);
    parts.requests.take(head, exchangeOf(request, response, clock));
  });
  server.on('upgrade', (request, duplex, rest) => {
    // It is the socket that Node has accepted.
    const stream = duplex as Stream;
    if (asksForWebSocket(request)) upgrades.take(request, stream, rest, targetOf(request));
    else ignoreUpgrade(server, request, stream, rest);
  });
  return server;
}

function countConnections(server: Server, openSockets: OpenSockets): void {
  // One whose upgrade is ignored comes a second time.
  const counted = new WeakSet<Stream>();
  server.on('connection', (stream) => {
    if (counted.has(stream)) return;
    counted.add(stream);
    stream.once('close', () => openSockets.closed());
    openSockets.opened({ close: () => void stream.destroy() });
  });
}

class NodeTransport implements Transport {
  readonly port: number;
  readonly #servers: readonly Server[];
  readonly #sockets: NodeSockets;
  readonly #parts: TransportParts;

  constructor(servers: readonly Server[], sockets: NodeSockets, parts: TransportParts) {
    this.#servers = servers;
    this.#sockets = sockets;
    this.#parts = parts;
    this.port = (servers[0]?.address() as AddressInfo | null)?.port ?? 0;
  }

  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    this.#sockets.publish(topic, frame, except);
  }

  subscribers(topic: string): number {
    return this.#sockets.count(topic);
  }

  stopListening(): void {
    // What an HTTP server adds to this are the ends of connections that are idle. The next poll of a client over HTTP would
    // find no server, and its frames would be lost.
    for (const server of this.#servers) if (server.listening) NetServer.prototype.close.call(server);
  }

  close(): void {
    this.stopListening();
    this.#parts.longPoll.close();
    this.#sockets.terminateAll();
    for (const server of this.#servers) {
      server.closeAllConnections();
      // Ends its timer too.
      server.close();
    }
  }
}
