// Notices a connection that looks open and is not: when nothing was heard for a while it asks, and when nothing comes then,
// the connection is dead. A page that was asleep asks as soon as it wakes. What is being uploaded goes before the question: on a
// slow line the answer may take as long as that takes.

import type { Clock, Timer } from '../../shared/clock.js';

export interface HeartbeatOptions {
  /** Silence after which a ping is sent, ms. */
  readonly quietMs: number;
  /** Silence after a ping after which the connection counts as dead, ms. */
  readonly deadMs: number;
}

/** The slowest line that is waited for, bytes per ms: 64 kbit/s. */
export const slowestLine = 8;

/** A timer that is this late was held back: the page was asleep. */
const lateMs = 1_000;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #options: HeartbeatOptions;
  readonly #ping: () => void;
  readonly #dead: () => void;
  readonly #bytesOnWay: () => number;
  readonly #isHidden: () => boolean;
  readonly #patienceMs: () => number;
  #timer: Timer | undefined;
  #heardAt = 0;
  #pingedAt: number | undefined;
  #dueAt = 0;
  /** Something was said since the server was heard. */
  #isAnswerDue = false;
  /** Bytes that were on their way when the line last moved. */
  #bytesLeft = 0;

  /**
   * Together the two times are below ten seconds, so that a half-open connection on which little is on its way is noticed
   * within that. `bytesOnWay`: bytes of which it is not known that they have arrived. `patienceMs`: the silence that
   * is allowed while nobody sees the page, or nothing is waited for (K54).
   */
  constructor(
    deps: {
      clock: Clock;
      ping: () => void;
      dead: () => void;
      bytesOnWay?: () => number;
      isHidden?: () => boolean;
      patienceMs?: () => number;
    },
    options: HeartbeatOptions = { quietMs: 5_000, deadMs: 4_000 },
  ) {
    this.#clock = deps.clock;
    this.#ping = deps.ping;
    this.#dead = deps.dead;
    this.#bytesOnWay = deps.bytesOnWay ?? ((): number => 0);
    this.#isHidden = deps.isHidden ?? ((): boolean => false);
    this.#patienceMs = deps.patienceMs ?? ((): number => 0);
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.heard();
    this.#wait(this.#quietMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pingedAt = undefined;
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
    this.#isAnswerDue = false;
    this.#pingedAt = undefined;
  }

  /** Something was said: whether it has arrived matters. */
  said(): void {
    this.#isAnswerDue = true;
    const quietMs = this.#quietMs;
    if (this.#timer === undefined || this.#pingedAt !== undefined) return;
    if (this.#clock.monotonic() + quietMs >= this.#dueAt) return;
    this.#timer.cancel();
    this.#wait(quietMs);
  }

  get #quietMs(): number {
    const { quietMs } = this.#options;
    const isMinded = !this.#isHidden() && (this.#isAnswerDue || this.#bytesOnWay() > 0);
    return isMinded ? quietMs : Math.max(quietMs, this.#patienceMs());
  }

  /** Asks at once: the page has just woken, or the network has changed. */
  check(): void {
    if (this.#timer === undefined || this.#pingedAt !== undefined) return;
    this.#timer.cancel();
    this.#ask();
  }

  #look(): void {
    const now = this.#clock.monotonic();
    const { deadMs } = this.#options;
    // What was asked before the sleep may have been answered in vain.
    if (now - this.#dueAt > lateMs) return this.#ask();
    if (this.#pingedAt !== undefined) {
      const bytes = this.#bytesOnWay();
      // Some of it has left: there is somebody who takes it.
      if (bytes < this.#bytesLeft) this.#pingedAt = now;
      this.#bytesLeft = bytes;
      const leftMs = this.#pingedAt + deadMs + bytes / slowestLine - now;
      if (leftMs > 0) return this.#wait(Math.min(leftMs, deadMs));
      this.stop();
      return this.#dead();
    }
    const leftMs = this.#heardAt + this.#quietMs - now;
    if (leftMs > 0) this.#wait(leftMs);
    else this.#ask();
  }

  #ask(): void {
    this.#pingedAt = this.#clock.monotonic();
    this.#bytesLeft = this.#bytesOnWay();
    this.#wait(this.#options.deadMs);
    this.#ping();
  }

  #wait(ms: number): void {
    this.#dueAt = this.#clock.monotonic() + ms;
    this.#timer = this.#clock.after(ms, () => this.#look());
  }
}
