// Messages handled one after the other: while one is under way, or before the first may be, those that come wait.

import { SyncError, toSyncError } from '../../shared/errors.js';

/** What a message takes beside its bytes. */
const messageBytes = 64;

export class MessageQueue<M extends object> {
  readonly #handle: (message: M) => void | Promise<void>;
  readonly #fail: (error: SyncError) => void;
  readonly #maxBytes: number;
  #state: 'closed' | 'open' | 'busy' | 'stopped' = 'closed';
  /** Copied: a frame is only valid while it is being delivered. */
  #waiting: M[] = [];
  #waitingBytes = 0;

  /** `fail` is told what a message was refused for; nothing is handled after that unless it was not stopped. */
  constructor(deps: {
    handle: (message: M) => void | Promise<void>;
    fail: (error: SyncError) => void;
    maxBytes: number;
  }) {
    this.#handle = deps.handle;
    this.#fail = deps.fail;
    this.#maxBytes = deps.maxBytes;
  }

  /** From now on messages are handled, those first that have waited. */
  open(): void {
    if (this.#state === 'closed') this.#goOn();
  }

  push(messages: readonly M[]): void {
    for (const [i, message] of messages.entries()) {
      if (this.#state === 'stopped') return;
      if (this.#state !== 'open') return this.#wait(i === 0 ? messages : messages.slice(i));
      this.#take(message);
    }
  }

  /** What waits is dropped, and so is what comes. */
  stop(): void {
    this.#state = 'stopped';
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #take(message: M): void {
    try {
      const pending = this.#handle(message);
      if (pending === undefined) return;
      this.#state = 'busy';
      pending.then(
        () => this.#goOn(),
        (error: unknown) => {
          this.#fail(toSyncError(error));
          this.#goOn();
        },
      );
    } catch (error) {
      this.#fail(toSyncError(error));
    }
  }

  #goOn(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'open';
    const messages = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.push(messages);
  }

  #wait(messages: readonly M[]): void {
    for (const message of messages) {
      const { copy, bytes } = copyOf(message);
      this.#waiting.push(copy);
      this.#waitingBytes += bytes;
    }
    if (this.#waitingBytes > this.#maxBytes)
      this.#fail(new SyncError('RATE_LIMITED', 'too much was sent before what came first was done'));
  }
}

function copyOf<M extends object>(message: M): { copy: M; bytes: number } {
  const copy = { ...message };
  let bytes = messageBytes;
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === 'string') bytes += value.length;
    if (typeof value !== 'object' || value === null) continue;
    const inner = value instanceof Uint8Array ? { copy: value.slice(), bytes: value.length } : copyOf(value);
    Object.assign(copy, { [name]: inner.copy });
    bytes += inner.bytes;
  }
  return { copy, bytes };
}
