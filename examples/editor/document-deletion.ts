// Deleting a document, as far as that can be done: the server has no deletion of documents yet. So the text is deleted as an
// edit, for everybody, with the copy on this device. The name stays on the server; this device's list leaves it out until
// somebody writes there again.

import { emptyText } from './empty-text.js';
import type { OpenDocument } from './open-document.js';
import { deviceStorage } from './safe-storage.js';

const key = 'heddle-demo.deleted';

/** Deletes the text and this device's copy. Rejects when the server does not take the edit. */
export async function deleteDocument(
  { address, doc, provider }: OpenDocument,
  byName: string,
): Promise<void> {
  doc.transact(() => {
    emptyText(doc);
    doc.getMap('about').delete('title');
    doc.getMap('about').set('deletedBy', byName);
  });
  await provider.sync();
  const deleted = { ...deletedHere(), [address.documentName]: serverNow(provider) };
  deviceStorage.set(key, JSON.stringify(deleted));
  // Where this device keeps no copy there is none to delete.
  await provider.clearOfflineCopy().catch(() => {});
}

/** Calls `deleted` with a name whenever somebody else deletes the document. */
export function observeDeletion({ doc }: OpenDocument, deleted: (byName: string) => void): void {
  const about = doc.getMap('about');
  about.observe(({ keysChanged }, { local: isLocal }) => {
    const name = about.get('deletedBy');
    if (!isLocal && keysChanged.has('deletedBy') && typeof name === 'string') deleted(name.slice(0, 48));
  });
}

/** Whether a document of the server's list was deleted here, and has not been written since. */
export function isDeletedHere(name: string, changedAt: number): boolean {
  return changedAt <= (deletedHere()[name] ?? -Infinity);
}

function serverNow({ connection }: OpenDocument['provider']): number {
  return Math.round(Date.now() + connection.serverTimeOffset);
}

function deletedHere(): Readonly<Record<string, number>> {
  try {
    return JSON.parse(deviceStorage.get(key) ?? '{}') as Record<string, number>;
  } catch {
    return {};
  }
}
