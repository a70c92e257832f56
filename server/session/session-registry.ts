// All sessions of the server: counts them, looks after each in turn, ends them at shutdown.

import type { Clock, Timer } from '../../shared/clock.js';
import type { SyncError } from '../../shared/errors.js';
import { lookEveryMs } from './expiry.js';
import type { Session } from './session.js';

const tickMs = 1_000;
const slots = lookEveryMs / tickMs;

export class SessionRegistry {
  readonly #slots: readonly Set<Session>[] = Array.from({ length: slots }, () => new Set<Session>());
  readonly #timer: Timer;
  #turn = 0;
  #nextSlot = 0;

  constructor(clock: Clock) {
    this.#timer = clock.every(tickMs, () => this.#tick());
  }

  get size(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.size, 0);
  }

  add(session: Session): void {
    this.#slots[this.#nextSlot++ % slots]?.add(session);
  }

  remove(session: Session): void {
    // In one of a few: to look in all of them is little, to remember which would be kept for every connection.
    for (const slot of this.#slots) slot.delete(session);
  }

  all(): Session[] {
    return this.#slots.flatMap((slot) => [...slot]);
  }

  /** Tells everybody to come back later, or elsewhere. */
  refuseAll(error: SyncError): void {
    for (const slot of this.#slots) for (const session of slot) session.refuse(error);
  }

  close(): void {
    this.#timer.cancel();
  }

  #tick(): void {
    const slot = this.#slots[this.#turn++ % slots];
    for (const session of slot ?? []) session.tick();
  }
}
