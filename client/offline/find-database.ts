// In which database the copy of a user of a server is.

import { CopyDatabase } from './copy-database.js';
import { databasesFor, isFor, type CopyOwner } from './copy-owner.js';
import type { DatabaseDeps } from './open-database.js';

/**
 * The database that the copy of this owner is in, or is to be made in. Their own comes first, and then one that was made before
 * anybody was known (I27).
 */
export async function findDatabase(name: string, who: CopyOwner, deps: DatabaseDeps): Promise<string> {
  const all = databasesFor(name, who);
  const [usual, atUrl, ...theirs] = all as [string, string, ...string[]];
  const existing = await existingDatabases(deps);
  const taken = new Set<string>();
  let nobodys: string | undefined;
  for (const database of all) {
    if (!(existing?.has(database) ?? database === usual)) continue;
    const owner = await ownerIn(database, deps);
    if (!isFor(owner, who)) taken.add(database);
    else if (owner !== undefined && owner.user === who.user) return database;
    else nobodys ??= database;
  }
  return nobodys ?? [usual, ...theirs].find((database) => !taken.has(database)) ?? atUrl;
}

/** Undefined where the browser does not tell. */
export async function existingDatabases({
  factory,
}: Pick<DatabaseDeps, 'factory'>): Promise<ReadonlySet<string> | undefined> {
  if (typeof factory?.databases !== 'function') return undefined;
  const all = await factory.databases();
  return new Set(all.flatMap(({ name }) => (name === undefined ? [] : [name])));
}

/** Whose the copy in this database is; undefined while nobody has said. */
async function ownerIn(name: string, deps: DatabaseDeps): Promise<CopyOwner | undefined> {
  const database = await CopyDatabase.open(name, deps, () => {});
  try {
    return (await database.read((transaction) => transaction.record()))?.owner;
  } finally {
    database.close();
  }
}
