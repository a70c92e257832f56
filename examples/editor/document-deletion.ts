// Deleting a document: on the server, for everybody, and the copy on this device. Who has it open is told by the server; what
// they have of it stays with them, and they can bring it back.

import { accessToken } from './access-token.js';
import { deleteOnServer } from './demo-api.js';
import { forgetTitle } from './document-title.js';
import type { OpenDocument } from './open-document.js';

/** Deletes the document and this device's copy of it. Rejects when the server does not delete it. */
export async function deleteDocument({ address, provider }: OpenDocument): Promise<void> {
  await deleteOnServer(address.documentName, await accessToken.write());
  forgetTitle(address.documentName);
  // Where this device keeps no copy there is none to delete.
  await provider.clearOfflineCopy().catch(() => {});
}
