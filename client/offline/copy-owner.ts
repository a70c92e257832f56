// Whose a copy is: another server's or another user's copy of the same document is another copy, in a database of its own.

import type { Access } from '../../shared/permission.js';

/** As far as it is known. Before the server has spoken that is what this device remembers, and what the token says. */
export interface CopyOwner {
  /** The address that the server was reached by. */
  readonly url: string;
  /** The id that the server has told. */
  readonly server?: string | undefined;
  /** The user that the server believed, '' for nobody; undefined while nobody has said. */
  readonly user?: string | undefined;
}

/** Who is connected: as the server that was reached by this address says. */
export function ownerOf(url: string, { server, user }: { server: string; user: string }): CopyOwner {
  return { url, server, user };
}

/** Whether what belongs to `owner` may be shown and sent as `who`. What belongs to nobody yet may. */
export function isFor(owner: CopyOwner | undefined, who: CopyOwner): boolean {
  if (owner === undefined) return true;
  if (owner.user !== undefined && owner.user !== who.user) return false;
  if (owner.server !== undefined && who.server !== undefined) return owner.server === who.server;
  return owner.url === who.url;
}

/** Whether a copy is noted to be theirs: a database of y-indexeddb is taken by the first who may write it. */
export function becomesOwner(met: CopyOwner, owner: CopyOwner | undefined, access: Access): boolean {
  if (owner?.server === met.server && owner?.user === met.user) return false;
  return access === 'write' || (owner !== undefined && access !== 'none');
}

/** The databases that a copy may be in, the usual one first: it has the document's name, as those of y-indexeddb have. */
export function databasesFor(name: string, { url, server, user }: CopyOwner): readonly string[] {
  const places = [url, server].filter((place) => place !== undefined);
  const users = user === undefined ? [] : places.map((place) => `${name} (${user} at ${place})`);
  return [name, `${name} (at ${url})`, ...users];
}
