// Who is in one place now, by user. What a change costs grows with the connections of its user, not with how many are here.

import type { ShownClaims } from './shown-claims.js';
import type { Stay } from './stay.js';

/** A user who is here, with all that the server knows. Times: ms since the epoch. */
export interface Attendee {
  readonly user: string;
  /** Those that others may see, of the newest connection. */
  readonly claims: ShownClaims;
  /** The claims `sid` of the user's tokens; the connection, where a token has none. */
  readonly devices: readonly string[];
  readonly connections: readonly string[];
  /** When the user came: the first of the connections that followed each other without a gap. */
  readonly since: number;
  /** 0 for not since the user came. */
  readonly lastActive: number;
}

interface Here {
  readonly since: number;
  /** At least one, in the order in which they came. */
  readonly stays: Set<Stay>;
  /** On connections that have ended. */
  activeBefore: number;
}

export class Attendance {
  readonly #here = new Map<string, Here>();

  get size(): number {
    return this.#here.size;
  }

  has(user: string): boolean {
    return this.#here.has(user);
  }

  enter(stay: Stay): void {
    const here = this.#here.get(stay.user);
    if (here === undefined)
      this.#here.set(stay.user, { since: stay.since, stays: new Set([stay]), activeBefore: 0 });
    else here.stays.add(stay);
  }

  /** Returns how the user was, if this was the user's last connection. */
  leave(stay: Stay): Attendee | undefined {
    const here = this.#here.get(stay.user);
    const last = here?.stays.size === 1 && here.stays.has(stay) ? this.get(stay.user) : undefined;
    if (here?.stays.delete(stay) !== true) return undefined;
    here.activeBefore = Math.max(here.activeBefore, stay.activeAt);
    if (last !== undefined) this.#here.delete(stay.user);
    return last;
  }

  /** Undefined for one who is not here. */
  get(user: string): Attendee | undefined {
    const here = this.#here.get(user);
    if (here === undefined) return undefined;
    const stays = [...here.stays];
    return {
      user,
      claims: stays.at(-1)?.claims ?? {},
      devices: [...new Set(stays.map(({ device }) => device))],
      connections: stays.map(({ connectionId }) => connectionId),
      since: here.since,
      lastActive: stays.reduce((last, { activeAt }) => Math.max(last, activeAt), here.activeBefore),
    };
  }

  all(): Attendee[] {
    return [...this.#here.keys()].flatMap((user) => this.get(user) ?? []);
  }
}
