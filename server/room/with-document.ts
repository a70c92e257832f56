// Server-side reads and edits: a Y.Doc for as long as it takes, its edits through the same door as anybody's.

import type * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import { mergeUpdates } from 'yjs';
import { buildDocument } from './merge-document.js';
import type { RoomRegistry } from './room-registry.js';
import { serverWriter, type Fanout } from './writer.js';

/**
 * Calls `use` with the document as it is now and resolves with its result once what it changed is durable. Edits others
 * make meanwhile are not seen by `use`; both are merged. Rejects with what `use` throws (nothing is written then) or with
 * a SyncError.
 */
export async function withDocument<F extends Fanout, T>(
  registry: RoomRegistry<F>,
  document: DocumentName,
  use: (ydoc: Y.Doc) => T | Promise<T>,
): Promise<T> {
  const room = await registry.open(document);
  const writer = serverWriter();
  room.join(writer);
  registry.used(room);
  try {
    const ydoc = buildDocument(room.content(), false);
    const updates: Uint8Array[] = [];
    ydoc.on('update', (update: Uint8Array) => updates.push(update));
    const result = await use(ydoc);
    ydoc.destroy();
    if (updates.length > 0) {
      const { isIncomplete } = await room.accept(mergeUpdates(updates), writer, true);
      if (isIncomplete)
        throw new SyncError('UPDATE_INCOMPLETE', 'what was changed depends on something missing');
      // For its own document alone: others may have writers who never pause.
      await room.settled();
    }
    return result;
  } finally {
    room.leave(writer);
    registry.released(room);
  }
}
