// One socket over HTTP. The client sends its frames in requests, and asks for the server's frames with requests called polls.
// This file owns the frames that the client has not acknowledged, so that a lost answer can be given again. It knows nothing
// of paths, headers and ids.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { framesInBody, type Body, type Farewell } from '../../shared/native/over-http.js';
import { tooMuchOfStranger, type Seat } from './addresses.js';
import { closeReason } from './close-reason.js';
import type { PolledSubscriber, PolledTopics } from './polled-topics.js';
import type { SendResult, Socket, SocketHandler } from './transport.js';
import { handlerFailed, tellHandler } from './tell-handler.js';

/** A request of the client for frames. It is answered later, at most once. */
export interface Poll {
  /** Answers with frames, perhaps none, and perhaps with the end of the socket. */
  answer(body: Body): void;
  /** Answers without frames: a later poll has taken the place of this one, or the socket is gone. */
  refuse(why: 'replaced' | 'gone'): void;
}

/** What all sockets over HTTP of a server share. */
export interface LongPollShared {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxBufferedBytes: number;
  readonly topics: PolledTopics;
  /** Called once, when the socket has ended. */
  ended(socket: LongPollSocket): void;
}

/** The server holds a poll for so long if there are no frames. Proxies cut a request that is silent for 30 s. */
const holdMs = 25_000;
/** The socket ends when its client has not polled for so long. */
const patienceMs = 15_000;
/** A stranger ends so long after `maxUnknownMs`, whatever it does. The session ends it before that, with a reason. */
const graceMs = 10_000;
/** What a frame takes in memory beside its bytes: the array, its buffer, and their places. Measured. */
const frameOverheadBytes = 400;

export class LongPollSocket implements PolledSubscriber {
  readonly remoteAddress: string;
  readonly #shared: LongPollShared;
  readonly #seat: Seat;
  readonly #openedAt: number;
  #topics: readonly string[] = [];
  #handler: SocketHandler | undefined;
  /** closing: the client has not been told of the end yet. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #farewell: Farewell | undefined;
  /** The frames that the client has not acknowledged, oldest first. */
  #frames: Uint8Array[] = [];
  #bytes = 0;
  /** How many frames the client has acknowledged. */
  #acknowledged = 0;
  /** How many of the frames that are not acknowledged have been in an answer. */
  #answered = 0;
  /** How many frames of the client the handler was given. */
  #heard = 0;
  #poll: Poll | undefined;
  /** When the poll came that is held now; without one, when the last poll ended. */
  #polledAt: number;
  #isFlushing = false;

  constructor(shared: LongPollShared, remoteAddress: string, seat: Seat) {
    this.#shared = shared;
    this.#seat = seat;
    this.remoteAddress = remoteAddress;
    this.#openedAt = shared.clock.monotonic();
    this.#polledAt = this.#openedAt;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** What the frames that the client has not acknowledged take in memory. Only an acknowledged frame has surely arrived. */
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
    this.#bytes += frame.length + frameOverheadBytes;
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

  trust(): void {
    this.#seat.believe();
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
   * Takes frames of the client. `after` says how many frames of the client came before these. Frames that were heard before
   * are passed over. Throws SyncError FRAME_MALFORMED when frames in between are missing.
   */
  hear(after: number, { frames, farewell }: Body): void {
    if (after > this.#heard) throw new SyncError('FRAME_MALFORMED', 'frames are sent one after the other');
    for (const frame of frames.slice(this.#heard - after)) {
      this.#heard++;
      if (this.isOpen && !this.#seat.hear(frame.length)) this.#endStranger();
      if (this.isOpen) this.#tell((handler) => handler.message(frame, true));
    }
    if (farewell !== undefined) this.#end(farewell.code);
  }

  /**
   * The client has the first `after` frames, and wants the next ones. Throws SyncError FRAME_MALFORMED when the client
   * acknowledges frames that it was not sent.
   */
  ask(after: number, poll: Poll): void {
    const count = after - this.#acknowledged;
    // This poll was on its way for longer than the next one.
    if (count < 0) return poll.refuse('replaced');
    if (count > this.#answered) throw new SyncError('FRAME_MALFORMED', 'what was not sent is acknowledged');
    this.#poll?.refuse('replaced');
    this.#poll = poll;
    this.#polledAt = this.#shared.clock.monotonic();
    if (count > 0) this.#acknowledge(count);
    // Frames that the handler sends in this turn leave in the same answer.
    if (this.#frames.length > 0 || !this.isOpen) this.#flushSoon();
  }

  /** The client has gone, or has given up this poll. */
  forget(poll: Poll): void {
    if (this.#poll !== poll) return;
    this.#poll = undefined;
    this.#polledAt = this.#shared.clock.monotonic();
  }

  /** Called every second: answers a poll that was held for long, and ends the socket of a client that is gone. */
  look(): void {
    const now = this.#shared.clock.monotonic();
    if (this.#seat.isStranger && now - this.#openedAt >= this.#seat.limits.maxUnknownMs + graceMs)
      return this.terminate();
    const passedMs = now - this.#polledAt;
    if (this.#poll !== undefined && passedMs >= holdMs) this.#answer();
    else if (this.#poll === undefined && passedMs >= patienceMs) this.terminate();
  }

  /** Ends a stranger that has sent too much. */
  #endStranger(): void {
    const { closeCode, reason } = tooMuchOfStranger();
    this.close(closeCode, reason);
  }

  #acknowledge(count: number): void {
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.length + frameOverheadBytes;
    this.#acknowledged += count;
    this.#answered -= count;
    if (this.isOpen) this.#tell((handler) => handler.drained());
  }

  /** Frames that are sent in one turn of the event loop leave in one answer. */
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
