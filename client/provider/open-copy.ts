// The copy of a document on this device, where the application wants one and there can be one.

import { systemClock } from '../../shared/clock.js';
import { OfflineCopy, type OfflineCopyDeps } from '../offline/offline-copy.js';
import { browserDatabases } from '../offline/open-database.js';
import { browserLocks } from '../platform/locks.js';

export interface CopyOptions {
  /** Of the database. Default: the document's name. */
  readonly name?: string;
  /** After which opening is given up, ms. */
  readonly timeoutMs?: number;
}

/** Undefined for none. `offline` as in the provider's options. */
export function openCopy(
  documentName: string,
  encodeDocument: () => Uint8Array,
  offline: boolean | CopyOptions,
  { owner, syncedAt }: Pick<OfflineCopyDeps, 'owner' | 'syncedAt'>,
): OfflineCopy | undefined {
  if (offline === false || (offline === true && !hasDatabases())) return undefined;
  const { name = documentName, timeoutMs } = offline === true ? {} : offline;
  return new OfflineCopy(name, {
    factory: browserDatabases(),
    clock: systemClock,
    random: Math.random,
    locks: browserLocks(),
    timeoutMs,
    owner,
    syncedAt,
    encodeDocument,
  });
}

/** Whether this is a place that has databases at all, be they refused to this page. */
function hasDatabases(): boolean {
  return 'indexedDB' in globalThis;
}
