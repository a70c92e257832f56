// Documents, or authors, that went over a budget lately. Their jobs run only when nobody else has any.

import type { Clock } from '../../shared/clock.js';

const rememberedMs = 10 * 60_000;
const maxSuspects = 10_000;

export class Suspects<Who extends string> {
  readonly #clock: Clock;
  /** Until when each is remembered, the oldest first. */
  readonly #until = new Map<Who, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(who: Who): void {
    this.#until.delete(who);
    this.#until.set(who, this.#clock.monotonic() + rememberedMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > maxSuspects && oldest !== undefined) this.#until.delete(oldest);
  }

  has(who: Who): boolean {
    const until = this.#until.get(who);
    if (until === undefined) return false;
    if (this.#clock.monotonic() < until) return true;
    this.#until.delete(who);
    return false;
  }
}
