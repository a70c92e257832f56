// Waiting that has an end.

import type { Clock } from './clock.js';

/**
 * Waits for a promise, but no longer than `ms`. Resolves with whether it was resolved by then; rejects when it was rejected by
 * then, and later rejections are of no interest to anybody.
 */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let cancel = (): void => {};
  const late = new Promise<false>((resolve) => {
    const timer = clock.after(ms, () => resolve(false));
    cancel = () => timer.cancel();
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    cancel();
  }
}
