// All copies of this device: which there are, and how they go.

import { systemClock } from '../../shared/clock.js';
import { browserLocks, type Locks } from '../platform/locks.js';
import { Catalogue, type OfflineCopyInfo } from './catalogue.js';
import { CopyDatabase, type CopyTransaction } from './copy-database.js';
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

/**
 * Names of copies that hold something the server may lack, by their own word; what cannot be read may. A copy that cannot
 * say up to where it has the server's document was never compared with it, or holds what the server did not take. Rejects
 * with OfflineError.
 */
export async function unsyncedCopies(deps: OfflineCopiesDeps): Promise<string[]> {
  const unsynced: string[] = [];
  const open = await openCopies(deps);
  for (const { name } of await new Catalogue(deps).list()) {
    const isSynced = await says(name, deps, async (copy) => {
      const record = await copy.record();
      if (record === undefined || record.rows.length === 0) return true;
      // Whoever has it open compares it.
      const isDoubtful = record.isDoubtful && open?.has(name) !== true;
      return !hasPending(record) && record.position !== undefined && !isDoubtful;
    });
    if (!isSynced) unsynced.push(name);
  }
  return unsynced;
}

/** Which copies some tab has open, by the locks of all that are on this device; undefined where that cannot be known. */
export async function openCopies(deps: OfflineCopiesDeps): Promise<ReadonlySet<string> | undefined> {
  const held = await deps.locks.held();
  if (held === undefined) return undefined;
  const all = await new Catalogue(deps).list();
  return new Set(all.flatMap(({ name }) => (held.has(openLock(name)) ? [name] : [])));
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
function isEvictable(name: string, deps: DatabaseDeps): Promise<boolean> {
  return says(name, deps, async (copy) => {
    const record = await copy.record();
    if (record === undefined || hasPending(record)) return false;
    const whenNobodyHasIt = entered(reconciled(record, await copy.keys()), '', () => true, 0);
    return whenNobodyHasIt.position !== undefined;
  });
}

/** What `ask` finds in a copy; false where the copy cannot be read. */
async function says(
  name: string,
  deps: DatabaseDeps,
  ask: (copy: CopyTransaction) => Promise<boolean>,
): Promise<boolean> {
  let database: CopyDatabase | undefined;
  try {
    database = await CopyDatabase.open(name, deps, () => {});
    return await database.read(ask);
  } catch (error) {
    if (error instanceof OfflineError) return false;
    throw error;
  } finally {
    database?.close();
  }
}
