// The transport on uWebSockets.js: one app, its two WebSocket routes, and its HTTP route, where the requests of sockets over
// HTTP come in too. See binary.ts for the traps.

import { ConfigError } from '../../errors.js';
import { readTls } from '../listen-address.js';
import type { LongPoll } from '../long-poll.js';
import { mostOpenSockets, OpenSockets } from '../open-sockets.js';
import { createParts, maxStrangerMessageBytes, type TransportParts } from '../transport-parts.js';
import type {
  Socket,
  Transport,
  TransportDependencies,
  TransportHandler,
  TransportOptions,
} from '../transport.js';
import {
  loadUws,
  type NativeApp,
  type NativeBehavior,
  type NativeListenSocket,
  type NativeRequest,
  type NativeResponse,
  type UwsBinary,
} from './binary.js';
import { copyHead, receiveBody, writeReply } from './http.js';
import { listenOn } from './port.js';
import { UwsTopics, type UwsUserData } from './socket.js';
import { Upgrades } from './upgrade.js';

/**
 * Starts a server. Throws ConfigError, one clear line, when it cannot: port in use, host unknown, TLS files unusable, no
 * uWebSockets.js here. `idleTimeoutS` is kept between 8 and 960, which is what the binary can do.
 */
export async function listenUws(
  options: TransportOptions,
  handler: TransportHandler,
  dependencies: TransportDependencies,
): Promise<Transport> {
  const { clock, logger } = dependencies;
  const uws = await loadUws();
  const app = await createApp(uws, options);
  const topics = new UwsTopics(app, options.maxBufferedBytes, dependencies);
  const parts = createParts(options, handler, dependencies, topics.polled);
  const upgrades = new Upgrades({ ...parts, topics });
  const max = options.maxOpenSockets ?? (await mostOpenSockets());
  const openSockets = new OpenSockets({ max, clock, logger });
  // Of a WebSocket that closes the binary tells its own handler, not this one.
  app.filter((response, change) => (change > 0 ? openSockets.opened(response) : openSockets.closed()));
  listenForWebSockets(app, options, upgrades, openSockets);
  app.any('/*', (response, request) => takeRequest(parts, response, request));
  try {
    const listening = await listenOn(uws, app, options);
    return new UwsTransport(uws, app, topics, parts.longPoll, listening);
  } catch (error) {
    app.close();
    throw error;
  }
}

/** The binary asks the route for large messages first, because its pattern comes first in its order. */
function listenForWebSockets(
  app: NativeApp,
  options: TransportOptions,
  upgrades: Upgrades,
  openSockets: OpenSockets,
): void {
  const behavior = {
    compression: 0,
    maxBackpressure: options.maxBufferedBytes,
    // The binary would go on sending after the gap; UwsSocket cuts the socket off instead.
    closeOnBackpressureLimit: false,
    idleTimeout: Math.min(Math.max(Math.ceil(options.idleTimeoutS), 8), 960),
    sendPingsAutomatically: true,
    open: (native) => native.getUserData().socket.attach(native),
    message: (native, message, isBinary) => native.getUserData().socket.onMessage(message, isBinary),
    drain: (native) => native.getUserData().socket.onDrain(),
    dropped: (native) => native.getUserData().socket.onDropped(),
    close(native, code, reason) {
      openSockets.closed();
      native.getUserData().socket.onClose(code, textOf(code, reason));
    },
  } satisfies Partial<NativeBehavior<UwsUserData>>;
  app.ws('/**', { ...behavior, maxPayloadLength: options.maxMessageBytes, upgrade: upgrades.learn });
  app.ws('/*', {
    ...behavior,
    maxPayloadLength: maxStrangerMessageBytes(options),
    upgrade: upgrades.upgrade,
  });
}

/** The binary's own reason for an end without a closing handshake; otherwise nothing. */
function textOf(code: number, reason: ArrayBuffer): string {
  return code === 1006 ? Buffer.from(reason).toString() : '';
}

async function createApp(uws: UwsBinary, { tls }: TransportOptions): Promise<NativeApp> {
  if (tls === undefined) return uws.App();
  await readTls(tls);
  try {
    return uws.SSLApp({
      key_file_name: tls.keyFile,
      cert_file_name: tls.certFile,
      ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    });
  } catch (error) {
    throw new ConfigError(`TLS cannot be set up with ${tls.keyFile} and ${tls.certFile}`, { cause: error });
  }
}

class UwsTransport implements Transport {
  readonly port: number;
  readonly #uws: UwsBinary;
  readonly #app: NativeApp;
  readonly #topics: UwsTopics;
  readonly #longPoll: LongPoll;
  #listening: NativeListenSocket[];
  #isClosed = false;

  constructor(
    uws: UwsBinary,
    app: NativeApp,
    topics: UwsTopics,
    longPoll: LongPoll,
    listening: NativeListenSocket[],
  ) {
    this.#uws = uws;
    this.#app = app;
    this.#topics = topics;
    this.#longPoll = longPoll;
    this.#listening = listening;
    this.port = listening[0] === undefined ? 0 : uws.us_socket_local_port(listening[0]);
  }

  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    this.#topics.publish(topic, frame, except);
  }

  subscribers(topic: string): number {
    return this.#topics.count(topic);
  }

  stopListening(): void {
    for (const socket of this.#listening) this.#uws.us_listen_socket_close(socket);
    this.#listening = [];
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.stopListening();
    this.#longPoll.close();
    this.#app.close();
  }
}

/** Takes a request from the binary. It is copied at once, as it lives until this call returns. */
function takeRequest(
  { requests, readAddress }: TransportParts,
  response: NativeResponse,
  request: NativeRequest,
): void {
  requests.take(copyHead(request, response, readAddress), {
    onGone: (gone) => response.onAborted(gone),
    receive: (body) => receiveBody(response, body),
    write: (reply, options) => writeReply(response, reply, options),
  });
}
