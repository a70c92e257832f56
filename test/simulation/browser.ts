// A browser in a simulated world: its pages tell each other who is here, beside the server, as y-websocket does over a
// BroadcastChannel. What they tell each other of the document is left out: who has an edit then would be another question.

import type { Clock } from '../../shared/clock.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { Passage } from './wire.js';

/** A page with one document. */
export interface Page {
  /** Another page has told of somebody, or says that somebody has gone. */
  told(update: Uint8Array): void;
  /** Another page asks who is here. */
  asked(): void;
}

export class Browser {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #pages = new Map<Page, Passage>();

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  has(page: Page): boolean {
    return this.#pages.has(page);
  }

  /** Whether a page that others tell of is told of by somebody who is there. */
  hasOthers(page: Page): boolean {
    return this.#pages.size > (this.#pages.has(page) ? 1 : 0);
  }

  /** It hears the others from now on. */
  join(page: Page): void {
    if (this.#pages.has(page)) return;
    this.#pages.set(page, new Passage(this.#clock));
    this.#pass(page, (other) => other.asked());
  }

  tell(page: Page, update: Uint8Array): void {
    if (this.#pages.has(page)) this.#pass(page, (other) => other.told(update.slice()));
  }

  leave(page: Page): void {
    this.#pages.get(page)?.clear();
    this.#pages.delete(page);
  }

  /** What one page says arrives at each other one in the order in which it was said. */
  #pass(from: Page, deliver: (page: Page) => void): void {
    for (const [page, passage] of this.#pages)
      if (page !== from) passage.add(this.#random.pick([0, 0, 1]), () => deliver(page));
  }
}
