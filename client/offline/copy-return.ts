// A page that was put away comes back: its copy takes its place among the tabs again.

import type { CopyPlace } from './copy-place.js';
import { othersWithPending, tabsOf } from './copy-record.js';
import { existingDatabases } from './find-database.js';
import type { OfflineCopiesDeps } from './offline-copies.js';
import { OfflineError } from './offline-error.js';
import { inTime } from './open-database.js';
import { finishBeforeOpening } from './wipe.js';

export interface Returned {
  /** What other tabs have stored meanwhile; undefined for nothing. */
  readonly update: Uint8Array | undefined;
  /** There are edits of other tabs in the copy, and nobody may tell this one when they are on the server. */
  readonly hasOthersPending: boolean;
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
  return { update, hasOthersPending: othersWithPending(rows.record!, tab).length > 0 };
}
