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
}

interface Entry {
  at: number;
  readonly order: number;
  readonly period: number | undefined;
  readonly run: () => void;
}

/** Starts at the given wall time, 2026-01-01 if none is given. Monotonic time starts at 0. */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  const entries = new Set<Entry>();
  let elapsed = 0;
  let offset = startMs;
  let made = 0;

  function schedule(delayMs: number, period: number | undefined, run: () => void): Timer {
    const entry: Entry = { at: elapsed + Math.max(0, delayMs), order: made++, period, run };
    entries.add(entry);
    return { cancel: () => void entries.delete(entry) };
  }

  function nextDue(until: number): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of entries) {
      if (entry.at > until) continue;
      const isEarlier =
        next === undefined || entry.at < next.at || (entry.at === next.at && entry.order < next.order);
      if (isEarlier) next = entry;
    }
    return next;
  }

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    after: (delayMs, run) => schedule(delayMs, undefined, run),
    every: (periodMs, run) => schedule(periodMs, Math.max(1, periodMs), run),
    soon: (run) => void schedule(0, undefined, run),
    advance(ms) {
      const until = elapsed + ms;
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        elapsed = due.at;
        if (due.period === undefined) entries.delete(due);
        else due.at += due.period;
        due.run();
      }
      elapsed = until;
    },
    setWall(ms) {
      offset = ms - elapsed;
    },
    get pending() {
      return entries.size;
    },
  };
}
