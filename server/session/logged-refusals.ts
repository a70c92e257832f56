// What is refused of what one client says about a document, in the log: a client that goes on with it, as a page does with every
// keystroke, does not fill the log.

import type { Clock } from '../../shared/clock.js';
import type { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { logRefusal, type Refused, type Who } from './who.js';

/** One line in so much time for each code. */
const everyMs = 10_000;

export class LoggedRefusals {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By code: when the last line was written, and how many were refused since. */
  readonly #said = new Map<string, { at: number; unsaid: number }>();

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  add(error: SyncError, who: Who, what: Refused): void {
    const now = this.#clock.monotonic();
    const key = `${what} ${error.code}`;
    const before = this.#said.get(key);
    if (before !== undefined && now - before.at < everyMs) {
      before.unsaid++;
      return;
    }
    // `unsaid`: refused before this one, since the last line.
    logRefusal(this.#logger, error, who, what, before === undefined ? {} : { unsaid: before.unsaid });
    this.#said.set(key, { at: now, unsaid: 0 });
  }
}
