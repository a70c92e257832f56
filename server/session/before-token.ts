// What a connection may cost before a token was believed on it (O2): so much time, whatever it sends meanwhile, and so many
// bytes that wait.

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { ByteBudget } from './byte-budget.js';

export class BeforeToken {
  /** For messages of the connection that wait; larger once a token is believed. */
  readonly waiting: ByteBudget;
  readonly #limits: Limits;
  #timer: Timer | undefined;
  #state: 'silent' | 'presented' | 'believed' = 'silent';

  /** `of` is refused when the time is over before a token was believed. */
  constructor(deps: { clock: Clock; limits: Limits }, of: { refuse(error: SyncError): void }) {
    const { clock, limits } = deps;
    this.#limits = limits;
    this.waiting = new ByteBudget(limits.maxUnknownBytes);
    this.#timer = clock.after(limits.maxUnknownMs, () => of.refuse(this.#reason()));
  }

  get isBelieved(): boolean {
    return this.#state === 'believed';
  }

  /** The client has handed in a token, which is being looked at: if that takes too long, it is not the client's fault. */
  presented(): void {
    this.#state = 'presented';
  }

  /** A token was believed. */
  believed(): void {
    this.#state = 'believed';
    this.waiting.allow(this.#limits.maxWaitingBytes);
    this.close();
  }

  /** The connection has ended. */
  close(): void {
    this.#timer?.cancel();
    // What a timer holds would be held for as long as the connection lives.
    this.#timer = undefined;
  }

  #reason(): SyncError {
    const ms = this.#limits.maxUnknownMs;
    if (this.#state === 'silent') return new SyncError('TOKEN_MISSING', `no token came within ${ms} ms`);
    return new SyncError('INTERNAL', '', { cause: new Error(`a token was not checked within ${ms} ms`) });
  }
}
