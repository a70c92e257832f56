// In which database the copy of a user of a server is.

import { CopyDatabase } from './copy-database.js';
import { databasesFor, isFor, type CopyOwner } from './copy-owner.js';
import type { DatabaseDeps } from './open-database.js';

/** The database that the copy of this owner is in, or is to be made in. */
export async function findDatabase(name: string, who: CopyOwner, deps: DatabaseDeps): Promise<string> {
  const [usual, ...others] = databasesFor(name, who) as [string, ...string[]];
  const existing = await existingDatabases(deps);
  const isThere = (database: string): boolean => existing?.has(database) ?? database === usual;
  const owner = isThere(usual) ? await ownerIn(usual, deps) : undefined;
  if (owner !== undefined && isFor(owner, who)) return usual;
  for (const other of others) if (isThere(other) && isFor(await ownerIn(other, deps), who)) return other;
  if (owner === undefined) return usual;
  for (const other of others.slice(1))
    if (!isThere(other) || isFor(await ownerIn(other, deps), who)) return other;
  return others.at(0)!;
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
