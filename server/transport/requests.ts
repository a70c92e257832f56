// From the head of an HTTP request to its reply: asks the sockets over HTTP or the handler, and has the answer written while
// there is somebody to write to.

import type { Logger } from '../../shared/logger.js';
import { outsideReply, pathBelow, prefixReply, resourcePath } from './base-path.js';
import { crossOrigin, type LongPoll } from './long-poll.js';
import type { WriteOptions } from './reply-head.js';
import { RequestBody } from './request-body.js';
import type { RequestHead } from './request-head.js';
import { toFolder } from './static-files.js';
import type { HttpReply, TransportHandler } from './transport.js';

/** How the library hands over one request. */
export interface Exchange {
  /** Calls `gone` at most once, when the client has gone before it was answered. */
  onGone(gone: () => void): void;
  /** Fills the body from now on. Called within the same turn as `take`. */
  receive(body: RequestBody): void;
  /** Writes the answer, once. Throws, before anything is written, for headers that would break the head apart. */
  write(reply: HttpReply, options: WriteOptions): void;
}

export interface RequestsDeps {
  readonly longPoll: LongPoll;
  readonly maxBodyBytes: number;
  /** '' where nothing is in front of the paths. */
  readonly basePath: string;
  readonly handler: Pick<TransportHandler, 'request'>;
  readonly logger: Logger;
}

const internalError = { status: 500, body: 'INTERNAL' } as const satisfies HttpReply;

export class Requests {
  readonly #deps: RequestsDeps;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /** `sent` has the path as it was sent. */
  take(sent: RequestHead, exchange: Exchange): void {
    const { longPoll, maxBodyBytes, basePath } = this.#deps;
    const below = pathBelow(basePath, sent.path);
    const path = resourcePath(below ?? sent.path);
    const head = path === sent.path ? sent : { ...sent, path };
    const body = new RequestBody(head, longPoll.maxBodyBytes(head) ?? maxBodyBytes);
    let isGone = false;
    let tellGone = (): void => {};
    exchange.onGone(() => {
      isGone = true;
      body.abort();
      tellGone();
    });
    exchange.receive(body);
    const answer = (reply: HttpReply): void => {
      if (isGone) return;
      exchange.write(reply, { isHead: head.method === 'HEAD', closeConnection: !body.endsSoon });
    };
    const fail = (error: unknown): void => {
      const { method, remoteAddress } = head;
      this.#deps.logger.error({ err: error, method, remoteAddress }, 'a request handler has thrown');
      answer(internalError);
    };
    const request = { ...head, body: () => body.read() };
    try {
      // Answered in the same call if the reply is at hand.
      const reply =
        this.#misplaced(sent, below && path) ??
        (longPoll.owns(path)
          ? longPoll.reply({
              ...request,
              onGone: (run) => (tellGone = run),
              dropBody: () => body.abort(),
            })
          : this.#deps.handler.request(request));
      if (reply instanceof Promise) reply.then(answer).catch(fail);
      else answer(reply);
    } catch (error) {
      fail(error);
    }
  }

  /**
   * The answer to a request whose path is not as it should be in front; undefined for all others. `path`: what is below the base
   * path; undefined where nothing is.
   */
  #misplaced(sent: RequestHead, path: string | undefined): HttpReply | undefined {
    const { basePath } = this.#deps;
    const isRead = sent.method === 'GET' || sent.method === 'HEAD';
    // The links of a page at the base path itself would lead to what is beside it.
    if (sent.path === basePath && isRead) return toFolder(sent.path);
    const reply = path === undefined ? outsideReply(basePath) : prefixReply(basePath, path);
    // Pages of other origins are to read it too, as they read the answers that they were after.
    return reply && { ...reply, headers: { ...reply.headers, ...crossOrigin(sent.header('origin')) } };
  }
}
