// Calls that the server has not answered yet. Owns their numbers.

import { errorCodeOf, SyncError } from '../../shared/errors.js';
import type { NativeServerMessage } from '../../shared/native/messages.js';

interface Call {
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Hears what comes for a number after its first answer, and undefined when the connection has ended. */
export type HearMore = (body: Uint8Array | undefined) => void;

export class Calls {
  readonly #open = new Map<number, Call>();
  /** A connection has one. */
  #watch: { readonly id: number; readonly hear: HearMore } | undefined;
  #lastId = 0;

  /**
   * `say` gets the number to call by. Rejects with SyncError when the call is refused, and with an Error when the connection
   * ends first: then it is not known whether the server has done what was asked. `hear` takes the place of the one before it.
   */
  make(say: (id: number) => void, hear?: HearMore): Promise<Uint8Array> {
    const id = ++this.#lastId;
    if (hear !== undefined) this.#watch = { id, hear };
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      say(id);
    });
  }

  /** Some are not answered yet. */
  get isWaiting(): boolean {
    return this.#open.size > 0;
  }

  answered({ id, code, reason, body }: Extract<NativeServerMessage, { type: 'result' }>): void {
    const call = this.#open.get(id);
    this.#open.delete(id);
    if (call === undefined && this.#watch?.id === id && code === '') return this.#watch.hear(body.slice());
    if (code === '') return call?.resolve(body.slice());
    const known = errorCodeOf(code);
    if (known === undefined) return call?.reject(new Error(reason));
    call?.reject(new SyncError(known, reason));
  }

  /** The connection has ended. */
  lost(): void {
    for (const { reject } of this.#open.values()) reject(new Error('the connection ended before the answer'));
    this.#open.clear();
    const watch = this.#watch;
    this.#watch = undefined;
    watch?.hear(undefined);
  }
}
