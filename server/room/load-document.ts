// From the store to a room: nothing is served before every stored record has been read and found sound (D2).

import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { CausalIndex } from '../crdt/causal-index.js';
import { splitUpdate } from '../crdt/split-update.js';
import type { DocumentStore, StoredDocument } from '../store/store.js';
import { StoreError } from '../errors.js';
import { DocumentLog } from './document-log.js';

export interface LoadedDocument {
  readonly isNew: boolean;
  readonly epoch: string;
  readonly log: DocumentLog;
  readonly index: CausalIndex;
}

/** Throws SyncError DOCUMENT_CORRUPT or STORE_UNAVAILABLE; what is stored stays as it is. */
export async function loadDocument(
  store: DocumentStore,
  document: DocumentName,
  limits: Limits,
): Promise<LoadedDocument> {
  const stored = await read(store, document);
  const index = new CausalIndex(limits);
  const log = new DocumentLog(stored?.checkpoint?.offset ?? 0, checkpointParts(stored, limits));
  if (stored?.checkpoint !== undefined) add(index, stored.checkpoint.update, document);
  for (const { update } of stored?.records ?? []) {
    log.append(add(index, update, document));
  }
  return { isNew: stored === undefined, epoch: stored?.epoch ?? store.newEpoch(), log, index };
}

async function read(store: DocumentStore, document: DocumentName): Promise<StoredDocument | undefined> {
  try {
    return await store.load(document);
  } catch (error) {
    const isCorrupt = error instanceof StoreError && error.code === 'DOCUMENT_CORRUPT';
    throw new SyncError(isCorrupt ? 'DOCUMENT_CORRUPT' : 'STORE_UNAVAILABLE', '', { cause: error });
  }
}

function checkpointParts(stored: StoredDocument | undefined, limits: Limits): readonly Uint8Array[] {
  const update = stored?.checkpoint?.update;
  if (update === undefined) return [];
  return update.length > limits.syncPartBytes * 1.5 ? splitUpdate(update, limits.syncPartBytes) : [update];
}

/** Returns what the record adds. What was accepted once is accepted again; anything else means damage. */
function add(index: CausalIndex, update: Uint8Array, document: DocumentName): Uint8Array {
  try {
    return index.load(update);
  } catch (error) {
    throw new SyncError('DOCUMENT_CORRUPT', '', {
      cause: new Error(`document ${document}`, { cause: error }),
    });
  }
}
