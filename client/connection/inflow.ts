// What is heard on one socket, in order: while a deflated message is being inflated, what comes after it waits.

import { toSyncError, type SyncError } from '../../shared/errors.js';
import { notInflatable, type Deflation } from '../../shared/native/deflation.js';
import { decodeServerFrame } from '../../shared/native/frame.js';
import type { NativeServerMessage } from '../../shared/native/messages.js';

type DeflatedMessage = Extract<NativeServerMessage, { type: 'deflated' }>;

/** What a server says, or has deflated. */
export type PlainMessage = Exclude<NativeServerMessage, DeflatedMessage>;

/** Neither call throws. */
export interface Listener {
  hear(message: PlainMessage): void;
  /** Something that came is not of this protocol. */
  failed(error: SyncError): void;
}

export class Inflow {
  readonly #listener: Listener;
  readonly #deflation: Deflation | undefined;
  /** What waits behind the message that is being inflated: each is to be taken in its turn. */
  #waiting: (() => void)[] = [];
  #state: 'ready' | 'inflating' | 'closed' = 'ready';

  constructor(listener: Listener, deflation: Deflation | undefined) {
    this.#listener = listener;
    this.#deflation = deflation;
  }

  /** A frame has come. Its bytes must not change any more. */
  frame(bytes: Uint8Array): void {
    this.#inTurn(() => this.#read(bytes, false));
  }

  /** The socket has ended: that is told behind all that came before. */
  end(told: () => void): void {
    this.#inTurn(told);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
  }

  #inTurn(take: () => void): void {
    if (this.#state === 'inflating') this.#waiting.push(take);
    else if (this.#state === 'ready') take();
  }

  #read(bytes: Uint8Array, isInflated: boolean): void {
    let messages: NativeServerMessage[];
    try {
      messages = decodeServerFrame(bytes, isInflated);
    } catch (error) {
      return this.#listener.failed(toSyncError(error));
    }
    this.#hear(messages);
  }

  #hear(messages: readonly NativeServerMessage[]): void {
    for (const [index, message] of messages.entries()) {
      if (this.#state === 'closed') return;
      if (message.type === 'deflated') {
        this.#waiting.unshift(() => this.#hear(messages.slice(index + 1)));
        return this.#inflate(message);
      }
      this.#listener.hear(message);
    }
  }

  #inflate({ size, body }: DeflatedMessage): void {
    this.#state = 'inflating';
    const inflated = this.#deflation?.inflate(body, size) ?? Promise.reject(notInflatable());
    inflated.then(
      (content) => this.#goOn(() => this.#read(content, true)),
      (error: unknown) => this.#goOn(() => this.#listener.failed(toSyncError(error))),
    );
  }

  #goOn(first: () => void): void {
    if (this.#state === 'closed') return;
    this.#state = 'ready';
    first();
    // Any of them may have to be inflated in its turn.
    while (this.#state === 'ready' && this.#waiting.length > 0) this.#waiting.shift()?.();
  }
}
