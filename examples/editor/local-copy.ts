// The copy of a document on this device: y-indexeddb, guarded where it would wait for ever or fail in silence.

import { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';

const prefix = 'heddle-demo';
const patienceMs = 4_000;

/** The name of the database that holds a document for a window's slot. */
export function localCopyName(slot: number, documentName: string): string {
  return `${prefix}/${slot}/${documentName}`;
}

/** Binds a Y.Doc to its copy on this device. */
export function openLocalCopy(slot: number, documentName: string, doc: Y.Doc): IndexeddbPersistence {
  return new IndexeddbPersistence(localCopyName(slot, documentName), doc);
}

/** Waits until the copy is read. False where the browser keeps none: then `whenSynced` would never settle. */
export async function localCopyRead(copy: IndexeddbPersistence): Promise<boolean> {
  const outOfPatience = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), patienceMs);
  });
  const refused = copy._db.then(
    () => copy.whenSynced.then(() => true),
    () => false,
  );
  return Promise.race([refused, outOfPatience]);
}

/** Closes the copy; what was written stays. */
export async function closeLocalCopy(copy: IndexeddbPersistence): Promise<void> {
  await copy.destroy().catch(() => {});
}

/** The documents this window's slot has a copy of. */
export async function locallyKnownDocuments(slot: number): Promise<readonly string[]> {
  const start = localCopyName(slot, '');
  try {
    const databases = await indexedDB.databases();
    return databases.flatMap(({ name }) => (name?.startsWith(start) ? [name.slice(start.length)] : []));
  } catch {
    return [];
  }
}
