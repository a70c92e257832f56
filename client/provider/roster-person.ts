// A person of a roster, as an application is told of it.

import type { Person } from '../../shared/person.js';

/** Somebody who is in the document, or was. Identity is what the server has verified. Times are ms since the epoch by the server's clock. */
export interface RosterPerson {
  /** The `sub` of the user's token. */
  readonly user: string;
  /** The claims of that token that the server shows to others: `name`, and what else it is configured to. */
  readonly claims: Readonly<Record<string, string | number | boolean>>;
  readonly isHere: boolean;
  /** Whether it is the user of this client. */
  readonly isSelf: boolean;
  /** How many devices of the user have the document open; 0 for one who is gone. */
  readonly devices: number;
  /** When the user came; undefined for one who is gone. */
  readonly since: number | undefined;
  /** When the user last edited something or changed its presence, right to a minute; undefined where that is not known. */
  readonly lastActive: number | undefined;
  /** When the user was last here; undefined for one who is here now. */
  readonly lastSeen: number | undefined;
}

export function rosterPerson(person: Person, self: string | undefined): RosterPerson {
  const { user, claims, devices, since, lastActive, lastSeen } = person;
  const isHere = devices > 0;
  return {
    user,
    claims: JSON.parse(claims) as RosterPerson['claims'],
    isHere,
    isSelf: user === self,
    devices,
    since: isHere ? since : undefined,
    lastActive: lastActive === 0 ? undefined : lastActive,
    lastSeen: isHere ? undefined : lastSeen,
  };
}
