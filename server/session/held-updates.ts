// Updates of one connection that cannot be taken yet, because what they depend on is missing. Held for a bounded time
// and in bounded number while the client is asked for the rest (C2, O2).

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Clock, Timer } from '../../shared/clock.js';
import type { Limits } from '../../shared/limits.js';
import type { Acceptance } from '../room/room.js';

/** An update as it came. */
export interface Offered {
  readonly update: Uint8Array;
  readonly isLive: boolean;
  /** Its number, 0 where updates have none. */
  readonly seq: number;
}

interface Held extends Offered {
  isForeign: boolean;
}

const maxHeld = 1_000;
const retryMs = 500;

export class HeldUpdates {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #offer: (offered: Offered) => Acceptance | Promise<Acceptance>;
  readonly #giveUp: (error: SyncError) => void;
  #held: Held[] = [];
  #bytes = 0;
  #timer: Timer | undefined;
  #until = 0;
  #retrying: Promise<void> | undefined;

  /** `offer` tries an update again; `giveUp` is called when the time is up. */
  constructor(deps: {
    clock: Clock;
    limits: Limits;
    offer: (offered: Offered) => Acceptance | Promise<Acceptance>;
    giveUp: (error: SyncError) => void;
  }) {
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    this.#offer = deps.offer;
    this.#giveUp = deps.giveUp;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** Throws the SyncError of {@link HeldUpdates} giving up when there are too many. */
  hold({ update, isLive, seq }: Offered, isForeign: boolean): void {
    this.#held.push({ update, isLive, seq, isForeign });
    this.#bytes += update.length;
    if (this.#bytes > this.#limits.maxHeldBytes || this.#held.length > maxHeld) throw this.#error();
    if (this.#timer !== undefined) return;
    this.#until = this.#clock.monotonic() + this.#limits.maxHeldMs;
    this.#timer = this.#clock.every(retryMs, () => void this.#tick());
  }

  /** Tries again, in order. Rejects with SyncError when one turns out to be invalid. */
  retry(): Promise<void> {
    this.#retrying ??= this.#retry().finally(() => {
      this.#retrying = undefined;
    });
    return this.#retrying;
  }

  async #retry(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    this.#bytes = 0;
    for (const one of held) {
      const { isIncomplete, isForeign } = await this.#offer(one);
      if (!isIncomplete && !isForeign) continue;
      one.isForeign = isForeign;
      this.#held.push(one);
      this.#bytes += one.update.length;
    }
    if (this.isEmpty) this.close();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held = [];
    this.#bytes = 0;
  }

  async #tick(): Promise<void> {
    try {
      await this.retry();
      if (!this.isEmpty && this.#clock.monotonic() >= this.#until) throw this.#error();
    } catch (error) {
      this.close();
      this.#giveUp(toSyncError(error));
    }
  }

  #error(): SyncError {
    if (this.#held.some((held) => held.isForeign)) {
      return new SyncError(
        'CLIENT_ID_TAKEN',
        'the update writes under a client id that belongs to somebody else',
      );
    }
    return new SyncError('UPDATE_INCOMPLETE', 'the update depends on one that neither side has');
  }
}
