// The documents of a running server, for the application that runs it. Edits go through `withDocument`.

import { parseDocumentName, type DocumentName } from '../shared/document-name.js';
import { SyncError } from '../shared/errors.js';
import type { Limits } from '../shared/limits.js';
import type { ChangeNotifier } from './change-notifier.js';
import type { DocumentWorker } from './room/document-worker.js';
import type { RoomRegistry } from './room/room-registry.js';
import { serverWriter, type Fanout } from './room/writer.js';
import type { DocumentStore, DocumentSummary, ListOptions } from './store/store.js';

/** What `server.documents` offers. Every method rejects with SyncError, or with StoreError where the store fails; before `listen` with an Error. */
export interface ServerDocuments {
  /** Documents that are stored, in the order of their names' UTF-8 bytes. Ask for pages by `limit` and `after`. */
  list(options?: ListOptions): Promise<DocumentSummary[]>;
  /**
   * The whole document as one Yjs update (V1), deleted content left out unless `gc: false`; undefined where there is none. Everything
   * in it is durable. Rejects with DOCUMENT_TOO_COSTLY for one that loads too slowly.
   */
  export(name: string, options?: { readonly gc?: boolean }): Promise<Uint8Array | undefined>;
  /**
   * Merges a Yjs update (V1) into the document, which is made where there is none. Resolves when it is durable, with whether it
   * brought anything. What was deleted may be brought back so. Rejects with UPDATE_INVALID or UPDATE_INCOMPLETE for an update
   * that cannot be taken whole.
   */
  import(name: string, update: Uint8Array): Promise<boolean>;
  /**
   * Deletes the document for good, durably. Whoever has it open is told DOCUMENT_DELETED, and so is whoever brings its content later,
   * from an offline copy for example: no client brings it back by itself. Others may begin a new document under the name.
   * Resolves with whether there was one.
   */
  delete(name: string): Promise<boolean>;
}

/** What of a server it works on. */
export interface DocumentParts<F extends Fanout> {
  readonly store: DocumentStore;
  readonly registry: RoomRegistry<F>;
  readonly worker: DocumentWorker;
  readonly changes: ChangeNotifier;
  /** Forgets what clients have asked for in a document at their end. */
  readonly gateway: { forget(document: DocumentName): Promise<void> };
  /** Forgets who was in a document. */
  readonly rosters: { forget(document: DocumentName): Promise<void> };
}

export function serverDocuments<F extends Fanout>(
  parts: () => DocumentParts<F>,
  limits: Limits,
): ServerDocuments {
  return {
    list: async (options) => parts().store.list(options),
    export: async (name, { gc = true } = {}) => {
      const document = parseDocumentName(name);
      const { registry, worker } = parts();
      if (!(await exists(parts(), document))) return undefined;
      const room = await registry.open(document);
      await room.progress.settled();
      const updates = room.content.all();
      return (await worker.merge(document, { updates, gc, partBytes: limits.syncPartBytes })).update;
    },
    import: async (name, update) => importInto(parts(), parseDocumentName(name), update),
    delete: async (name) => {
      const document = parseDocumentName(name);
      const { registry, changes, gateway, rosters } = parts();
      const wasThere = await registry.delete(document);
      if (wasThere) {
        changes.forget(document);
        await gateway.forget(document);
      }
      // Also of one that is gone: a server that was killed while it deleted may have kept who was there.
      await rosters.forget(document);
      return wasThere;
    },
  };
}

/** Looked for without opening it: to open it would make one where the application has a first content. */
async function exists<F extends Fanout>(
  { store, registry }: DocumentParts<F>,
  document: DocumentName,
): Promise<boolean> {
  if (registry.isOpen(document)) return true;
  const [found] = await store.list({ prefix: document, limit: 1 });
  return found?.document === document;
}

async function importInto<F extends Fanout>(
  { registry }: DocumentParts<F>,
  document: DocumentName,
  given: Uint8Array,
): Promise<boolean> {
  // The room keeps the bytes, and the application may go on with its own.
  const update = new Uint8Array(given);
  const room = await registry.open(document);
  const writer = serverWriter();
  room.join(writer);
  registry.used(room);
  try {
    if (!room.content.isWhole(update))
      throw new SyncError('UPDATE_INCOMPLETE', 'the update depends on what neither it nor the document has');
    await registry.revive(document);
    const { outcome } = await room.accept(update, writer, false);
    await room.progress.settled();
    return outcome === 'new';
  } finally {
    room.leave(writer);
    registry.released(room);
  }
}
