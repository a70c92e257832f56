// How long to wait before the next attempt: exponential with full jitter, so that clients which were lost together do not
// come back together (Brooker, "Exponential backoff and jitter"), and after what the server has asked for, within reason.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** What has worked for a shorter time has proved nothing, ms: each attempt may fail at what is done first. */
const steadyMs = 10_000;
/** A server that asks for more is not obeyed beyond this, ms: its clock, or whatever made up its answer, may be wrong. */
const maxLeastMs = 600_000;

export class Backoff {
  readonly #random: () => number;
  readonly #options: BackoffOptions;
  #attempts = 0;
  #beganAt: number | undefined;

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number, options: BackoffOptions = { firstMs: 500, maxMs: 30_000 }) {
    this.#random = random;
    this.#options = options;
  }

  /**
   * Milliseconds until the next attempt, which is then counted. `leastMs`: what the server has asked for, 0 for nothing. The
   * wait is longer than that by up to the longest wait, so that not all whom the server has asked come at once.
   */
  next(leastMs: number): number {
    const { firstMs, maxMs } = this.#options;
    const window = Math.min(maxMs, firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return Math.min(leastMs, maxLeastMs) + this.#random() * window;
  }

  /** An attempt has succeeded, at this time of a monotonic clock, ms. */
  began(now: number): void {
    this.#beganAt = now;
  }

  /** What has begun is over. If it worked for a while, the next wait is a short one. */
  ended(now: number): void {
    if (this.#beganAt !== undefined && now - this.#beganAt >= steadyMs) this.reset();
    this.#beganAt = undefined;
  }

  /** What has failed says nothing any more: the next wait is a short one. */
  reset(): void {
    this.#attempts = 0;
  }
}
