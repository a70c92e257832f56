// A Presence on a clock of its own, and what it has told everybody.

import { Presence } from '../../server/room/presence.js';
import { defaultLimits } from '../../shared/limits.js';
import { createFakeClock } from './fake-clock.js';
import { decodeAwareness, encodeAwareness, type AwarenessEntry } from './peer.js';
import type { WatchedWriter } from './room-watch.js';

export class PresenceWatch {
  readonly clock = createFakeClock();
  readonly told: AwarenessEntry[][] = [];
  readonly presence = new Presence({
    clock: this.clock,
    limits: defaultLimits,
    tell: (update) => this.told.push(decodeAwareness(update)),
  });

  /** Returns the id this introduced as the writer's own, if it did. */
  say(writer: WatchedWriter, ...entries: AwarenessEntry[]): number[] {
    const own = this.presence.receive(writer, encodeAwareness(entries));
    return own === undefined ? [] : [own];
  }

  /** What was told since the last call, with everything that waits. */
  heard(): AwarenessEntry[] {
    this.clock.advance(5_000);
    return this.told.splice(0).flat();
  }

  /** Who a newcomer is told is here. */
  everybody(): AwarenessEntry[] {
    const all = this.presence.encodeAll();
    return all === undefined ? [] : decodeAwareness(all).filter(({ state }) => state !== null);
  }
}
