// A socket over HTTP, for where no WebSocket can be opened: frames leave in requests, one at a time, and come as the answer
// to a request that the server holds until it has some. A request that failed is made again, and nothing is lost or
// doubled by that, as both sides count frames. The rules are in docs/protocol.md.

import type { Clock } from '../../shared/clock.js';
import {
  afterHeader,
  decodeBody,
  encodeBody,
  framesInBody,
  pollPath,
  sendPath,
  sessionHeader,
  sessionPath,
  type Body,
} from '../../shared/native/over-http.js';
import { slowestLine } from './heartbeat.js';
import { requestUrl } from './request-url.js';
import type { ClientSocket, OpenSocket, SocketEvents } from './socket.js';

/** The global `fetch`, or one like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** What a request takes at most beside its bytes, ms. The server holds a poll for 25 s. */
const withinMs = { [sessionPath]: 10_000, [pollPath]: 40_000, [sendPath]: 30_000 };
/** Requests that fail are made again for so long: the server forgets a client that has not polled for 15 s. */
const patienceMs = 12_000;
const firstRetryMs = 100;
const maxRetryMs = 2_000;
/** A browser sends so much, and a little more, for a page that is gone. */
const maxKeptBytes = 60_000;

/** The network has failed, or what answers is not what was asked. */
class Failure extends Error {}

/** Sockets over HTTP, by the address of the server: for `wss://host/` it asks `https://host/session`. */
export function longPoll(fetchImpl: Fetch, clock: Clock): OpenSocket {
  return (url, events) => new LongPollSocket(fetchImpl, clock, url, events);
}

class LongPollSocket implements ClientSocket {
  readonly #fetch: Fetch;
  readonly #clock: Clock;
  readonly #url: string;
  /** Undefined when it is over. */
  #events: SocketEvents | undefined;
  /** Ends each thing that is waited for. */
  readonly #underWay = new Set<() => void>();
  /** Its id, once it is open. */
  #session: string | undefined;
  /** Frames that the server has not confirmed, oldest first. */
  #frames: Uint8Array[] = [];
  #bytes = 0;
  /** How many it has confirmed. */
  #confirmed = 0;
  /** How many have come. */
  #heard = 0;
  #isSending = false;

  constructor(fetchImpl: Fetch, clock: Clock, url: string, events: SocketEvents) {
    this.#fetch = fetchImpl;
    this.#clock = clock;
    this.#url = url;
    this.#events = events;
    void this.#run(() => this.#live());
  }

  get bufferedBytes(): number {
    return this.#bytes;
  }

  send(frame: Uint8Array): void {
    if (this.#session === undefined || this.#events === undefined) return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#isSending) return;
    this.#isSending = true;
    // What is sent in one turn leaves in one request.
    queueMicrotask(() => void this.#run(() => this.#sendAll()));
  }

  close(): void {
    if (this.#events === undefined) return;
    this.#stop();
    void this.#takeLeave();
  }

  /** Whatever goes wrong ends the socket. What is no fault of the network is thrown on, for all to see. */
  async #run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#end(1006, error instanceof Error ? error.message : String(error));
      if (!(error instanceof Failure)) throw error;
    }
  }

  async #live(): Promise<void> {
    const { status, body } = await this.#request(sessionPath, {});
    if (status !== 200) throw new Failure(reasonOf(status, body));
    this.#session = fieldOf(body, 'session');
    if (this.#session === undefined) throw new Failure('what answers is not this server');
    if (this.#events === undefined) return this.#takeLeave();
    this.#events.opened();
    while (this.#events !== undefined) await this.#poll();
  }

  async #poll(): Promise<void> {
    const { status, body } = await this.#insist(() => this.#request(pollPath, this.#numbered(this.#heard)));
    // There is another poll of ours, made before the network changed.
    if (status === 409) return this.#pause(firstRetryMs);
    if (status !== 200) throw new Failure(reasonOf(status, body));
    const { frames, farewell } = bodyOf(body);
    for (const frame of frames) {
      this.#heard++;
      this.#events?.frame(frame);
    }
    if (farewell !== undefined) this.#end(farewell.code, farewell.reason);
  }

  async #sendAll(): Promise<void> {
    while (this.#events !== undefined && this.#frames.length > 0) {
      const frames = this.#frames.slice(0, framesInBody(this.#frames));
      const content = encodeBody({ frames });
      const init = this.#numbered(this.#confirmed, content);
      const bytes = content.length;
      const { status, body } = await this.#insist(() => this.#request(sendPath, init, bytes));
      // It is over, and the poll is told why.
      if (status === 410) return;
      if (status === 409) await this.#pause(firstRetryMs);
      else if (status === 204) this.#confirm(frames.length);
      else throw new Failure(reasonOf(status, body));
    }
    this.#isSending = false;
  }

  #confirm(count: number): void {
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.length;
    this.#confirmed += count;
  }

  /** The end, with what has not been confirmed, also for a page that is being left. */
  async #takeLeave(): Promise<void> {
    if (this.#session === undefined) return;
    const frames = this.#frames.slice(0, framesInBody(this.#frames));
    const body = encodeBody({ frames, farewell: { code: 1000, reason: '' } });
    const init = this.#numbered(this.#confirmed, body);
    try {
      await this.#request(sendPath, { ...init, keepalive: body.length < maxKeptBytes });
    } catch {
      // The server finds out by itself, some seconds later.
    }
  }

  /** `after`: of the frames that are sent or asked for, how many there were before. */
  #numbered(after: number, body?: Uint8Array<ArrayBuffer>): RequestInit {
    const headers: Record<string, string> = {
      [sessionHeader]: this.#session ?? '',
      [afterHeader]: String(after),
    };
    if (body === undefined) return { headers };
    return { headers: { ...headers, 'content-type': 'application/octet-stream' }, body };
  }

  /** Makes a request again that failed, or that something between here and the server could not pass on. */
  async #insist(request: () => Promise<Answer>): Promise<Answer> {
    let failedAt: number | undefined;
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, maxRetryMs)) {
      let failure: Failure;
      try {
        const answer = await request();
        if (answer.status < 500) return answer;
        failure = new Failure(reasonOf(answer.status, answer.body));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failure = error;
      }
      const now = this.#clock.monotonic();
      failedAt ??= now;
      if (this.#events === undefined || now - failedAt >= patienceMs) throw failure;
      await this.#pause(retryMs);
    }
  }

  /** `bytes`: what it sends. Throws Failure when there is no answer, or none in time. */
  async #request(path: keyof typeof withinMs, init: RequestInit, bytes = 0): Promise<Answer> {
    const abort = new AbortController();
    const cancel = (): void => abort.abort();
    const timer = this.#clock.after(withinMs[path] + bytes / slowestLine, cancel);
    this.#underWay.add(cancel);
    // As the global one wants to be called.
    const request = this.#fetch;
    try {
      const { signal } = abort;
      const common = { method: 'POST', credentials: 'include', cache: 'no-store', signal } as const;
      const response = await request(requestUrl(this.#url, 'http', path), { ...common, ...init });
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (cause) {
      throw new Failure('the server cannot be reached over HTTP', { cause });
    } finally {
      timer.cancel();
      this.#underWay.delete(cancel);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#underWay.delete(end);
        resolve();
      };
      const timer = this.#clock.after(ms, end);
      this.#underWay.add(end);
    });
  }

  #end(code: number, reason: string): void {
    const events = this.#events;
    // A request that was given up fails after the end; what takes leave goes on.
    if (events === undefined) return;
    this.#stop();
    events.closed(code, reason);
  }

  #stop(): void {
    this.#events = undefined;
    for (const end of this.#underWay) end();
  }
}

function bodyOf(bytes: Uint8Array): Body {
  try {
    return decodeBody(bytes);
  } catch (cause) {
    throw new Failure('what answers is not this server', { cause });
  }
}

function reasonOf(status: number, body: Uint8Array): string {
  return fieldOf(body, 'reason') ?? `the server answers ${status} over HTTP`;
}

/** A text of an answer in JSON, if it is one. */
function fieldOf(body: Uint8Array, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    const field = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    return typeof field === 'string' ? field : undefined;
  } catch {
    return undefined;
  }
}
