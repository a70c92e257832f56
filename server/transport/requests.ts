// From the head of an HTTP request to its reply: asks the sockets over HTTP or the handler, and has the answer written while
// there is somebody to write to.

import type { Logger } from '../../shared/logger.js';
import type { LongPoll } from './long-poll.js';
import type { WriteOptions } from './reply-head.js';
import { RequestBody } from './request-body.js';
import type { RequestHead } from './request-head.js';
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
  readonly handler: Pick<TransportHandler, 'request'>;
  readonly logger: Logger;
}

const internalError = { status: 500, body: 'INTERNAL' } as const satisfies HttpReply;

export class Requests {
  readonly #deps: RequestsDeps;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  take(head: RequestHead, exchange: Exchange): void {
    const { longPoll, handler, maxBodyBytes } = this.#deps;
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
      const reply = longPoll.owns(head.path)
        ? longPoll.reply({
            ...request,
            onGone: (run) => (tellGone = run),
            dropBody: () => body.abort(),
          })
        : handler.request(request);
      if (reply instanceof Promise) reply.then(answer).catch(fail);
      else answer(reply);
    } catch (error) {
      fail(error);
    }
  }
}
