// The transport on uWebSockets.js: one app, its WebSocket route and its HTTP route, where sockets over HTTP
// come in too. See uws-binary.ts for the traps.

import type { Logger } from '../../shared/logger.js';
import { ConfigError } from '../errors.js';
import { LongPoll } from './long-poll.js';
import type {
  HttpReply,
  Socket,
  Transport,
  TransportHandler,
  TransportOptions,
  UpgradeDecision,
} from './transport.js';
import {
  loadUws,
  type NativeApp,
  type NativeContext,
  type NativeListenSocket,
  type NativeRequest,
  type NativeResponse,
  type UwsBinary,
} from './uws-binary.js';
import { copyHead, RequestBody, type RequestHead, withBody, writeReply } from './uws-http.js';
import { checkTls, listenOn } from './uws-listen.js';
import { UwsSocket, UwsTopics, type UwsDependencies, type UwsUserData } from './uws-socket.js';

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
  const uws = await loadUws();
  const app = await createApp(uws, options);
  const topics = new UwsTopics(app, options.maxBufferedBytes, dependencies);
  const longPoll = new LongPoll({ ...dependencies, options, handler, topics: topics.polled });
  const routes = new Routes(topics, longPoll, options.maxBodyBytes, handler, dependencies.logger);
  app.ws<UwsUserData>('/*', {
    compression: 0,
    maxPayloadLength: options.maxMessageBytes,
    maxBackpressure: options.maxBufferedBytes,
    // It would go on sending after the gap; UwsSocket cuts the socket off instead.
    closeOnBackpressureLimit: false,
    idleTimeout: Math.min(Math.max(Math.ceil(options.idleTimeoutS), 8), 960),
    sendPingsAutomatically: true,
    upgrade: (response, request, context) => routes.upgrade(response, request, context),
    open: (native) => native.getUserData().socket.attach(native),
    message: (native, message, isBinary) => native.getUserData().socket.onMessage(message, isBinary),
    drain: (native) => native.getUserData().socket.onDrain(),
    dropped: (native) => native.getUserData().socket.onDropped(),
    close: (native, code) => native.getUserData().socket.onClose(code),
  });
  app.any('/*', (response, request) => routes.request(response, request));
  try {
    const listening = await listenOn(uws, app, options.host, options.port);
    return new UwsTransport(uws, app, topics, longPoll, listening);
  } catch (error) {
    app.close();
    throw error;
  }
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

/** Takes requests from the binary, asks the handler and writes its answer, if there is still somebody to write to. */
class Routes {
  readonly #topics: UwsTopics;
  readonly #longPoll: LongPoll;
  readonly #maxBodyBytes: number;
  readonly #handler: TransportHandler;
  readonly #logger: Logger;

  constructor(
    topics: UwsTopics,
    longPoll: LongPoll,
    maxBodyBytes: number,
    handler: TransportHandler,
    logger: Logger,
  ) {
    this.#topics = topics;
    this.#longPoll = longPoll;
    this.#maxBodyBytes = maxBodyBytes;
    this.#handler = handler;
    this.#logger = logger;
  }

  upgrade(response: NativeResponse, request: NativeRequest, context: NativeContext): void {
    const head = copyHead(request, response);
    const decision = this.#decideUpgrade(head);
    if (decision.accept) this.#accept(response, head, context, decision);
    else writeReply(response, decision, { isHead: false, closeConnection: false });
  }

  request(response: NativeResponse, request: NativeRequest): void {
    const head = copyHead(request, response);
    const body = new RequestBody(response, head, this.#longPoll.maxBodyBytes(head) ?? this.#maxBodyBytes);
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
      this.#report(head, error);
      answer(internalError);
    };
    try {
      // Answered in the same call if the reply is at hand.
      const reply = this.#longPoll.owns(head.path)
        ? this.#longPoll.reply({
            ...withBody(head, body),
            onGone: (run) => (tellGone = run),
            dropBody: () => body.abort(),
          })
        : this.#handler.request(withBody(head, body));
      if (reply instanceof Promise) reply.then(answer).catch(fail);
      else answer(reply);
    } catch (error) {
      fail(error);
    }
  }

  #decideUpgrade(head: RequestHead): UpgradeDecision {
    try {
      return this.#handler.upgrade(head);
    } catch (error) {
      this.#report(head, error);
      return { accept: false, ...internalError };
    }
  }

  #report({ method, remoteAddress }: RequestHead, error: unknown): void {
    this.#logger.error({ err: error, method, remoteAddress }, 'a request handler has thrown');
  }

  #accept(
    response: NativeResponse,
    head: RequestHead,
    context: NativeContext,
    decision: Extract<UpgradeDecision, { accept: true }>,
  ): void {
    const socket = new UwsSocket(this.#topics, head.remoteAddress);
    const carried: UwsUserData = { socket };
    const key = head.header('sec-websocket-key') ?? '';
    // Within the binary's own handler, never later: later it wants a cork, and that it tells an upgrade from a finished
    // request by the socket's address, which may stay the same; then it closes the new connection.
    response.upgrade(carried, key, decision.subprotocol ?? '', '', context);
    socket.start((opened) => decision.open(opened));
  }
}
