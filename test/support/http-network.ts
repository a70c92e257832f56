// HTTP between a client and the sockets over HTTP of a server, in memory: requests can be lost on the way there, their
// answers on the way back, or hang until they are cut.

import type { Fetch } from '../../client/connection/long-poll.js';
import type { LongPoll } from '../../server/transport/long-poll.js';
import type { HttpReply } from '../../server/transport/transport.js';
import { SyncError } from '../../shared/errors.js';

/** What becomes of a request: lost on its way there, or back, or answered by something in between. */
export type Fault = 'there' | 'back' | { readonly status: number; readonly body: string };

export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly keepalive: boolean;
}

export class HttpNetwork {
  /** Every request, whatever became of it. */
  readonly requests: SentRequest[] = [];
  fault: (request: SentRequest) => Fault | undefined = () => undefined;
  /** What the browser puts on every request. */
  headers: Readonly<Record<string, string>> = {};
  readonly #server: () => LongPoll;
  readonly #maxBodyBytes: number;
  readonly #underWay = new Set<() => void>();

  constructor(server: () => LongPoll, maxBodyBytes = 64 * 1024) {
    this.#server = server;
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Requests that are not answered. */
  get underWay(): number {
    return this.#underWay.size;
  }

  readonly fetch: Fetch = async (url, init) => {
    const request = read(url, init, this.headers);
    this.requests.push(request);
    const fault = this.fault(request);
    const signal = init.signal ?? undefined;
    if (fault === 'there' || signal?.aborted === true) throw new TypeError('fetch failed');
    if (typeof fault === 'object') return new Response(fault.body, { status: fault.status });
    const reply = await this.#ask(request, signal);
    if (fault === 'back') throw new TypeError('fetch failed');
    const replied = typeof reply.body === 'string' ? reply.body : reply.body?.slice();
    return new Response(reply.status === 204 ? null : (replied as BodyInit), {
      status: reply.status,
      headers: reply.headers ?? {},
    });
  };

  /** Fails every request that waits for an answer. Silently, as a cable is pulled: the server is not told. */
  cut(): void {
    for (const fail of this.#underWay) fail();
  }

  #ask(request: SentRequest, signal: AbortSignal | undefined): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#underWay.delete(fail);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (): void => {
        over();
        reject(new TypeError('fetch failed'));
      };
      let tellGone = (): void => {};
      const abort = (): void => {
        tellGone();
        fail();
      };
      this.#underWay.add(fail);
      signal?.addEventListener('abort', abort);
      const server = this.#server();
      const header = (name: string): string | undefined => request.headers[name];
      const { method, path, query, body } = request;
      const maxBytes = server.maxBodyBytes({ path, header }) ?? this.#maxBodyBytes;
      let isDropped = false;
      const take = async (): Promise<Uint8Array> => {
        await Promise.resolve();
        if (isDropped) throw new SyncError('FRAME_MALFORMED', 'the request body ended early');
        if (body.length > maxBytes) throw new SyncError('FRAME_TOO_LARGE');
        return body.slice();
      };
      const answered = server.reply({
        method,
        path,
        query,
        header,
        remoteAddress: '127.0.0.1',
        body: take,
        onGone: (run) => (tellGone = run),
        dropBody: () => (isDropped = true),
      });
      answered.then(resolve, reject).finally(over);
    });
  }
}

function read(url: string, init: RequestInit, more: Readonly<Record<string, string>>): SentRequest {
  const { pathname, search } = new URL(url);
  const { method = 'GET', keepalive = false } = init;
  const body: unknown = init.body;
  return {
    method,
    path: pathname,
    query: search.slice(1),
    headers: { ...more, ...Object.fromEntries(new Headers(init.headers)) },
    body: body instanceof Uint8Array ? body.slice() : new Uint8Array(),
    keepalive,
  };
}
