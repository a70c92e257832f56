// Who is in which document, and in the application, by user (P12): the owner of all attendances, and of who watches them. Knows
// users by the `sub` of tokens that were believed, and no sockets.

import type { Clock, Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { Claims } from '../../shared/permission.js';
import type { Person } from '../../shared/person.js';
import type { DocumentStore } from '../store/store.js';
import { Attendance, type Attendee } from './attendance.js';
import { LastSeen, type Seen } from './last-seen.js';
import { RosterFeed, type RosterWatcher } from './roster-feed.js';
import { shownClaims, type ShownClaims } from './shown-claims.js';
import { application, Stay, type Place } from './stay.js';

export interface RostersDeps {
  readonly store: DocumentStore;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** The claims that others may see. */
  readonly userClaims: readonly string[];
}

/** A connection whose token was believed. */
export interface Connected {
  readonly connectionId: string;
  readonly claims: Claims | undefined;
}

/** One who is here, or was: then without devices and connections. Times: ms since the epoch by the server's clock. */
export interface RosterEntry {
  readonly user: string;
  /** Of the user's token, those that others may see (option `userClaims`). */
  readonly claims: ShownClaims;
  readonly isHere: boolean;
  /** The claims `sid` of the user's tokens; the connection, where a token has none. */
  readonly devices: readonly string[];
  readonly connections: readonly string[];
  /** When the user came; undefined for one who is gone. */
  readonly since: number | undefined;
  /** When the user last edited something or changed its presence; undefined where that is not known. */
  readonly lastActive: number | undefined;
  /** When the user was last here: now, for one who is. */
  readonly lastSeen: number;
}

/** Who watches is told this often that somebody is active. */
const activityEveryMs = 60_000;
/** A longer `sub` is nobody. Characters. */
const maxUserLength = 1_024;

export class Rosters {
  readonly #deps: RostersDeps;
  readonly #seen: LastSeen;
  readonly #places = new Map<Place, Attendance>();
  readonly #feeds = new Map<Place, RosterFeed>();
  /** By connection: its stay in the application first, then those in documents. */
  readonly #stays = new Map<string, Stay[]>();
  readonly #timer: Timer;
  #lookedAt: number;

  private constructor(deps: RostersDeps, seen: LastSeen) {
    this.#deps = deps;
    this.#seen = seen;
    this.#lookedAt = deps.clock.now();
    this.#timer = deps.clock.every(activityEveryMs, () => this.#tellActivity());
  }

  /** Rejects with StoreError. */
  static async open(deps: RostersDeps): Promise<Rosters> {
    return new Rosters(deps, await LastSeen.open(deps));
  }

  /** A token has come into force on the connection: the first, or the next, of the same user. */
  identified({ connectionId, claims }: Connected): void {
    const stays = this.#stays.get(connectionId);
    if (stays === undefined) {
      if (claims !== undefined) this.#enter(connectionId, { claims, place: application, isKept: () => true });
      return;
    }
    const shown = shownClaims(claims ?? { payload: {} }, this.#deps.userClaims);
    const device = deviceOf(connectionId, claims?.sid);
    for (const stay of stays) {
      stay.claims = shown;
      stay.device = device;
      this.#changed(stay);
    }
  }

  /** The connection has a document open from now on, until `leave`. Undefined for nobody. `isKept`: as of a stay. */
  enter(
    { connectionId, claims }: { connectionId: string; claims: Claims },
    place: DocumentName,
    isKept: () => boolean,
  ): Stay | undefined {
    return this.#enter(connectionId, { claims, place, isKept });
  }

  leave(stay: Stay): void {
    const stays = this.#stays.get(stay.connectionId) ?? [];
    const left = stays.filter((one) => one !== stay);
    if (left.length === 0) this.#stays.delete(stay.connectionId);
    else this.#stays.set(stay.connectionId, left);
    const { place } = stay;
    const attendance = this.#places.get(place);
    const gone = attendance?.leave(stay);
    if (attendance?.size === 0) this.#places.delete(place);
    if (gone === undefined) return this.#changed(stay);
    const seen = goneNow(gone, this.#deps.clock.now());
    this.#seen.note(place, seen, stay.isKept);
    this.#feeds.get(place)?.left(personGone(seen));
  }

  /** The connection has ended. */
  ended({ connectionId }: { connectionId: string }): void {
    for (const stay of this.#stays.get(connectionId) ?? []) this.leave(stay);
  }

  /** The watcher is told who is in the document, and of changes from then on, until the returned function is called. */
  watch(document: DocumentName, watcher: RosterWatcher): () => void {
    const feed = this.#feeds.get(document) ?? this.#newFeed(document);
    feed.add(watcher);
    return () => {
      feed.remove(watcher);
      if (feed.isWatched || this.#feeds.get(document) !== feed) return;
      feed.close();
      this.#feeds.delete(document);
    };
  }

  /** Who is in a document, and who was: the last ones who are remembered. Rejects with StoreError. */
  async inDocument(document: DocumentName): Promise<RosterEntry[]> {
    const seen = await this.#seen.read(document);
    const attendance = this.#places.get(document);
    const now = this.#deps.clock.now();
    const gone = seen.filter(({ user }) => attendance?.has(user) !== true);
    return [
      ...gone.map((one) => entryGone(one)),
      ...(attendance?.all() ?? []).map((one) => entryHere(one, now)),
    ];
  }

  /** Who is connected now. */
  online(): RosterEntry[] {
    const now = this.#deps.clock.now();
    return (this.#places.get(application)?.all() ?? []).map((one) => entryHere(one, now));
  }

  /** A user, connected or not; undefined for one who is not remembered. Rejects with StoreError. */
  async user(user: string): Promise<RosterEntry | undefined> {
    const seen = await this.#seen.of(application, user);
    const here = this.#places.get(application)?.get(user);
    if (here !== undefined) return entryHere(here, this.#deps.clock.now());
    return seen === undefined ? undefined : entryGone(seen);
  }

  /** The document was deleted. Rejects with StoreError. */
  forget(document: DocumentName): Promise<void> {
    return this.#seen.forget(document);
  }

  /** Nobody is here any more; resolves when the store has been told when that was. */
  async close(): Promise<void> {
    this.#timer.cancel();
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
    for (const connectionId of this.#stays.keys()) this.ended({ connectionId });
    await this.#seen.close();
  }

  #enter(
    connectionId: string,
    { claims, place, isKept }: { claims: Claims; place: Place; isKept: () => boolean },
  ): Stay | undefined {
    const { sub: user, sid } = claims;
    if (user === undefined || user.length > maxUserLength) return undefined;
    const { clock, userClaims } = this.#deps;
    const [inApplication] = this.#stays.get(connectionId) ?? [];
    const stay = new Stay(
      {
        place,
        user,
        // Those of the token in force, which may be another than the one that the document was asked for with.
        device: inApplication?.device ?? deviceOf(connectionId, sid),
        connectionId,
        claims: inApplication?.claims ?? shownClaims(claims, userClaims),
        isKept,
      },
      { clock, inApplication },
    );
    const stays = this.#stays.get(connectionId);
    if (stays === undefined) this.#stays.set(connectionId, [stay]);
    else stays.push(stay);
    const attendance = this.#places.get(place) ?? new Attendance();
    this.#places.set(place, attendance);
    const isFirst = !attendance.has(user);
    attendance.enter(stay);
    if (isFirst) this.#seen.note(place, seenHere(stay), isKept);
    this.#changed(stay);
    return stay;
  }

  #changed({ place, user }: Stay): void {
    this.#feeds.get(place)?.changed(user);
  }

  #newFeed(document: DocumentName): RosterFeed {
    const attendance = (): Attendance | undefined => this.#places.get(document);
    const feed = new RosterFeed({
      clock: this.#deps.clock,
      gone: this.#goneFrom(document),
      maxGone: this.#deps.limits.maxSeenUsers,
      here: () => (attendance()?.all() ?? []).map(personHere),
      find: (user) => {
        const attendee = attendance()?.get(user);
        return attendee === undefined ? undefined : personHere(attendee);
      },
    });
    this.#feeds.set(document, feed);
    return feed;
  }

  async #goneFrom(document: DocumentName): Promise<Person[]> {
    try {
      const seen = await this.#seen.read(document);
      return seen.map(personGone);
    } catch (err) {
      // Those who are here are known without the store.
      this.#deps.logger.warn({ document, err }, 'who was in a document could not be read');
      return [];
    }
  }

  /** Only of documents whose roster is watched. */
  #tellActivity(): void {
    const before = this.#lookedAt;
    this.#lookedAt = this.#deps.clock.now();
    for (const [document, feed] of this.#feeds)
      for (const { user, lastActive } of this.#places.get(document)?.all() ?? [])
        if (lastActive >= before) feed.changed(user);
  }
}

/** What a device is known by. */
function deviceOf(connectionId: string, sid: string | undefined): string {
  return sid ?? connectionId;
}

function seenHere({ user, claims, since }: Stay): Seen {
  return { user, claims, lastActive: 0, at: since, isHere: true };
}

function goneNow({ user, claims, lastActive }: Attendee, at: number): Seen {
  return { user, claims, lastActive, at, isHere: false };
}

function personHere({ user, claims, devices, since, lastActive }: Attendee): Person {
  return { user, claims: JSON.stringify(claims), devices: devices.length, since, lastActive, lastSeen: 0 };
}

function personGone({ user, claims, lastActive, at: lastSeen }: Seen): Person {
  return { user, claims: JSON.stringify(claims), devices: 0, since: 0, lastActive, lastSeen };
}

function entryHere(attendee: Attendee, now: number): RosterEntry {
  const lastActive = attendee.lastActive === 0 ? undefined : attendee.lastActive;
  return { ...attendee, isHere: true, lastActive, lastSeen: now };
}

function entryGone({ user, claims, lastActive, at }: Seen): RosterEntry {
  return {
    user,
    claims,
    isHere: false,
    devices: [],
    connections: [],
    since: undefined,
    lastActive: lastActive === 0 ? undefined : lastActive,
    lastSeen: at,
  };
}
