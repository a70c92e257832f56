// A wipe deletes all copies of this device, of every user and every server. The page that asks for it writes down first that it
// is wanted; if that page goes away in the middle, the next page that opens a copy finishes the wipe before that.

import { readDevice, writeDevice } from '../platform/device-storage.js';
import { randomSecret } from '../../shared/random.js';
import { Catalogue } from './catalogue.js';
import { clearOfflineCopy, type OfflineCopiesDeps } from './offline-copies.js';
import { OfflineError } from './offline-error.js';

interface Wipe {
  readonly id: string;
  /** When it was asked for: wall time of this device, ms since the epoch. */
  readonly at: number;
  readonly isFinished: boolean;
}

const storageKey = 'heddle.wipe';
const lockName = 'heddle:wipe';

/** The id of the last wipe that was asked for on this device: a copy that has seen another one has been wiped. */
export function lastWipe(): string | undefined {
  return readWipe()?.id;
}

export function isWipeUnfinished(): boolean {
  return readWipe()?.isFinished === false;
}

/** From now on no page of this origin opens a copy that is there already. `at`: wall time of this device. */
export function beginWipe(at: number): void {
  writeWipe({ id: randomSecret(), at, isFinished: false });
}

/**
 * Resolves when no wipe is unfinished. Rejects with OfflineError when a copy could not be deleted: the wipe stays unfinished,
 * and the others are deleted.
 */
export async function finishWipe(deps: OfflineCopiesDeps): Promise<void> {
  if (!isWipeUnfinished()) return;
  // One page at a time: a late one would delete what was made after the wipe.
  await deps.locks.request(lockName, {}, async () => {
    const wipe = readWipe();
    if (wipe === undefined || wipe.isFinished) return;
    await deleteAll(deps);
    // Another one may have been asked for meanwhile.
    if (lastWipe() === wipe.id) writeWipe({ ...wipe, isFinished: true });
  });
}

/** What a wipe is to delete is not opened. Rejects with OfflineError TIMEOUT, however the wipe failed: it is tried again. */
export async function finishBeforeOpening(deps: OfflineCopiesDeps): Promise<void> {
  try {
    await finishWipe(deps);
  } catch (thrown) {
    throw new OfflineError('OFFLINE_TIMEOUT', 'a wipe is not finished', { cause: thrown });
  }
}

/**
 * Throws OfflineError DELETED when another wipe was asked for since `seen` was the last, also where its deletions did not
 * reach this page.
 */
export function refuseWiped(seen: string | undefined): void {
  const wipe = lastWipe();
  if (wipe !== undefined && wipe !== seen)
    throw new OfflineError('OFFLINE_DELETED', 'all copies of this device were deleted');
}

async function deleteAll(deps: OfflineCopiesDeps): Promise<void> {
  const copies = await new Catalogue(deps).list();
  const results = await Promise.allSettled(copies.map(({ name }) => clearOfflineCopy(name, deps)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function readWipe(): Wipe | undefined {
  try {
    const { id, at, isFinished } = JSON.parse(readDevice(storageKey) ?? '{}') as Partial<
      Record<string, unknown>
    >;
    if (typeof id !== 'string' || typeof at !== 'number') return undefined;
    return { id, at, isFinished: isFinished === true };
  } catch {
    return undefined;
  }
}

function writeWipe(wipe: Wipe): void {
  writeDevice(storageKey, JSON.stringify(wipe));
}
