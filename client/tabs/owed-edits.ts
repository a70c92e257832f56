// What siblings have told this tab, or may have, and the server may lack. Each sibling brings its own edits to the server and
// says when they are there. Where one does not, this tab is to bring them. Owns which siblings that is waited for from.

import type { Clock, Timer } from '../../shared/clock.js';
import type { Sibling } from './siblings.js';

/** A sibling that says nothing for so long is not waited for, ms: it may be frozen, or dead where there are no Web Locks. */
export const patienceMs = 20_000;

export interface OwedEditsDeps {
  readonly clock: Clock;
  /** Whether this tab hears the server: only then time counts, as nobody else brings anything without a network either. */
  readonly isSynced: () => boolean;
  /** `isOwed` is another. */
  readonly changed: () => void;
  /** Nobody is waited for any more: this tab is to find what the server lacks. */
  readonly takeOver: () => void;
}

export class OwedEdits {
  readonly #deps: OwedEditsDeps;
  /** Ids of the siblings. */
  readonly #debtors = new Set<string>();
  #timer: Timer | undefined;

  constructor(deps: OwedEditsDeps) {
    this.#deps = deps;
  }

  /** Something is shown here that a living sibling is to bring to the server. */
  get isOwed(): boolean {
    return this.#debtors.size > 0;
  }

  /** The sibling has said how it stands. */
  heard({ id, state }: Sibling): void {
    if (!this.#debtors.has(id)) return;
    this.#stopTimer();
    if (!state.hasUnsynced) this.#debtors.delete(id);
    if (!this.isOwed) this.#deps.changed();
    this.look();
  }

  /** The sibling has told what it has, or some of it. */
  told({ id, state }: Sibling): void {
    if (!state.hasUnsynced || this.#debtors.has(id)) return;
    this.#debtors.add(id);
    if (this.#debtors.size === 1) this.#deps.changed();
    this.look();
  }

  /** The sibling is not heard any more. */
  gone({ id }: Sibling): void {
    if (this.#debtors.has(id)) this.takeOver();
  }

  /** The sibling gets what this tab has: of what others owe, it hears from this tab alone. */
  passedOn({ id }: Sibling): void {
    if ([...this.#debtors].some((other) => other !== id)) this.takeOver();
  }

  /** From here on this tab answers for what it shows. */
  takeOver(): void {
    if (!this.isOwed) return;
    this.#debtors.clear();
    this.#stopTimer();
    this.#deps.takeOver();
    this.#deps.changed();
  }

  /** `isSynced` may be another. */
  look(): void {
    if (!this.isOwed || !this.#deps.isSynced()) this.#stopTimer();
    else this.#timer ??= this.#deps.clock.after(patienceMs, () => this.takeOver());
  }

  destroy(): void {
    this.#debtors.clear();
    this.#stopTimer();
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
