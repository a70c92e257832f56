// Lets promises run between steps of a clock that stands still.

import type { FakeClock } from './fake-clock.js';

/** Lets everything that waits for a promise run, several times over. */
export async function settled(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock on in steps, and lets promises run after each. */
export async function pass(clock: FakeClock, ms: number, stepMs: number = Math.max(1, ms)): Promise<void> {
  await settled();
  for (let left = ms; left >= 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    await settled();
    if (left === 0) break;
  }
}

/** What has come of a promise by now. */
export interface Watched {
  isSettled: boolean;
  error: unknown;
}

/** Watches a promise, which may be rejected. */
export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { isSettled: false, error: undefined };
  promise.then(
    () => (watched.isSettled = true),
    (error: unknown) => Object.assign(watched, { isSettled: true, error }),
  );
  return watched;
}
