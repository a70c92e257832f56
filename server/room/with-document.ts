// Server-side edits: the embedder's function gets a copy of the document, and what it changed goes through the same door as
// anybody's edits.

import type * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { DocumentWorker } from './document-worker.js';
import type { RoomRegistry } from './room-registry.js';
import { serverWriter, type Fanout } from './writer.js';

/** What an edit needs of the server. */
export interface EditDeps<F extends Fanout> {
  readonly registry: RoomRegistry<F>;
  readonly worker: DocumentWorker;
  /** Whether the copy may lack deleted content. */
  readonly gc: boolean;
}

/**
 * Calls `use` with the document as it is now and resolves with its result once what it changed is durable. `use` does not
 * see edits that others make meanwhile; both are merged. Rejects with what `use` throws (nothing is written then) or with a
 * SyncError: DOCUMENT_TOO_COSTLY when the copy would hold the server's thread for too long.
 */
export async function withDocument<F extends Fanout, T>(
  { registry, worker, gc }: EditDeps<F>,
  document: DocumentName,
  use: (ydoc: Y.Doc) => T | Promise<T>,
): Promise<T> {
  const room = await registry.open(document);
  const writer = serverWriter();
  room.join(writer);
  registry.used(room);
  try {
    const { result, update } = await worker.edit(document, { updates: room.content.all(), gc }, use);
    if (update !== undefined) {
      const { isIncomplete } = await room.accept(update, writer, true);
      if (isIncomplete)
        throw new SyncError('UPDATE_INCOMPLETE', 'what was changed depends on something missing');
      // For its own document alone: others may have writers who never pause.
      await room.progress.settled();
    }
    return result;
  } finally {
    room.leave(writer);
    registry.released(room);
  }
}
