// Reads the copies of notes on this device: without the network, and without opening the notes.

import * as Y from 'yjs';
import { HeddleProvider, listOfflineCopies, type HeddleConnection } from '../../client/index.js';

/** The names of the documents that this device has a copy of. */
export async function copiesHere(): Promise<ReadonlySet<string>> {
  // Where the browser keeps nothing, there are none.
  const copies = await listOfflineCopies().catch(() => []);
  return new Set(copies.map(({ name }) => name));
}

/** What `use` makes of the copy of a document; undefined where the copy cannot be read. */
export async function readCopy<T>(
  connection: HeddleConnection,
  name: string,
  use: (text: Y.XmlFragment) => T,
): Promise<T | undefined> {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(connection.url, name, doc, {
    connection,
    connect: false,
    tabs: false,
    warnBeforeUnload: false,
  });
  try {
    await provider.whenLoaded;
    return use(doc.getXmlFragment('default'));
  } catch {
    return undefined;
  } finally {
    provider.destroy();
    doc.destroy();
  }
}
