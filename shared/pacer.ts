// Runs something at once when things are quiet, and at most once per window when they are not.

import type { Clock, Timer } from './clock.js';

export class Pacer {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #run: () => void;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock, windowMs: number, run: () => void) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#run = run;
  }

  /** Runs within a window from now, at once if the last run is longer ago. */
  request(): void {
    if (this.#timer !== undefined) return;
    const waited = this.#clock.monotonic() - this.#lastAt;
    if (waited >= this.#windowMs) this.#fire();
    else this.#timer = this.#clock.after(this.#windowMs - waited, () => this.#fire());
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#lastAt = this.#clock.monotonic();
    this.#run();
  }
}
