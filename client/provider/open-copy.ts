// The copy of a document on this device, where the application wants one and there can be one.

import * as Y from 'yjs';
import { systemClock } from '../../shared/clock.js';
import { OfflineCopy, type OfflineCopyDeps } from '../offline/offline-copy.js';
import { browserDatabases } from '../offline/open-database.js';
import { browserLocks } from '../platform/locks.js';

/** Undefined for none. `offline` as in the provider's options. */
export function openCopy(
  documentName: string,
  doc: Y.Doc,
  offline: boolean | { readonly name?: string; readonly timeoutMs?: number },
  { owner, syncedAt }: Required<Pick<OfflineCopyDeps, 'owner' | 'syncedAt'>>,
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
    encodeDocument: () => Y.encodeStateAsUpdate(doc),
  });
}

/** Whether this is a place that has databases at all, be they refused to this page. */
function hasDatabases(): boolean {
  return 'indexedDB' in globalThis;
}
