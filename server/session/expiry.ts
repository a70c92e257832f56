// The end of a token's time (A2): to the second, with a timer only in the last moments.

import type { Clock, Timer } from '../../shared/clock.js';
import type { Claims } from '../../shared/permission.js';

/** Every session is looked after once in this time: stock clients give up after 30 s of silence. */
export const lookEveryMs = 15_000;

export class Expiry {
  #timer: Timer | undefined;

  /** To be called at first and at every look. `expired` is called at the time, at once if that is past. */
  watch(clock: Clock, { exp }: Claims, expired: () => void): void {
    this.cancel();
    if (exp === undefined) return;
    const leftMs = exp * 1000 - clock.now();
    if (leftMs <= 0) expired();
    else if (leftMs <= 2 * lookEveryMs)
      this.#timer = clock.after(leftMs, () => this.watch(clock, { exp, payload: {} }, expired));
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
