// What is looked after once a day.

import type { Clock, Timer } from './clock.js';

export const dayMs = 24 * 3_600_000;
/** A server that is started anew each day looks, too. */
const firstMs = 10 * 60_000;

/** Calls `look` ten minutes from now and then every day, until it is cancelled. */
export function daily(clock: Clock, look: () => void): Timer {
  let timer = clock.after(firstMs, () => {
    timer = clock.every(dayMs, look);
    look();
  });
  return { cancel: () => timer.cancel() };
}
