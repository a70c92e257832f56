// What a tab has of the database that a copy is in: its rows, its locks, and its line in the list of copies.

import type { Locks } from '../platform/locks.js';
import { Catalogue } from './catalogue.js';
import { CopyRows, type CopyRowsDeps } from './copy-rows.js';
import { CopySummary } from './copy-summary.js';
import { TabLocks } from './tab-locks.js';

export interface CopyPlace {
  readonly rows: CopyRows;
  readonly locks: TabLocks;
  readonly summary: CopySummary;
}

/** Opens nothing yet. */
export function placeIn(name: string, deps: CopyRowsDeps & { readonly locks: Locks }): CopyPlace {
  const { database, tab, locks } = deps;
  return {
    rows: new CopyRows(name, deps),
    locks: new TabLocks(locks, name, tab),
    summary: new CopySummary(name, new Catalogue(database), database.clock),
  };
}

/** The same, for a tab that had let go of its locks. */
export function withFreshLocks(place: CopyPlace, locks: Locks, tab: string): CopyPlace {
  return { ...place, locks: new TabLocks(locks, place.rows.name, tab) };
}
