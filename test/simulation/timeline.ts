// Time in a simulation: one clock for all, moved from timer to timer, with everything that follows from a timer done before
// the next one. Owns the log of what happened.

import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import { Violation } from './violation.js';

/** A turn that causes this many further turns without time moving on will cause turns for ever. */
const maxTurns = 10_000;

export class Timeline {
  readonly clock: FakeClock = createFakeClock();
  readonly events: string[] = [];
  /** Moves what can move without time; says whether anything did. */
  move: () => boolean = () => false;
  #violation: Violation | undefined;

  /** Takes note of what happens. */
  log(what: string): void {
    this.events.push(`${this.clock.monotonic().toFixed(1).padStart(9)} ${what}`);
  }

  /** A rule was broken. The first one counts, and ends the run at the end of the turn. */
  violate(rule: string, what: string): void {
    this.log(`BROKEN ${rule}: ${what}`);
    this.#violation ??= new Violation(rule, what);
  }

  /** Lets so many milliseconds pass. Throws the first Violation. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.monotonic() + ms;
    await this.turn();
    for (;;) {
      const next = this.clock.nextAt;
      if (next === undefined || next > until) break;
      this.clock.advance(Math.max(0, next - this.clock.monotonic()));
      await this.turn();
    }
    this.clock.advance(until - this.clock.monotonic());
    await this.turn();
  }

  /** Runs every promise and every frame that is due now. Throws the first Violation. */
  async turn(): Promise<void> {
    let turns = 0;
    do {
      await promises();
      if (++turns > maxTurns) throw new Violation('O2', 'frames go to and fro without end');
    } while (this.move());
    if (this.#violation !== undefined) throw this.#violation;
  }
}

/** An immediate runs when no promise is left to run. */
function promises(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
