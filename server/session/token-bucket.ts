// Bounds how often something expensive may be asked for.

import type { Clock } from '../../shared/clock.js';

export class TokenBucket {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #everyMs: number;
  #tokens: number;
  #at: number;

  /** `size` at once, and one more every `everyMs` after that. */
  constructor(clock: Clock, size: number, everyMs: number) {
    this.#clock = clock;
    this.#size = size;
    this.#everyMs = everyMs;
    this.#tokens = size;
    this.#at = clock.monotonic();
  }

  /** As if none had ever been taken. */
  get isFull(): boolean {
    this.#refill();
    return this.#tokens === this.#size;
  }

  /** False when there is none left. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#size, this.#tokens + (now - this.#at) / this.#everyMs);
    this.#at = now;
  }
}
