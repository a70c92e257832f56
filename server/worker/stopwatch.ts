// CPU time of one thread, as near as Node 20 can tell. It has no clock for the CPU time of a thread, and wall time counts
// what other processes take from a loaded machine. The CPU time of the whole process is an upper bound for that of one of its
// threads, and so is wall time: the stopwatch shows the smaller of the two.

import type { Clock } from '../../shared/clock.js';

/** CPU time that all threads of the process have used, ms. */
export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Wall time counts for this part of itself even if nobody uses the CPU, so that every wait ends. */
const idleShare = 1 / 20;

export class Stopwatch {
  readonly #clock: Clock;
  readonly #cpuMs: () => number;
  readonly #startedAt: number;
  readonly #cpuAtStart: number;

  constructor(clock: Clock, cpuMs: () => number) {
    this.#clock = clock;
    this.#cpuMs = cpuMs;
    this.#startedAt = clock.monotonic();
    this.#cpuAtStart = cpuMs();
  }

  /** CPU time since the start, ms: at most this much. */
  get elapsedMs(): number {
    const wallMs = this.#clock.monotonic() - this.#startedAt;
    return Math.max(Math.min(wallMs, this.#cpuMs() - this.#cpuAtStart), wallMs * idleShare);
  }
}
