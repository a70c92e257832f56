// When a token is renewed, and the timer until then: it looks at the time again, because a device that sleeps holds its
// timers back, and a browser's reach no further than 2^31 ms.

import type { Clock, Timer } from '../../shared/clock.js';

/** So long before the end of a token's life it is renewed at the latest, ms: its way to the server takes time. */
const marginMs = 10_000;

/** No two renewals in a row are closer together, ms. */
const leastMs = 1_000;

const longestTimerMs = 24 * 3600 * 1000;

/** How long to wait with the renewal of a token that counts for `lifeMs` more: early, and not all at the same moment. */
export function renewalDelay(lifeMs: number, random: () => number): number {
  const early = lifeMs * (0.6 + 0.3 * random());
  return Math.max(leastMs, Math.min(early, Math.max(lifeMs / 2, lifeMs - marginMs)));
}

export class RenewalTimer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #timer: Timer | undefined;
  /** By both clocks: one may stand still while the device sleeps, the other may be set. */
  #dueAt = { wall: 0, monotonic: 0 };

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  /** Starts anew. */
  start(ms: number): void {
    this.#dueAt = { wall: this.#clock.now() + ms, monotonic: this.#clock.monotonic() + ms };
    this.#wait(ms);
  }

  /** Looks at the time: what is overdue is done now. */
  look(): void {
    if (this.#timer === undefined) return;
    const { wall, monotonic } = this.#dueAt;
    const leftMs = Math.min(wall - this.#clock.now(), monotonic - this.#clock.monotonic());
    if (leftMs > 0) return this.#wait(leftMs);
    this.stop();
    this.#run();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.min(ms, longestTimerMs), () => this.look());
  }
}
