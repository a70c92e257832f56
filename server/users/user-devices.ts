// The devices of one user while somebody needs them: what is kept of each, and which sessions are on it now. Knows no store and
// no clock.

import type { Device } from '../../shared/device.js';
import { withToken, type DeviceRecord } from './device-record.js';

/** What is seen of a device when a token comes into force on one of its sessions. */
export interface Sighting {
  readonly name: string;
  readonly platform: string;
  readonly address: string;
  /** Claims of the token. */
  readonly sid: string | undefined;
  readonly jti: string | undefined;
}

interface Entry {
  record: DeviceRecord;
  readonly sessions: Set<object>;
  /** Since when there has been a session, ms since the epoch. */
  since: number;
}

export class UserDevices {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;

  /** `max`: devices that are remembered at most. */
  constructor(records: readonly DeviceRecord[], max: number) {
    this.#max = max;
    for (const record of records) this.#entries.set(record.id, { record, sessions: new Set(), since: 0 });
  }

  get hasOnline(): boolean {
    return [...this.#entries.values()].some(isOnline);
  }

  /** The session is on this device. `now`: ms since the epoch, here and below. */
  enter(id: string, session: object, seen: Sighting, now: number): void {
    const entry = this.#entries.get(id) ?? this.#begin(id, now);
    const { record, sessions } = entry;
    if (sessions.size === 0) entry.since = now;
    sessions.add(session);
    const { name, platform, address, sid, jti } = seen;
    entry.record = {
      ...record,
      said: name === '' ? record.said : name,
      platform: platform === '' ? record.platform : platform,
      address,
      lastSeen: now,
      sids: withToken(record.sids, sid),
      // A token with a `sid` ends by that.
      jtis: withToken(record.jtis, sid === undefined ? jti : undefined),
    };
    this.#bound(id);
  }

  /** The session has ended. False where it was on no device that is remembered. */
  leave(id: string, session: object, now: number): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || !entry.sessions.delete(session)) return false;
    entry.record = { ...entry.record, lastSeen: now };
    return true;
  }

  /** `name`: '' for the one that the device says itself. Nothing happens where there is no such device. */
  rename(id: string, name: string): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.record = { ...entry.record, given: name };
  }

  /** What is kept of it; undefined where there is no such device. */
  record(id: string): DeviceRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** Those that are online first, then the one that was seen last. */
  list(now: number): readonly Device[] {
    return [...this.#entries.values()].map((entry) => deviceOf(entry, now)).sort(byUse);
  }

  /** What is to be kept. */
  records(now: number): readonly DeviceRecord[] {
    return [...this.#entries.values()].map(({ record, sessions }) =>
      sessions.size === 0 ? record : { ...record, lastSeen: now },
    );
  }

  #begin(id: string, now: number): Entry {
    const texts = { given: '', said: '', platform: '', address: '' };
    const record = { id, ...texts, firstSeen: now, lastSeen: now, sids: [], jtis: [] };
    const entry = { record, sessions: new Set<object>(), since: now };
    this.#entries.set(id, entry);
    return entry;
  }

  /** Forgets the one that was seen longest ago; of those that are online only where all others are online too. */
  #bound(kept: string): void {
    while (this.#entries.size > this.#max) {
      const others = [...this.#entries.values()].filter(({ record }) => record.id !== kept);
      const offline = others.filter((entry) => !isOnline(entry));
      const from = offline.length > 0 ? offline : others;
      const oldest = from.reduce((one, other) => (lastUse(other) < lastUse(one) ? other : one));
      this.#entries.delete(oldest.record.id);
    }
  }
}

function isOnline({ sessions }: Entry): boolean {
  return sessions.size > 0;
}

function lastUse(entry: Entry): number {
  return isOnline(entry) ? entry.since : entry.record.lastSeen;
}

function deviceOf(entry: Entry, now: number): Device {
  const { id, given, said, platform, address, firstSeen, lastSeen } = entry.record;
  const shown = { id, name: given || said, platform, address, firstSeen };
  return isOnline(entry)
    ? { ...shown, lastSeen: now, online: true, since: entry.since }
    : { ...shown, lastSeen, online: false };
}

function byUse(one: Device, other: Device): number {
  if (one.online !== other.online) return one.online ? -1 : 1;
  const [a, b] = [one.since ?? one.lastSeen, other.since ?? other.lastSeen];
  // Of the same time in an order that stays.
  return b - a || (one.id < other.id ? -1 : 1);
}
