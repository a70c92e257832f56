// A clock that stands still until it is told to go on.

import type { Clock, Timer } from '../../shared/clock.js';

/**
 * A Clock whose time moves only in `advance`. Timers run in order of their times, then of their making; what is to be
 * run `soon` runs in the next `advance`, `advance(0)` too.
 */
export interface FakeClock extends Clock {
  /** Moves on by so many milliseconds and runs what has come due, also timers that those timers set. */
  advance(ms: number): void;
  /** Moves wall time alone, as an administrator would. */
  setWall(ms: number): void;
  /** Timers not yet run or cancelled. */
  readonly pending: number;
  /** Monotonic time at which the next timer comes due; undefined when there is no timer. */
  readonly nextAt: number | undefined;
}

interface Entry {
  at: number;
  readonly order: number;
  readonly period: number | undefined;
  readonly run: () => void;
  isGone: boolean;
}

/** Starts at the given wall time, 2026-01-01 if none is given. Monotonic time starts at 0. */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  const entries = new Heap();
  let elapsed = 0;
  let offset = startMs;
  let made = 0;
  let pending = 0;

  function forget(entry: Entry): void {
    if (!entry.isGone) pending--;
    entry.isGone = true;
  }

  function schedule(delayMs: number, period: number | undefined, run: () => void): Timer {
    const entry: Entry = { at: elapsed + Math.max(0, delayMs), order: made++, period, run, isGone: false };
    entries.push(entry);
    pending++;
    return { cancel: () => forget(entry) };
  }

  function first(): Entry | undefined {
    while (entries.first?.isGone === true) entries.pop();
    return entries.first;
  }

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    after: (delayMs, run) => schedule(delayMs, undefined, run),
    every: (periodMs, run) => schedule(periodMs, Math.max(1, periodMs), run),
    soon: (run) => void schedule(0, undefined, run),
    advance(ms) {
      const until = elapsed + ms;
      for (let due = first(); due !== undefined && due.at <= until; due = first()) {
        entries.pop();
        elapsed = due.at;
        if (due.period === undefined) forget(due);
        else {
          due.at += due.period;
          entries.push(due);
        }
        due.run();
      }
      elapsed = until;
    },
    setWall(ms) {
      offset = ms - elapsed;
    },
    get pending() {
      return pending;
    },
    get nextAt() {
      return first()?.at;
    },
  };
}

/** Entries by their times, then by their order. */
class Heap {
  readonly #entries: Entry[] = [];

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  push(entry: Entry): void {
    const entries = this.#entries;
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  pop(): void {
    const entries = this.#entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && isBefore(entries[child + 1]!, entries[child]!)) child++;
      if (!isBefore(entries[child]!, last)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
