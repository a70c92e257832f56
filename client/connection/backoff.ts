// How long to wait before the next attempt: exponential with full jitter, so that clients which were lost together do not
// come back together (Brooker, "Exponential backoff and jitter"), and never sooner than the server has asked for.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export class Backoff {
  readonly #random: () => number;
  readonly #options: BackoffOptions;
  #attempts = 0;

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number, options: BackoffOptions = { firstMs: 500, maxMs: 30_000 }) {
    this.#random = random;
    this.#options = options;
  }

  /** Milliseconds until the next attempt, which is then counted. `leastMs`: the server's hint, 0 for none. */
  next(leastMs: number): number {
    const { firstMs, maxMs } = this.#options;
    const window = Math.min(maxMs, firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return leastMs + this.#random() * window;
  }

  /** The connection has proved itself. */
  reset(): void {
    this.#attempts = 0;
  }
}
