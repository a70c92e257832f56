// Somebody as a roster tells of them.

/** A user, by the `sub` of their token. Times are ms since the epoch by the server's clock. */
export interface Person {
  readonly user: string;
  /** The claims of the user's token that others may see, as JSON text of an object. */
  readonly claims: string;
  /** How many devices of the user are here; 0: the user is gone. */
  readonly devices: number;
  /** When the user came; 0 for one who is gone. */
  readonly since: number;
  /** When the user last edited something or changed its presence; 0 where that is not known. Right to a minute. */
  readonly lastActive: number;
  /** When the user was last here; 0 for one who is here now. */
  readonly lastSeen: number;
}
