// All sessions of the server: counts them, looks after each in turn, ends them at shutdown.

import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Session } from './session.js';

/** Every session is looked after once in this many seconds: stock clients give up after 30 s of silence. */
const slots = 15;

export class SessionRegistry {
  readonly #slots: readonly Set<Session>[] = Array.from({ length: slots }, () => new Set<Session>());
  readonly #slotOf = new Map<Session, Set<Session>>();
  readonly #timer: Timer;
  #turn = 0;
  #nextSlot = 0;

  constructor(clock: Clock) {
    this.#timer = clock.every(1_000, () => this.#tick());
  }

  get size(): number {
    return this.#slotOf.size;
  }

  add(session: Session): void {
    const slot = this.#slots[this.#nextSlot++ % slots];
    slot?.add(session);
    if (slot !== undefined) this.#slotOf.set(session, slot);
  }

  remove(session: Session): void {
    this.#slotOf.get(session)?.delete(session);
    this.#slotOf.delete(session);
  }

  /** Tells everybody to come back later, or elsewhere. */
  refuseAll(error: SyncError): void {
    for (const session of this.#slotOf.keys()) session.refuse(error);
  }

  close(): void {
    this.#timer.cancel();
  }

  #tick(): void {
    const slot = this.#slots[this.#turn++ % slots];
    for (const session of slot ?? []) session.tick();
  }
}
