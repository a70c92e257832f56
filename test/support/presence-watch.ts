// A Presence on a clock of its own, and what it has told everybody.

import { Presence } from '../../server/room/presence.js';
import type { SyncError } from '../../shared/errors.js';
import { defaultLimits, type Limits } from '../../shared/limits.js';
import { createFakeClock } from './fake-clock.js';
import { decodeAwareness, encodeAwareness, type AwarenessEntry } from './peer.js';
import type { WatchedWriter } from './room-watch.js';

export class PresenceWatch {
  readonly clock = createFakeClock();
  readonly told: AwarenessEntry[][] = [];
  /** What was not taken of what was said, each time with its first reason. */
  readonly refusals: SyncError[] = [];
  readonly presence: Presence;

  constructor(limits: Limits = defaultLimits) {
    const tell = (update: Uint8Array): void => void this.told.push(decodeAwareness(update));
    this.presence = new Presence({ clock: this.clock, limits, tell });
  }

  /** Returns the id this introduced as the writer's own, if it did. */
  say(writer: WatchedWriter, ...entries: AwarenessEntry[]): number[] {
    const { ownId, refusal } = this.presence.receive(writer, encodeAwareness(entries));
    if (refusal !== undefined) this.refusals.push(refusal);
    return ownId === undefined ? [] : [ownId];
  }

  /** What was told since the last call, with everything that waits. */
  heard(): AwarenessEntry[] {
    this.clock.advance(5_000);
    return this.told.splice(0).flat();
  }

  /** Who a newcomer is told is here. */
  everybody(): AwarenessEntry[] {
    return this.presence.encodeAll().flatMap(decodeAwareness);
  }
}
