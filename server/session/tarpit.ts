// Slows down a client that is refused again and again: older stock clients ignore close codes and come back after 100 ms.

import type { Clock } from '../../shared/clock.js';

const windowMs = 10_000;
/** Refusals within a window that are told at once. */
const free = 20;
const delayMs = 1_000;
const maxAddresses = 10_000;

export class Tarpit {
  readonly #clock: Clock;
  #windowSince = Number.NEGATIVE_INFINITY;
  #refusals = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts a refusal of this address; returns how long to wait before closing on it, ms. `weight`: for how many refusals
   * it counts, and how many times as long it waits, because what was refused has cost so much more.
   */
  delay(address: string, weight = 1): number {
    const now = this.#clock.monotonic();
    if (now - this.#windowSince > windowMs || this.#refusals.size > maxAddresses) {
      this.#windowSince = now;
      this.#refusals = new Map();
    }
    const count = (this.#refusals.get(address) ?? 0) + weight;
    this.#refusals.set(address, count);
    return count > free ? weight * delayMs : 0;
  }
}
