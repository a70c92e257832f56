// Runs something once, at the earliest of the times it was wanted for.

import type { Clock, Timer } from '../../shared/clock.js';

export class DueTimer {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** Of the monotonic clock, ms. */
  #dueAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `run` in this time, unless something is to be run sooner. */
  runIn(delayMs: number, run: () => void): void {
    const at = this.#clock.monotonic() + delayMs;
    if (this.#dueAt <= at) return;
    this.cancel();
    this.#dueAt = at;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#dueAt = Infinity;
      run();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#dueAt = Infinity;
  }
}
