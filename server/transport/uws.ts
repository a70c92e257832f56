// The transport on uWebSockets.js: one app, its two WebSocket routes, and its HTTP route, where the requests of sockets over
// HTTP come in too. See uws-binary.ts for the traps.

import type { Logger } from '../../shared/logger.js';
import { ConfigError } from '../errors.js';
import { LongPoll } from './long-poll.js';
import { Addresses } from './addresses.js';
import { clientAddressReader, type ReadClientAddress } from './client-address.js';
import { mostOpenSockets, OpenSockets } from './open-sockets.js';
import { OversizeMemory } from './oversize-memory.js';
import type { HttpReply, Socket, Transport, TransportHandler, TransportOptions } from './transport.js';
import {
  loadUws,
  type NativeApp,
  type NativeBehavior,
  type NativeListenSocket,
  type NativeRequest,
  type NativeResponse,
  type UwsBinary,
} from './uws-binary.js';
import { copyHead, RequestBody, withBody, writeReply } from './uws-http.js';
import { checkTls, listenOn } from './uws-listen.js';
import { UwsTopics, type UwsDependencies, type UwsUserData } from './uws-socket.js';
import { Upgrades } from './uws-upgrade.js';

const internalError = { status: 500, body: 'INTERNAL' } as const satisfies HttpReply;

/**
 * Starts a server. Throws ConfigError, one clear line, when it cannot: port in use, host unknown, TLS files unusable.
 * `idleTimeoutS` is kept between 8 and 960, which is what the binary can do.
 */
export async function listenUws(
  options: TransportOptions,
  handler: TransportHandler,
  dependencies: UwsDependencies,
): Promise<Transport> {
  const { clock, logger } = dependencies;
  const readAddress = clientAddressReader(options.trustedProxies);
  const uws = await loadUws();
  const app = await createApp(uws, options);
  const topics = new UwsTopics(app, options.maxBufferedBytes, dependencies);
  const addresses = new Addresses(clock, options.limits);
  const longPoll = new LongPoll({ ...dependencies, options, handler, topics: topics.polled, addresses });
  const oversize = new OversizeMemory(clock);
  const upgrades = new Upgrades({ ...dependencies, topics, handler, addresses, oversize, readAddress });
  const requests = new Requests({
    longPoll,
    maxBodyBytes: options.maxBodyBytes,
    handler,
    readAddress,
    logger,
  });
  const max = options.maxOpenSockets ?? (await mostOpenSockets());
  const openSockets = new OpenSockets({ max, clock, logger });
  app.filter((response, change) => openSockets.changed(response, change));
  listenForWebSockets(app, options, upgrades, openSockets);
  app.any('/*', requests.take);
  try {
    const listening = await listenOn(uws, app, options.host, options.port);
    return new UwsTransport(uws, app, topics, longPoll, listening);
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
      openSockets.webSocketClosed();
      native.getUserData().socket.onClose(code, textOf(code, reason));
    },
  } satisfies Partial<NativeBehavior<UwsUserData>>;
  const { maxMessageBytes, limits } = options;
  const maxUnknownBytes = Math.min(limits.maxUnknownBytes, maxMessageBytes);
  app.ws('/**', { ...behavior, maxPayloadLength: maxMessageBytes, upgrade: upgrades.learn });
  app.ws('/*', { ...behavior, maxPayloadLength: maxUnknownBytes, upgrade: upgrades.upgrade });
}

/** The binary's own reason for an end without a closing handshake; otherwise nothing. */
function textOf(code: number, reason: ArrayBuffer): string {
  return code === 1006 ? Buffer.from(reason).toString() : '';
}

async function createApp(uws: UwsBinary, { tls }: TransportOptions): Promise<NativeApp> {
  if (tls === undefined) return uws.App();
  await checkTls(tls);
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

interface RequestsDeps {
  readonly longPoll: LongPoll;
  readonly maxBodyBytes: number;
  readonly handler: TransportHandler;
  readonly readAddress: ReadClientAddress;
  readonly logger: Logger;
}

/** Takes requests from the binary, asks the handler and writes its answer, if there is still somebody to write to. */
class Requests {
  readonly #deps: RequestsDeps;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  readonly take = (response: NativeResponse, request: NativeRequest): void => {
    const { longPoll, handler, maxBodyBytes, readAddress } = this.#deps;
    const head = copyHead(request, response, readAddress);
    const body = new RequestBody(response, head, longPoll.maxBodyBytes(head) ?? maxBodyBytes);
    let isGone = false;
    let tellGone = (): void => {};
    response.onAborted(() => {
      isGone = true;
      body.abort();
      tellGone();
    });
    const answer = (reply: HttpReply) => {
      if (isGone) return;
      writeReply(response, reply, { isHead: head.method === 'HEAD', closeConnection: !body.endsSoon });
    };
    const fail = (error: unknown) => {
      const { method, remoteAddress } = head;
      this.#deps.logger.error({ err: error, method, remoteAddress }, 'a request handler has thrown');
      answer(internalError);
    };
    try {
      // Answered in the same call if the reply is at hand.
      const reply = longPoll.owns(head.path)
        ? longPoll.reply({
            ...withBody(head, body),
            onGone: (run) => (tellGone = run),
            dropBody: () => body.abort(),
          })
        : handler.request(withBody(head, body));
      if (reply instanceof Promise) reply.then(answer).catch(fail);
      else answer(reply);
    } catch (error) {
      fail(error);
    }
  };
}
