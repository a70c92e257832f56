// All copies of this device: which there are, and how they go.

import { systemClock } from '../../shared/clock.js';
import { browserLocks, type Locks } from '../platform/locks.js';
import { Catalogue, type OfflineCopyInfo } from './catalogue.js';
import { CopyDatabase } from './copy-database.js';
import { entered, hasPending, reconciled } from './copy-record.js';
import { OfflineError } from './offline-error.js';
import { browserDatabases, deleteDatabase, type DatabaseDeps } from './open-database.js';
import { openLock } from './tab-locks.js';

export type { OfflineCopyInfo } from './catalogue.js';

const timeoutMs = 5_000;

export interface OfflineCopiesDeps extends DatabaseDeps {
  readonly locks: Locks;
}

export const browserDeps = (): OfflineCopiesDeps => ({
  factory: browserDatabases(),
  clock: systemClock,
  timeoutMs,
  locks: browserLocks(),
});

/** The copies on this device, in no order; sizes and times may be some seconds old. Rejects with OfflineError. */
export async function listOfflineCopies(deps: OfflineCopiesDeps = browserDeps()): Promise<OfflineCopyInfo[]> {
  return new Catalogue(deps).list();
}

/**
 * Deletes a copy with all that is in it, edits that never reached the server included, and resolves when it is gone. Where
 * it is open, in this tab or another, it ends with OFFLINE_DELETED. Rejects with OfflineError.
 */
export async function clearOfflineCopy(name: string, deps: OfflineCopiesDeps = browserDeps()): Promise<void> {
  await deleteDatabase(name, deps);
  await new Catalogue(deps).remove(name);
}

/**
 * Deletes copies, those opened longest ago first, until all together hold at most `maxBytes`, and returns their names.
 * A copy stays when it is open in any tab, holds edits the server may lack, or cannot say up to where it has the server's
 * document; where the browser has no Web Locks nobody knows what is open, and all stay. Rejects with OfflineError.
 */
export async function evictOfflineCopies(
  { maxBytes }: { readonly maxBytes: number },
  deps: OfflineCopiesDeps = browserDeps(),
): Promise<string[]> {
  if ((await deps.locks.held()) === undefined) return [];
  const copies = await new Catalogue(deps).list();
  let bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
  const evicted: string[] = [];
  for (const copy of copies.sort((a, b) => a.lastOpenedAt - b.lastOpenedAt)) {
    if (bytes <= maxBytes) break;
    if (!(await evict(copy.name, deps))) continue;
    bytes -= copy.bytes;
    evicted.push(copy.name);
  }
  return evicted;
}

/** Nobody can open it meanwhile: who opens a copy holds the same lock. */
async function evict(name: string, deps: OfflineCopiesDeps): Promise<boolean> {
  let isEvicted = false;
  await deps.locks.request(openLock(name), { ifAvailable: true }, async (isHeld) => {
    if (!isHeld || !(await isEvictable(name, deps))) return;
    await clearOfflineCopy(name, deps);
    isEvicted = true;
  });
  return isEvicted;
}

/** All of it is on the server, as its own record says. What cannot be read says nothing, and stays. */
async function isEvictable(name: string, deps: DatabaseDeps): Promise<boolean> {
  let database: CopyDatabase | undefined;
  try {
    database = await CopyDatabase.open(name, deps, () => {});
    return await database.read(async (transaction) => {
      const record = await transaction.record();
      if (record === undefined || hasPending(record)) return false;
      const whenNobodyHasIt = entered(reconciled(record, await transaction.keys()), '', () => true, 0);
      return whenNobodyHasIt.position !== undefined;
    });
  } catch (error) {
    if (error instanceof OfflineError) return false;
    throw error;
  } finally {
    database?.close();
  }
}
