// Messages handled one after the other. Those that come while one is under way, or before the first may be handled, wait.

import type { Clock } from '../../shared/clock.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Socket } from '../transport/transport.js';
import type { ByteBudget } from './byte-budget.js';
import { Fifo } from './fifo.js';

/**
 * closed: no message may be handled yet. ready: nothing waits, and the next message is handled at once. busy: a message is
 * under way. resting: enough was handled in this turn of the event loop. stopped: nothing is handled any more.
 */
export type QueueState = 'closed' | 'ready' | 'busy' | 'resting' | 'stopped';

/**
 * opened: messages may be handled. promised: the handler has given a promise. settled: it has settled. tired: the turn's
 * number of messages was handled. turned: the next turn has come. stopped: the connection or the document has ended.
 */
export type QueueEvent = 'opened' | 'promised' | 'settled' | 'tired' | 'turned' | 'stopped';

/** What follows; an event that is not named changes nothing. */
export const queueTransitions: Readonly<Record<QueueState, Partial<Record<QueueEvent, QueueState>>>> = {
  closed: { opened: 'ready', stopped: 'stopped' },
  ready: { promised: 'busy', tired: 'resting', stopped: 'stopped' },
  busy: { settled: 'ready', stopped: 'stopped' },
  resting: { turned: 'ready', stopped: 'stopped' },
  stopped: {},
};

/** One or several messages that came together: a frame, or a single message. It has one at least. */
export interface MessageSource<M> {
  readonly isAtEnd: boolean;
  /** Bytes of what has not been read. */
  readonly bytes: number;
  /** A view that is valid until the call that brought the source returns. Throws SyncError. */
  next(): M;
  /** What has not been read, in memory of its own. */
  keep(): MessageSource<M>;
}

/** What a source takes beside its bytes when it waits. */
const sourceBytes = 64;

/** Whoever the messages are for. An object, not functions: there is one for each connection and each document. */
export interface MessageHandler<M> {
  readonly socket: Pick<Socket, 'isOpen'>;
  /** Of this connection, for what waits. */
  readonly waiting: ByteBudget;
  /**
   * Throws or rejects with SyncError. A promise means: the next message waits until it settles. The messages that a promise
   * brings are handled before the next; the memory that they take is the queue's from then on.
   */
  handle(message: M): void | Promise<void | MessageSource<M>>;
  /** Told of what was thrown, when the queue has stopped. */
  refuse(error: SyncError): void;
}

/** What all queues of a server share. */
export interface MessageQueueDeps {
  readonly clock: Clock;
  readonly limits: Limits;
}

/** A source whose messages come before all that waits, and what it has taken of the budget. */
interface Begun<M> {
  readonly source: MessageSource<M>;
  readonly bytes: number;
}

const none: readonly never[] = [];

export class MessageQueue<M> {
  readonly #handler: MessageHandler<M>;
  readonly #deps: MessageQueueDeps;
  #state: QueueState = 'closed';
  /** What is being handled, as far as it has waited: the last of them goes before the others, which it was brought by. */
  #begun: readonly Begun<M>[] = none;
  /** Made when the first source waits: most connections never have one. */
  #waiting: Fifo<MessageSource<M>> | undefined;
  /** Of the budget. */
  #takenBytes = 0;
  #handledInTurn = 0;

  constructor(handler: MessageHandler<M>, deps: MessageQueueDeps) {
    this.#handler = handler;
    this.#deps = deps;
  }

  /** From now on messages are handled, those first that have waited. */
  open(): void {
    this.#happen('opened');
    this.#goOn();
  }

  push(source: MessageSource<M>): void {
    if (this.#isStopped) return;
    if (this.#state !== 'ready') return this.#wait(source);
    this.#handledInTurn = 0;
    this.#run(source);
    if (!source.isAtEnd && !this.#isStopped) this.#keep(source);
  }

  /** What waits is dropped, and so is what comes. */
  stop(): void {
    this.#happen('stopped');
    this.#begun = none;
    this.#waiting = undefined;
    this.#give(this.#takenBytes);
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Handles what waits, as far as it may. */
  #goOn(): void {
    while (this.#state === 'ready') {
      const begun = this.#begun.at(-1) ?? this.#beginNext();
      if (begun === undefined) return;
      this.#run(begun.source);
      if (this.#isStopped || !begun.source.isAtEnd) return;
      this.#begun = this.#begun.slice(0, -1);
      this.#give(begun.bytes);
    }
  }

  #beginNext(): Begun<M> | undefined {
    const source = this.#waiting?.take();
    return source === undefined ? undefined : this.#begin(source);
  }

  /** Handles the messages of a source until one has to be waited for. */
  #run(source: MessageSource<M>): void {
    const { clock, limits } = this.#deps;
    while (this.#state === 'ready' && !source.isAtEnd) {
      // Once the connection is gone, the next message is not handled.
      if (!this.#handler.socket.isOpen) return this.stop();
      if (this.#handledInTurn++ < limits.maxMessagesPerTurn) this.#handleNext(source);
      else {
        this.#happen('tired');
        clock.soon(() => this.#turn());
      }
    }
  }

  #handleNext(source: MessageSource<M>): void {
    try {
      const pending = this.#handler.handle(source.next());
      if (pending === undefined) return;
      this.#happen('promised');
      pending.then(
        (brought) => this.#settled(brought),
        (error: unknown) => this.#fail(toSyncError(error)),
      );
    } catch (error) {
      this.#fail(toSyncError(error));
    }
  }

  #fail(error: SyncError): void {
    if (this.#isStopped) return;
    this.stop();
    this.#handler.refuse(error);
  }

  #settled(brought: MessageSource<M> | void): void {
    this.#happen('settled');
    if (brought !== undefined && this.#state === 'ready') {
      this.#run(brought);
      if (!brought.isAtEnd && !this.#isStopped && this.#take(brought)) this.#begin(brought);
    }
    this.#goOn();
  }

  #turn(): void {
    this.#handledInTurn = 0;
    this.#happen('turned');
    this.#goOn();
  }

  /** The rest of a source whose first messages were handled goes before all that waits. */
  #keep(source: MessageSource<M>): void {
    if (this.#take(source)) this.#begin(source.keep());
  }

  #wait(source: MessageSource<M>): void {
    if (this.#take(source)) (this.#waiting ??= new Fifo()).push(source.keep());
  }

  #begin(source: MessageSource<M>): Begun<M> {
    const begun = { source, bytes: source.bytes + sourceBytes };
    this.#begun = [...this.#begun, begun];
    return begun;
  }

  #take({ bytes }: MessageSource<M>): boolean {
    const isTaken = this.#handler.waiting.take(bytes + sourceBytes);
    if (isTaken) this.#takenBytes += bytes + sourceBytes;
    else this.#fail(new SyncError('RATE_LIMITED', 'too much was sent before what came first was done'));
    return isTaken;
  }

  #give(bytes: number): void {
    this.#takenBytes -= bytes;
    this.#handler.waiting.give(bytes);
  }

  #happen(event: QueueEvent): void {
    this.#state = queueTransitions[this.#state][event] ?? this.#state;
  }
}

/** A single message as a source. */
export function single<M extends object>(message: M): MessageSource<M> {
  return new Single(message, undefined);
}

class Single<M extends object> implements MessageSource<M> {
  readonly #message: M;
  #bytes: number | undefined;
  isAtEnd = false;

  constructor(message: M, bytes: number | undefined) {
    this.#message = message;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.isAtEnd ? 0 : (this.#bytes ??= bytesOf(this.#message));
  }

  next(): M {
    this.isAtEnd = true;
    return this.#message;
  }

  keep(): MessageSource<M> {
    return new Single(copyOf(this.#message), this.bytes);
  }
}

/** Bytes of the byte arrays and strings in a message. */
function bytesOf(message: object): number {
  let bytes = 0;
  for (const value of Object.values(message)) {
    if (typeof value === 'string') bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.length;
  }
  return bytes;
}

/** A copy, byte arrays included. Messages about an open document are flat. */
function copyOf<M extends object>(message: M): M {
  const copy = { ...message };
  for (const [name, value] of Object.entries(message))
    if (value instanceof Uint8Array) Object.assign(copy, { [name]: value.slice() });
  return copy;
}
