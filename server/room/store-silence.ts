// Whether the store answers what it was asked (O10, O12). A question that it does not answer is not given up: it may be answered
// yet. Whoever watches the server decides. Owns the questions that are open.

import type { Clock } from '../../shared/clock.js';
import type { Logger } from '../../shared/logger.js';

/** A store that has not answered for so long is silent, ms: much longer than a disk takes that is only slow. */
const maxAnswerMs = 10_000;

export class StoreSilence {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** The monotonic time at which each open question was asked, the oldest first. */
  readonly #askedAt = new Map<object, number>();
  #isLogged = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Passes on the answer to a question that is asked now. */
  async of<T>(answer: Promise<T>): Promise<T> {
    const question = {};
    this.#askedAt.set(question, this.#clock.monotonic());
    try {
      return await answer;
    } finally {
      this.#askedAt.delete(question);
    }
  }

  get isSilent(): boolean {
    const [oldest] = this.#askedAt.values();
    return oldest !== undefined && this.#clock.monotonic() - oldest >= maxAnswerMs;
  }

  /** Says in the log that the store is silent, and that it is not any more. To be called now and then. */
  look(): void {
    const { isSilent } = this;
    if (isSilent === this.#isLogged) return;
    this.#isLogged = isSilent;
    if (isSilent) {
      const fields = { questions: this.#askedAt.size, silentMs: maxAnswerMs };
      this.#logger.error(fields, 'the store does not answer');
    } else this.#logger.warn({}, 'the store answers again');
  }
}
