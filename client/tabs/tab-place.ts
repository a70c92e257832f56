// This tab's own place among the tabs of the browser: whether it takes part, under which id, and the lock that tells the
// others when it dies.

import type { Clock } from '../../shared/clock.js';
import {
  openTabMessages,
  type BroadcastChannelClass,
  type TabMessages,
} from '../platform/broadcast-channel.js';
import { tabLock, type Locks } from '../platform/locks.js';
import { randomId } from '../platform/random-id.js';

/** The tab's own lock is free. If it does not come within this time there are no locks to be had, ms. */
const lockMs = 1_000;

/**
 * away: it says and hears nothing. entering: it waits for its lock, and says and hears nothing yet. unlocked: it takes part,
 * and its death would not be noticed. locked: it takes part. over: it never takes part again.
 */
export type PlaceState = 'away' | 'entering' | 'unlocked' | 'locked' | 'over';

/** lock: the lock is held. late: the lock did not come in time, or was refused. */
export type PlaceEvent = 'join' | 'lock' | 'late' | 'leave' | 'destroy';

export const placeTable: Readonly<Record<PlaceState, Readonly<Record<PlaceEvent, PlaceState>>>> = {
  away: { join: 'entering', lock: 'away', late: 'away', leave: 'away', destroy: 'over' },
  entering: { join: 'entering', lock: 'locked', late: 'unlocked', leave: 'away', destroy: 'over' },
  unlocked: { join: 'unlocked', lock: 'locked', late: 'unlocked', leave: 'away', destroy: 'over' },
  locked: { join: 'locked', lock: 'locked', late: 'locked', leave: 'away', destroy: 'over' },
  over: { join: 'over', lock: 'over', late: 'over', leave: 'over', destroy: 'over' },
};

export interface TabPlaceDeps {
  readonly channelName: string;
  readonly BroadcastChannel: BroadcastChannelClass | undefined;
  readonly locks: Locks;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** This tab is about to take part. What throws in here costs the lock. */
  readonly entering: () => void;
  /** It takes part now. Called once more when the lock comes late. */
  readonly entered: () => void;
  readonly heard: (data: unknown) => void;
}

/** One time of taking part, from joining to leaving. */
interface Stay {
  readonly id: string;
  readonly messages: TabMessages;
  readonly end: () => void;
}

export class TabPlace {
  readonly #deps: TabPlaceDeps;
  #state: PlaceState = 'away';
  #stay: Stay | undefined;

  constructor(deps: TabPlaceDeps) {
    this.#deps = deps;
  }

  /** Whether it says and hears. */
  get isHere(): boolean {
    return this.#state === 'unlocked' || this.#state === 'locked';
  }

  get isLocked(): boolean {
    return this.#state === 'locked';
  }

  /** Another one each time it joins: what is still under way of the last time is not taken for this one. */
  get id(): string | undefined {
    return this.#stay?.id;
  }

  join(): void {
    if (this.#state !== 'away') return;
    const { BroadcastChannel, channelName, clock, heard, locks, random } = this.#deps;
    const messages = openTabMessages(BroadcastChannel, channelName, (data) => {
      if (this.isHere) heard(data);
    });
    if (messages === undefined) return;
    let release = (): void => {};
    const left = new Promise<void>((resolve) => {
      release = resolve;
    });
    const enter = (event: 'lock' | 'late'): void => {
      timer.cancel();
      this.#enter(stay, event);
    };
    const timer = clock.after(lockMs, () => enter('late'));
    const end = (): void => {
      timer.cancel();
      messages.close();
      release();
    };
    const stay: Stay = { id: randomId(random, 4), messages, end };
    this.#stay = stay;
    this.#turn('join');
    locks
      .request(tabLock(stay.id), {}, async () => {
        // Held before the first word, so that nobody who hears it finds the lock free.
        enter('lock');
        await left;
      })
      .catch(() => enter('late'));
  }

  /** To all others. Throws what cannot be cloned. */
  post(message: unknown): void {
    if (this.isHere) this.#stay?.messages.post(message);
  }

  leave(): void {
    this.#end('leave');
  }

  destroy(): void {
    this.#end('destroy');
  }

  #enter(stay: Stay, event: 'lock' | 'late'): void {
    if (this.#stay !== stay) return;
    if (!this.isHere) this.#deps.entering();
    this.#turn(event);
    this.#deps.entered();
  }

  #end(event: 'leave' | 'destroy'): void {
    const stay = this.#stay;
    this.#stay = undefined;
    this.#turn(event);
    stay?.end();
  }

  #turn(event: PlaceEvent): void {
    this.#state = placeTable[this.#state][event];
  }
}
