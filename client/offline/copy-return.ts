// A page that was put away comes back: its copy takes its place among the tabs again.

import type { CopyPlace } from './copy-place.js';
import { tabsOf } from './copy-record.js';
import { existingDatabases } from './find-database.js';
import type { OfflineCopiesDeps } from './offline-copies.js';
import { OfflineError } from './offline-error.js';
import { inTime } from './open-database.js';
import { finishBeforeOpening } from './wipe.js';

export interface Returned {
  /** What other tabs have stored meanwhile; undefined for nothing. */
  readonly update: Uint8Array | undefined;
  /** Some of it was left by tabs that are gone, and nobody may be about to bring it to the server. */
  readonly isOrphaned: boolean;
}

/** Rejects with OfflineError, DELETED when the copy was deleted meanwhile: it is not made again. */
export async function returnTo(
  { rows, locks }: CopyPlace,
  tab: string,
  deps: OfflineCopiesDeps,
): Promise<Returned> {
  const within = <T>(promise: Promise<T>): Promise<T> => inTime(promise, 'other tabs did not let go', deps);
  await within(finishBeforeOpening(deps));
  if ((await existingDatabases(deps))?.has(rows.name) === false)
    throw new OfflineError('OFFLINE_DELETED', `${rows.name} was deleted`);
  await within(locks.enter());
  const stored = await rows.stored();
  const dead = await within(locks.deadOf(stored === undefined ? [] : tabsOf(stored)));
  const update = await rows.comeBack(dead);
  const isOrphaned = rows.record!.rows.some(
    (row) => row.tab !== undefined && row.tab !== tab && dead?.has(row.tab) !== false,
  );
  return { update, isOrphaned };
}
