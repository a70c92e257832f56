// Updates of one document on one connection that cannot be taken yet, because what they depend on is missing. They are held
// for a bounded time and in bounded number while the client is asked for the rest (C2, O2). All documents of a connection
// share its bytes.

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Clock, Timer } from '../../shared/clock.js';
import type { Limits } from '../../shared/limits.js';
import type { Acceptance } from '../room/intake.js';
import type { ByteBudget } from './byte-budget.js';

/** An update as it came. */
export interface Offered {
  readonly update: Uint8Array;
  readonly isEdit: boolean;
  /** Its number, 0 where updates have none. */
  readonly seq: number;
}

/** Why an update is held. */
export type Lack = Pick<Acceptance, 'isForeign' | 'isOwned'>;

interface Held extends Offered {
  lack: Lack;
}

const maxHeld = 1_000;
const retryMs = 500;

export class HeldUpdates {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #offer: (offered: Offered) => Acceptance | Promise<Acceptance>;
  readonly #giveUp: (error: SyncError, left: readonly Uint8Array[]) => void;
  readonly #budget: ByteBudget;
  /** In the order in which they came. */
  readonly #held = new Set<Held>();
  #timer: Timer | undefined;
  #until = 0;
  #retrying: Promise<void> | undefined;

  /** `offer` tries an update again; `giveUp` is called when the time is up, with the updates that could not be taken. */
  constructor(deps: {
    clock: Clock;
    limits: Limits;
    /** Of the connection. */
    budget: ByteBudget;
    offer: (offered: Offered) => Acceptance | Promise<Acceptance>;
    giveUp: (error: SyncError, left: readonly Uint8Array[]) => void;
  }) {
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    this.#budget = deps.budget;
    this.#offer = deps.offer;
    this.#giveUp = deps.giveUp;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Gives up with UPDATE_INCOMPLETE, CLIENT_ID_TAKEN or CLIENT_ID_FOREIGN at once when there are too many. */
  hold({ update, isEdit, seq }: Offered, lack: Lack): void {
    if (this.#held.size >= maxHeld || !this.#budget.take(update.length))
      return this.#end(this.#error(lack), update);
    this.#held.add({ update, isEdit, seq, lack });
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

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const one of this.#held) this.#letGo(one);
  }

  async #retry(): Promise<void> {
    for (const one of this.#held) {
      const acceptance = await this.#offer(one);
      // All were let go of while this one was being looked at.
      if (!this.#held.has(one)) return;
      one.lack = acceptance;
      if (!acceptance.isIncomplete && !acceptance.isForeign) this.#letGo(one);
    }
    if (this.isEmpty) this.close();
  }

  #letGo(one: Held): void {
    this.#held.delete(one);
    this.#budget.give(one.update.length);
  }

  async #tick(): Promise<void> {
    try {
      await this.retry();
      if (!this.isEmpty && this.#clock.monotonic() >= this.#until) throw this.#error();
    } catch (error) {
      this.#end(toSyncError(error));
    }
  }

  #end(error: SyncError, ...more: readonly Uint8Array[]): void {
    const left = [...this.#held].map(({ update }) => update);
    this.close();
    this.#giveUp(error, [...left, ...more]);
  }

  /** `last`: of one that is not held any more. */
  #error(last?: Lack): SyncError {
    const lacks = [...this.#held].map(({ lack }) => lack);
    if (last !== undefined) lacks.push(last);
    if (lacks.some(({ isOwned }) => isOwned))
      return new SyncError('CLIENT_ID_FOREIGN', 'the client id of this Y.Doc belongs to another user');
    if (lacks.some(({ isForeign }) => isForeign)) {
      return new SyncError(
        'CLIENT_ID_TAKEN',
        'the update writes under a client id that belongs to somebody else',
      );
    }
    return new SyncError('UPDATE_INCOMPLETE', 'the update depends on one that neither side has');
  }
}
