// Messages handled one after the other. Those that come while one is under way, or before the first may be handled, wait.

import type { Clock } from '../../shared/clock.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
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

export interface MessageQueueDeps<M> {
  /** Throws or rejects with SyncError. A promise means: the next message waits until it settles. */
  readonly handle: (message: M) => void | Promise<void>;
  /** Told of what was thrown, when the queue has stopped. */
  readonly fail: (error: SyncError) => void;
  /** Whether the connection is still there. Once it is not, the next message is not handled. */
  readonly isOpen: () => boolean;
  /** Of this connection, for what waits. */
  readonly budget: ByteBudget;
  /** So many messages are handled in one turn of the event loop; the rest waits for the next turn. */
  readonly maxPerTurn: number;
  readonly clock: Clock;
}

export class MessageQueue<M> {
  readonly #deps: MessageQueueDeps<M>;
  #state: QueueState = 'closed';
  /** What is being handled, as far as it has waited. */
  #current: MessageSource<M> | undefined;
  #currentBytes = 0;
  /** Made when the first source waits: most connections never have one. */
  #waiting: Fifo<MessageSource<M>> | undefined;
  /** Of the budget. */
  #takenBytes = 0;
  #handledInTurn = 0;

  constructor(deps: MessageQueueDeps<M>) {
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
    this.#current = undefined;
    this.#waiting = undefined;
    this.#give(this.#takenBytes);
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Handles what waits, as far as it may. */
  #goOn(): void {
    while (this.#state === 'ready') {
      const source = this.#current ?? this.#waiting?.take();
      if (source === undefined) return;
      if (source !== this.#current) this.#begin(source);
      this.#run(source);
      if (this.#isStopped || !source.isAtEnd) return;
      this.#current = undefined;
      this.#give(this.#currentBytes);
    }
  }

  /** Handles the messages of a source until one has to be waited for. */
  #run(source: MessageSource<M>): void {
    const { isOpen, maxPerTurn, clock } = this.#deps;
    while (this.#state === 'ready' && !source.isAtEnd) {
      if (!isOpen()) return this.stop();
      if (this.#handledInTurn++ < maxPerTurn) this.#handleNext(source);
      else {
        this.#happen('tired');
        clock.soon(() => this.#turn());
      }
    }
  }

  #handleNext(source: MessageSource<M>): void {
    try {
      const pending = this.#deps.handle(source.next());
      if (pending === undefined) return;
      this.#happen('promised');
      pending.then(
        () => this.#settled(),
        (error: unknown) => this.#fail(toSyncError(error)),
      );
    } catch (error) {
      this.#fail(toSyncError(error));
    }
  }

  #fail(error: SyncError): void {
    if (this.#isStopped) return;
    this.stop();
    this.#deps.fail(error);
  }

  #settled(): void {
    this.#happen('settled');
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

  #begin(source: MessageSource<M>): void {
    this.#current = source;
    this.#currentBytes = source.bytes + sourceBytes;
  }

  #take({ bytes }: MessageSource<M>): boolean {
    const isTaken = this.#deps.budget.take(bytes + sourceBytes);
    if (isTaken) this.#takenBytes += bytes + sourceBytes;
    else this.#fail(new SyncError('RATE_LIMITED', 'too much was sent before what came first was done'));
    return isTaken;
  }

  #give(bytes: number): void {
    this.#takenBytes -= bytes;
    this.#deps.budget.give(bytes);
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
