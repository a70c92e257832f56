// Notices a connection that looks open and is not: when nothing was heard for a while it asks, and when nothing comes then,
// the connection is dead. A page that was asleep asks as soon as it wakes.

import type { Clock, Timer } from '../../shared/clock.js';

export interface HeartbeatOptions {
  /** Silence after which a ping is sent, ms. */
  readonly quietMs: number;
  /** Silence after a ping after which the connection counts as dead, ms. */
  readonly deadMs: number;
}

/** A timer that is this late was held back: the page was asleep. */
const lateMs = 1_000;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #options: HeartbeatOptions;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #timer: Timer | undefined;
  #heardAt = 0;
  #pingedAt: number | undefined;
  #dueAt = 0;

  /** Together the two times are below ten seconds, so that a half-open connection is noticed within that. */
  constructor(
    deps: { clock: Clock; ping: () => void; dead: () => void },
    options: HeartbeatOptions = { quietMs: 5_000, deadMs: 4_000 },
  ) {
    this.#clock = deps.clock;
    this.#ping = deps.ping;
    this.#dead = deps.dead;
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.heard();
    this.#wait(this.#options.quietMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pingedAt = undefined;
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
    this.#pingedAt = undefined;
  }

  /** Asks at once: the page has just woken, or the network has changed. */
  check(): void {
    if (this.#timer === undefined || this.#pingedAt !== undefined) return;
    this.#timer.cancel();
    this.#ask();
  }

  #look(): void {
    const now = this.#clock.monotonic();
    const { quietMs, deadMs } = this.#options;
    // What was asked before the sleep may have been answered in vain.
    if (now - this.#dueAt > lateMs) return this.#ask();
    if (this.#pingedAt !== undefined) {
      const leftMs = this.#pingedAt + deadMs - now;
      if (leftMs > 0) return this.#wait(leftMs);
      this.stop();
      return this.#dead();
    }
    const leftMs = this.#heardAt + quietMs - now;
    if (leftMs > 0) this.#wait(leftMs);
    else this.#ask();
  }

  #ask(): void {
    this.#pingedAt = this.#clock.monotonic();
    this.#wait(this.#options.deadMs);
    this.#ping();
  }

  #wait(ms: number): void {
    this.#dueAt = this.#clock.monotonic() + ms;
    this.#timer = this.#clock.after(ms, () => this.#look());
  }
}
