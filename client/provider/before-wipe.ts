// What becomes of edits that the server may lack when all copies of this device are to be deleted.

import type { Clock } from '../../shared/clock.js';
import { openCopies, unsyncedCopies, type OfflineCopiesDeps } from '../offline/offline-copies.js';
import { OfflineError } from '../offline/offline-error.js';

/**
 * discard: they are deleted. refuse: nothing is deleted while there are any. wait: they are waited for, and nothing is deleted
 * when they cannot reach the server any more.
 */
export type BeforeWipe = 'discard' | 'refuse' | 'wait';

/** A document that is open on a connection. */
export interface ConnectionUser {
  readonly hasUnsyncedChanges: boolean;
  readonly status: { readonly reason: { readonly isFinal: boolean } | undefined };
}

export interface BeforeWipeDeps {
  readonly users: ReadonlySet<ConnectionUser>;
  readonly canGoOn: () => boolean;
  readonly copies: OfflineCopiesDeps;
  readonly clock: Clock;
}

/** A copy says so long after it that the server has an edit, ms. */
const noteMs = 1_500;
const lookMs = 100;

/** Resolves when the server has all edits of this device. Rejects with OfflineError UNSYNCED when it lacks some, or will. */
export async function untilSynced(how: 'refuse' | 'wait', deps: BeforeWipeDeps): Promise<void> {
  const { users, copies, clock } = deps;
  let hopelessSince: number | undefined;
  for (;;) {
    const unsynced = await unsyncedCopies(copies);
    // Last: what is edited while the copies are read counts.
    const waiting = [...users].filter((user) => user.hasUnsyncedChanges);
    if (waiting.length === 0 && unsynced.length === 0) return;
    const isHopeless =
      how === 'refuse' || !deps.canGoOn() || waiting.some(isStuck) || (await areLeft(unsynced, copies));
    hopelessSince = isHopeless ? (hopelessSince ?? clock.monotonic()) : undefined;
    const isSure = how === 'refuse' && waiting.length > 0;
    if (isSure || (hopelessSince !== undefined && clock.monotonic() - hopelessSince >= noteMs))
      throw new OfflineError('OFFLINE_UNSYNCED', 'this device has edits that the server lacks');
    await new Promise<void>((resolve) => void clock.after(lookMs, resolve));
  }
}

const isStuck = ({ status }: ConnectionUser): boolean => status.reason?.isFinal === true;

/** Whether some are open nowhere: nobody brings their edits to the server. */
async function areLeft(names: readonly string[], deps: OfflineCopiesDeps): Promise<boolean> {
  const open = await openCopies(deps);
  return names.some((name) => open?.has(name) !== true);
}
