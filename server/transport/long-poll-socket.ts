// One socket over HTTP: its client brings frames in requests, and asks for those that wait. Owns what the client has not
// acknowledged, so that an answer that was lost can be given again. Knows nothing of paths, headers and ids.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { framesInBody, type Body, type Farewell } from '../../shared/native/over-http.js';
import { closeReason } from './close-reason.js';
import type { PolledSubscriber, PolledTopics } from './polled-topics.js';
import type { SendResult, Socket, SocketHandler } from './transport.js';
import { handlerFailed, tellHandler } from './tell-handler.js';

/** A poll that is answered later, at most once. */
export interface Poll {
  /** With frames, perhaps none, perhaps the end. */
  answer(body: Body): void;
  /** There is nothing for it: a later one has taken its place, or the socket is gone. */
  refuse(why: 'replaced' | 'gone'): void;
}

/** What all such sockets of a server share. */
export interface LongPollShared {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxBufferedBytes: number;
  readonly topics: PolledTopics;
  /** The socket is of no use any more. */
  ended(socket: LongPollSocket): void;
}

/** A poll is held for so long if there is nothing to tell: proxies cut what is silent for 30 s. */
const holdMs = 25_000;
/** A client that has not polled for so long is gone. */
const patienceMs = 15_000;

export class LongPollSocket implements PolledSubscriber {
  readonly remoteAddress: string;
  readonly #shared: LongPollShared;
  #topics: readonly string[] = [];
  #handler: SocketHandler | undefined;
  /** closing: the client is yet to be told. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #farewell: Farewell | undefined;
  /** Not acknowledged, oldest first. */
  #frames: Uint8Array[] = [];
  #bytes = 0;
  /** Frames that were acknowledged. */
  #acknowledged = 0;
  /** Of those that are not, how many have been in an answer. */
  #answered = 0;
  /** Frames of the client that were handed on. */
  #heard = 0;
  #poll: Poll | undefined;
  /** When the poll that is held came, or the last one ended. */
  #polledAt: number;
  #isFlushing = false;

  constructor(shared: LongPollShared, remoteAddress: string) {
    this.#shared = shared;
    this.remoteAddress = remoteAddress;
    this.#polledAt = shared.clock.monotonic();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** All that is not acknowledged: nothing else is known to have arrived. */
  get bufferedBytes(): number {
    return this.#bytes;
  }

  send(frame: Uint8Array): SendResult {
    if (!this.isOpen) return 'dropped';
    this.take(frame.slice());
    return this.isOpen ? 'buffered' : 'dropped';
  }

  take(frame: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#bytes > this.#shared.maxBufferedBytes) {
      queueMicrotask(() => this.#tell((handler) => handler.dropped()));
      return this.terminate();
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#flushSoon();
  }

  cork(run: () => void): void {
    run();
  }

  subscribe(topic: string): void {
    if (!this.isOpen || this.#topics.includes(topic)) return;
    this.#topics = this.#topics.concat(topic);
    this.#shared.topics.add(topic, this);
  }

  unsubscribe(topic: string): void {
    this.#topics = this.#topics.filter((other) => other !== topic);
    this.#shared.topics.remove(topic, this);
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#state = 'closing';
    this.#farewell = { code, reason: Buffer.from(closeReason(reason)).toString() };
    this.#leaveTopics();
    this.#flushSoon();
  }

  terminate(): void {
    this.#end(1006);
  }

  /** Gives the socket to its handler. */
  start(open: (socket: Socket) => SocketHandler): void {
    try {
      this.#handler = open(this);
    } catch (error) {
      handlerFailed(this, this.#shared.logger, error);
    }
  }

  /**
   * Frames of the client that come after the first so many; those that were heard before are passed over. Throws SyncError
   * FRAME_MALFORMED when some in between are missing.
   */
  hear(after: number, { frames, farewell }: Body): void {
    if (after > this.#heard) throw new SyncError('FRAME_MALFORMED', 'frames are sent one after the other');
    for (const frame of frames.slice(this.#heard - after)) {
      this.#heard++;
      if (this.isOpen) this.#tell((handler) => handler.message(frame, true));
    }
    if (farewell !== undefined) this.#end(farewell.code);
  }

  /**
   * The client has the first so many frames, and wants those after them. Throws SyncError FRAME_MALFORMED when it cannot
   * have them.
   */
  ask(after: number, poll: Poll): void {
    const count = after - this.#acknowledged;
    // One that was on its way for longer than the next.
    if (count < 0) return poll.refuse('replaced');
    if (count > this.#answered) throw new SyncError('FRAME_MALFORMED', 'what was not sent is acknowledged');
    this.#poll?.refuse('replaced');
    this.#poll = poll;
    this.#polledAt = this.#shared.clock.monotonic();
    if (count > 0) this.#acknowledge(count);
    // What its handler sends now is joined.
    if (this.#frames.length > 0 || !this.isOpen) this.#flushSoon();
  }

  /** The client has gone, or has given the poll up. */
  forget(poll: Poll): void {
    if (this.#poll !== poll) return;
    this.#poll = undefined;
    this.#polledAt = this.#shared.clock.monotonic();
  }

  /** A regular look: answers what has been held for long, and ends the socket of a client that is gone. */
  look(): void {
    const passedMs = this.#shared.clock.monotonic() - this.#polledAt;
    if (this.#poll !== undefined && passedMs >= holdMs) this.#answer();
    else if (this.#poll === undefined && passedMs >= patienceMs) this.terminate();
  }

  #acknowledge(count: number): void {
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.length;
    this.#acknowledged += count;
    this.#answered -= count;
    if (this.isOpen) this.#tell((handler) => handler.drained());
  }

  /** What is sent in one turn leaves in one answer. */
  #flushSoon(): void {
    if (this.#poll === undefined || this.#isFlushing) return;
    this.#isFlushing = true;
    this.#shared.clock.soon(() => {
      this.#isFlushing = false;
      if (this.#frames.length > 0 || !this.isOpen) this.#answer();
    });
  }

  #answer(): void {
    const poll = this.#poll;
    if (poll === undefined) return;
    this.forget(poll);
    const frames = this.#frames.slice(0, framesInBody(this.#frames));
    this.#answered = Math.max(this.#answered, frames.length);
    const farewell = frames.length === this.#frames.length ? this.#farewell : undefined;
    poll.answer({ frames, farewell });
    if (farewell !== undefined) this.#end(farewell.code);
  }

  #end(code: number): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#leaveTopics();
    this.#frames = [];
    this.#bytes = 0;
    this.#poll?.refuse('gone');
    this.#poll = undefined;
    this.#shared.ended(this);
    queueMicrotask(() => this.#tell((handler) => handler.closed(code)));
  }

  #leaveTopics(): void {
    for (const topic of this.#topics) this.#shared.topics.remove(topic, this);
    this.#topics = [];
  }

  #tell(call: (handler: SocketHandler) => void): void {
    tellHandler(this, this.#handler, this.#shared.logger, call);
  }
}
