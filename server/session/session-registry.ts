// All sessions of the server: counts them, looks after each in turn, finds those of a user, ends them at shutdown.

import type { Clock, Timer } from '../../shared/clock.js';
import type { SyncError } from '../../shared/errors.js';
import type { Claims } from '../../shared/permission.js';
import { lookEveryMs } from './expiry.js';
import { SessionIndex, type Whose } from './session-index.js';
import type { Session } from './session.js';

const tickMs = 1_000;
const slots = lookEveryMs / tickMs;

export class SessionRegistry {
  readonly #slots: readonly Set<Session>[] = Array.from({ length: slots }, () => new Set<Session>());
  readonly #index = new SessionIndex();
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
    this.#index.remove(session, session.claims);
  }

  /** Another token has come into force on the session. `before`: the claims of the one before it. */
  identified(session: Session, before: Claims | undefined): void {
    this.#index.remove(session, before);
    this.#index.add(session, session.claims);
  }

  /** The sessions whose token in force is one of these. The work grows with how many are found, not with how many there are. */
  find(whose: Whose): Session[] {
    return this.#index.find(whose);
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
