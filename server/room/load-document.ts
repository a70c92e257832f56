// From the store to a room: nothing is served before every stored record has been read and found sound (D2).

import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { CausalIndex } from '../crdt/causal-index.js';
import { splitUpdate } from '../crdt/split-update.js';
import type { DocumentStore, StoredDocument } from '../store/store.js';
import { refusalOf } from '../errors.js';
import { DocumentLog } from './document-log.js';

export interface LoadedDocument {
  readonly isNew: boolean;
  readonly epoch: string;
  readonly log: DocumentLog;
  readonly index: CausalIndex;
}

/** `commentRoots`: as a CausalIndex takes them. Throws SyncError DOCUMENT_CORRUPT or STORE_UNAVAILABLE; what is stored stays as it is. */
export async function loadDocument(
  store: DocumentStore,
  document: DocumentName,
  limits: Limits,
  commentRoots?: ReadonlySet<string>,
): Promise<LoadedDocument> {
  const stored = await read(store, document);
  const index = new CausalIndex(limits, commentRoots);
  const log = guard(document, () => readLog(stored, index, limits));
  return { isNew: stored === undefined, epoch: stored?.epoch ?? store.newEpoch(), log, index };
}

async function read(store: DocumentStore, document: DocumentName): Promise<StoredDocument | undefined> {
  try {
    return await store.load(document);
  } catch (error) {
    throw refusalOf(error);
  }
}

function checkpointParts(stored: StoredDocument | undefined, limits: Limits): readonly Uint8Array[] {
  const update = stored?.checkpoint?.update;
  if (update === undefined) return [];
  return splitUpdate(update, limits.syncPartBytes);
}

/** Tells the index of everything. Throws where anything is not what was accepted once. */
function readLog(stored: StoredDocument | undefined, index: CausalIndex, limits: Limits): DocumentLog {
  if (stored?.checkpoint !== undefined) index.load(stored.checkpoint.update);
  const log = new DocumentLog(
    stored?.checkpoint?.offset ?? 0,
    checkpointParts(stored, limits),
    limits.syncPartBytes,
  );
  // Of a record that is there twice, the second adds nothing.
  for (const { update } of stored?.records ?? []) log.append(index.load(update));
  return log;
}

/** What was accepted once is accepted again. Whatever is thrown on the way, by whichever reader of the bytes, means damage. */
function guard<T>(document: DocumentName, readStored: () => T): T {
  try {
    return readStored();
  } catch (error) {
    throw new SyncError('DOCUMENT_CORRUPT', '', {
      cause: new Error(`document ${document}`, { cause: error }),
    });
  }
}
