// The copies of documents on this device: their names, and which there are. The provider reads and writes them.

const prefix = 'heddle-demo';

/** The name of the database that holds a document for a window's slot. */
export function localCopyName(slot: number, documentName: string): string {
  return `${prefix}/${slot}/${documentName}`;
}

/** The documents this window's slot has a copy of. */
export async function locallyKnownDocuments(slot: number): Promise<readonly string[]> {
  const start = localCopyName(slot, '');
  try {
    const databases = await indexedDB.databases();
    return databases.flatMap(({ name }) => (name?.startsWith(start) ? [name.slice(start.length)] : []));
  } catch {
    // No storage for this page: then it has no copies.
    return [];
  }
}
