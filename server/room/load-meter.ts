// Whether the server has time to spare. Rooms ask before they send frames that a commit would save.

import type { Clock, Timer } from '../../shared/clock.js';

/** How often the use of the thread is looked at, ms. */
const lookEveryMs = 250;
/** From this share of its time on, the thread is busy; below the other it no longer is. Between them nothing changes. */
const busyFrom = 0.5;
const freeBelow = 0.3;

export class LoadMeter {
  readonly #clock: Clock;
  readonly #usedMs: () => number;
  readonly #timer: Timer;
  #at: number;
  #used: number;
  #isBusy = false;

  /** `usedMs`: for how long the thread has worked since it began, ms. */
  constructor(clock: Clock, usedMs: () => number) {
    this.#clock = clock;
    this.#usedMs = usedMs;
    this.#at = clock.monotonic();
    this.#used = usedMs();
    this.#timer = clock.every(lookEveryMs, () => this.#look());
  }

  /** Whether the thread was at work for most of the last quarter of a second. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const [at, used] = [this.#clock.monotonic(), this.#usedMs()];
    const share = (used - this.#used) / (at - this.#at);
    this.#at = at;
    this.#used = used;
    this.#isBusy = share >= (this.#isBusy ? freeBelow : busyFrom);
  }
}
