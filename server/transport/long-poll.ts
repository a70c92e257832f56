// Sockets over HTTP, for clients that cannot open a WebSocket. This file owns their requests, ids and number. The layers above
// the transport see sockets like any other. The bytes are in shared/native/over-http.ts, the rules in docs/protocol.md.

import { randomBytes } from 'node:crypto';

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import {
  afterHeader,
  bodyOverheadBytes,
  decodeBody,
  encodeBody,
  maxBodyBytes,
  pollPath,
  sendPath,
  sessionHeader,
  sessionPath,
} from '../../shared/native/over-http.js';
import { Seat, tooMuchOfStranger, type Addresses } from './addresses.js';
import { jsonReply } from '../json-reply.js';
import { LongPollSocket, type LongPollShared, type Poll } from './long-poll-socket.js';
import type { PolledTopics } from './polled-topics.js';
import type {
  HttpReply,
  HttpRequest,
  TransportHandler,
  TransportOptions,
  UpgradeDecision,
} from './transport.js';

/** A request that tells when its client has gone, and whose body need not be read to its end. */
export interface LongPollRequest extends HttpRequest {
  onGone(run: () => void): void;
  /** Lets go of the body: `body` rejects. */
  dropBody(): void;
}

export interface LongPollDeps {
  readonly options: Pick<TransportOptions, 'maxMessageBytes' | 'maxBufferedBytes' | 'maxHttpConnections'>;
  readonly handler: Pick<TransportHandler, 'upgrade'>;
  readonly topics: PolledTopics;
  readonly addresses: Addresses;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open socket, and the request whose body is being received for it. */
interface Session {
  readonly socket: LongPollSocket;
  readonly seat: Seat;
  receiving: LongPollRequest | undefined;
}

/** How often sockets are looked at. */
const lookEveryMs = 1_000;
/** A browser remembers for so long that it may send our headers, s. */
const preflightAgeS = 86_400;

const open = `/${sessionPath}`;
const send = `/${sendPath}`;
const poll = `/${pollPath}`;

export class LongPoll {
  readonly #deps: LongPollDeps;
  readonly #shared: LongPollShared;
  readonly #sessions = new Map<string, Session>();
  readonly #ids = new Map<LongPollSocket, string>();
  #timer: Timer | undefined;

  constructor(deps: LongPollDeps) {
    this.#deps = deps;
    const { clock, logger, topics, options } = deps;
    const { maxBufferedBytes } = options;
    this.#shared = {
      clock,
      logger,
      topics,
      maxBufferedBytes,
      ended: (socket) => this.#forget(socket),
    };
  }

  /** Whether requests for this path are answered here. */
  owns(path: string): boolean {
    return path === open || path === send || path === poll;
  }

  /** Largest body of this request, bytes; undefined: the limit of any other request. */
  maxBodyBytes(request: Pick<HttpRequest, 'path' | 'header'>): number | undefined {
    // Only a client that has a session may send large bodies, as only an open WebSocket may send large messages.
    const session = request.path === send ? this.#sessionOf(request) : undefined;
    if (session === undefined) return undefined;
    const { maxMessageBytes } = this.#deps.options;
    const { seat } = session;
    const framesBytes = seat.isStranger
      ? seat.limits.maxUnknownBytes
      : Math.max(maxMessageBytes, maxBodyBytes);
    return framesBytes + bodyOverheadBytes;
  }

  async reply(request: LongPollRequest): Promise<HttpReply> {
    const origin = request.header('origin');
    const { headers, ...reply } = await this.#answer(request);
    return { ...reply, headers: { ...headers, ...secured, ...crossOrigin(origin) } };
  }

  /** Ends all sockets over HTTP. */
  close(): void {
    for (const { socket } of this.#sessions.values()) socket.terminate();
  }

  async #answer(request: LongPollRequest): Promise<HttpReply> {
    if (request.method === 'OPTIONS') return preflight;
    if (request.method !== 'POST') return refusal(405, 'METHOD_NOT_ALLOWED');
    if (request.path === open) return this.#open(request);
    const session = this.#sessionOf(request);
    if (session === undefined) return gone;
    try {
      const after = countOf(request.header(afterHeader));
      if (request.path === poll) return await this.#poll(session, after, request);
      return await this.#receive(session, after, request);
    } catch (error) {
      const { closeCode, reason, httpStatus } = toSyncError(error);
      session.socket.close(closeCode, reason);
      return refusal(httpStatus, reason);
    }
  }

  #open(request: LongPollRequest): HttpReply {
    const { options, handler } = this.#deps;
    if (this.#sessions.size >= options.maxHttpConnections)
      return refusal(503, 'too many connections over HTTP');
    const { query, remoteAddress } = request;
    const seat = this.#deps.addresses.admit(remoteAddress, 'http');
    if (!(seat instanceof Seat)) return refusal(seat.status, seat.reason);
    const header = (name: string): string | undefined => request.header(name);
    let decision: UpgradeDecision;
    try {
      decision = handler.upgrade({ path: '/', query, remoteAddress, header });
    } catch (error) {
      seat.leave();
      throw error;
    }
    if (!decision.accept) {
      seat.leave();
      return refusal(decision.status, decision.body);
    }
    if (decision.isTrusted === true) seat.believe();
    const id = randomBytes(16).toString('base64url');
    const socket = new LongPollSocket(this.#shared, remoteAddress, seat);
    this.#sessions.set(id, { socket, seat, receiving: undefined });
    this.#ids.set(socket, id);
    this.#timer ??= this.#deps.clock.every(lookEveryMs, () => this.#look());
    socket.start((opened) => decision.open(opened));
    return jsonReply(200, { session: id });
  }

  /** Takes one request of a session at a time. A new request ends the wait for the body of the one before it. */
  async #receive(session: Session, after: number, request: LongPollRequest): Promise<HttpReply> {
    session.receiving?.dropBody();
    session.receiving = request;
    const isLast = (): boolean => session.receiving === request;
    let bytes: Uint8Array;
    try {
      bytes = await request.body();
    } catch (error) {
      const failure = toSyncError(error);
      // The body was cut off. The client sends the frames again.
      if (!isLast() || failure.code === 'FRAME_MALFORMED')
        return refusal(409, 'the request was not completed');
      const isStrangers = session.seat.isStranger && failure.code === 'FRAME_TOO_LARGE';
      throw isStrangers ? tooMuchOfStranger() : failure;
    } finally {
      if (isLast()) session.receiving = undefined;
    }
    const body = decodeBody(bytes);
    const { maxMessageBytes } = this.#deps.options;
    if (body.frames.some(({ length }) => length > maxMessageBytes)) throw new SyncError('FRAME_TOO_LARGE');
    session.socket.hear(after, body);
    return { status: 204 };
  }

  #poll({ socket }: Session, after: number, request: LongPollRequest): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const held: Poll = {
        answer: (body) => resolve({ status: 200, headers: binary, body: encodeBody(body) }),
        refuse: (why) => resolve(why === 'gone' ? gone : refusal(409, 'there is a later poll')),
      };
      request.onGone(() => socket.forget(held));
      try {
        socket.ask(after, held);
      } catch (error) {
        reject(error);
      }
    });
  }

  #sessionOf(request: Pick<HttpRequest, 'header'>): Session | undefined {
    return this.#sessions.get(request.header(sessionHeader) ?? '');
  }

  #look(): void {
    for (const { socket } of this.#sessions.values()) socket.look();
  }

  #forget(socket: LongPollSocket): void {
    const id = this.#ids.get(socket);
    if (id === undefined) return;
    this.#ids.delete(socket);
    const session = this.#sessions.get(id);
    session?.seat.leave();
    session?.receiving?.dropBody();
    this.#sessions.delete(id);
    if (this.#sessions.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

const secured = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const binary = { 'content-type': 'application/octet-stream' };

const preflight: HttpReply = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': `content-type, ${sessionHeader}, ${afterHeader}`,
    'access-control-max-age': String(preflightAgeS),
  },
};

/** The answer to a request whose id belongs to no session, or to one that has ended. */
const gone = refusal(410, 'there is no such session');

/**
 * Pages of all origins may read the answers. Which pages may open a session is decided as for a WebSocket, for which no such
 * headers exist; and without the id of a session a page can read and do nothing.
 */
export function crossOrigin(origin: string | undefined): Record<string, string> {
  if (origin === undefined) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'origin',
  };
}

function countOf(header: string | undefined): number {
  if (header === undefined || !/^\d{1,15}$/.test(header))
    throw new SyncError('FRAME_MALFORMED', `the header ${afterHeader} is a count of frames`);
  return Number(header);
}

function refusal(status: number, reason: string): HttpReply {
  return jsonReply(status, { reason });
}
