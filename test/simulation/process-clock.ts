// The clock of one server process in a simulation. Its timers die with the process; time itself is the world's.

import type { Timer } from '../../shared/clock.js';
import type { FakeClock } from '../support/fake-clock.js';

export class ProcessClock implements FakeClock {
  readonly #world: FakeClock;
  readonly #timers = new Set<Timer>();
  #isDead = false;

  constructor(world: FakeClock) {
    this.#world = world;
  }

  /** No timer of the process runs from now on. */
  kill(): void {
    this.#isDead = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  now(): number {
    return Math.floor(this.#world.now());
  }

  monotonic(): number {
    return this.#world.monotonic();
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#keep((timer) =>
      this.#world.after(delayMs, () => {
        this.#timers.delete(timer());
        run();
      }),
    );
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#keep(() => this.#world.every(periodMs, run));
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  /** Timers of this process that have not run and were not cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  get nextAt(): number | undefined {
    return this.#world.nextAt;
  }

  advance(): void {
    throw new Error('only the world moves time');
  }

  setWall(): void {
    throw new Error('only the world moves time');
  }

  #keep(start: (timer: () => Timer) => Timer): Timer {
    if (this.#isDead) return { cancel() {} };
    const started = start(() => timer);
    const timer: Timer = {
      cancel: () => {
        started.cancel();
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }
}
