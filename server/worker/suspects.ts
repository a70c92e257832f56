// Documents that went over a budget lately. Their jobs run only when nobody else has any.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';

const rememberedMs = 10 * 60_000;
const maxSuspects = 10_000;

export class Suspects {
  readonly #clock: Clock;
  /** Until when each is remembered, the oldest first. */
  readonly #until = new Map<DocumentName, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(document: DocumentName): void {
    this.#until.delete(document);
    this.#until.set(document, this.#clock.monotonic() + rememberedMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > maxSuspects && oldest !== undefined) this.#until.delete(oldest);
  }

  has(document: DocumentName): boolean {
    const until = this.#until.get(document);
    if (until === undefined) return false;
    if (this.#clock.monotonic() < until) return true;
    this.#until.delete(document);
    return false;
  }
}
