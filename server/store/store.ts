// The port to durable storage: small and dumb, so that adapters stay short. The clever part is above it, in room/.

import type { DocumentName } from '../../shared/document-name.js';
import type { StoreError } from '../errors.js';

/** Keys of state about the runs of a server on one store begin with this: a backup leaves it out. */
export const ownRunsPrefix = 'run/';

/** One accepted update of a document. */
export interface LogRecord {
  /** Place in the document's order: 1 for its first update, then without gaps, for ever (checkpoints do not renumber). */
  readonly offset: number;
  /** Server wall time at acceptance, ms since the epoch. */
  readonly time: number;
  /** `sub` of whoever sent it; '' when nobody is known. */
  readonly author: string;
  /** A Yjs update, V1 encoding. */
  readonly update: Uint8Array;
}

/** New records of one document, in order. */
export interface Append {
  readonly document: DocumentName;
  /**
   * At least one; offsets contiguous. The first is the document's last offset + 1, or lower: then the records up to the
   * last offset are those that are stored already, byte for byte.
   */
  readonly records: readonly LogRecord[];
  /** For a document that is not stored yet, as `newEpoch` gave it; without it the store makes one. Ignored otherwise. */
  readonly epoch?: string;
}

/**
 * What became of one append of a batch. stored: its records are in the store, now or since an earlier call; `lastOffset` is
 * the offset of its last record, `epoch` the document's. failed: nothing of this append is stored, and the other documents of
 * the batch are not touched by that. `error` is DOCUMENT_CORRUPT for a damaged document, STORE_CONFLICT for records that do
 * not continue what is stored, or says why the document could not be read.
 */
export type AppendOutcome =
  | { readonly kind: 'stored'; readonly epoch: string; readonly lastOffset: number }
  | { readonly kind: 'failed'; readonly error: StoreError };

/** A whole document as one Yjs update: everything up to and including `offset`. */
export interface Checkpoint {
  readonly offset: number;
  readonly time: number;
  readonly update: Uint8Array;
}

/** What the store has of one document. */
export interface StoredDocument {
  /**
   * Offsets mean the same only within one epoch. It changes when they cannot be compared with those handed out before:
   * the document was deleted and made anew, or the store was restored from a backup.
   */
  readonly epoch: string;
  readonly checkpoint?: Checkpoint | undefined;
  /** Records after the checkpoint, in order. */
  readonly records: readonly LogRecord[];
}

export interface DocumentSummary {
  readonly document: DocumentName;
  readonly lastOffset: number;
  /** Bytes the document's checkpoint and the records after it take, before the store's own compression. */
  readonly bytes: number;
  readonly records: number;
  /** Wall time of the last change, ms since the epoch. */
  readonly changedAt: number;
}

export interface ListOptions {
  readonly prefix?: string;
  /** Names strictly after this one. */
  readonly after?: string;
  readonly limit?: number;
}

/** What an ack is worth: fsynced per commit, handed to the operating system, or fsynced every so often. */
export type Durability = 'fsync' | 'os' | 'interval';

/**
 * A durable log and checkpoints. Errors are StoreErrors. After a write has been rejected with an error whose scope is `fatal`
 * (server/errors.ts) the store is failed: every later call rejects with the same error until the store is opened again (an
 * fsync that failed once must never be retried and believed). Calls after `close` reject with STORE_CLOSED. Bytes passed in are not changed by
 * the caller afterwards; bytes handed out belong to the caller.
 */
export interface DocumentStore {
  /** An epoch that no document has had. */
  newEpoch(): string;
  /**
   * One group commit over many documents. Resolves when it is as durable as configured, with one outcome for each append, in
   * order; everything that is `stored` was written in one atomic write. Rejects when nothing can be said of the documents one
   * by one: `scopeOf` (server/errors.ts) says whether the same batch may be appended again, which is safe also when the first
   * call had written it.
   */
  append(batch: readonly Append[]): Promise<readonly AppendOutcome[]>;
  /** Undefined when nothing is stored. Rejects with DOCUMENT_CORRUPT when a record fails its checksum or is missing. */
  load(document: DocumentName): Promise<StoredDocument | undefined>;
  /**
   * In one atomic durable write: puts the checkpoint and removes the old one, and what it covers of the log is no longer
   * loaded. Of that, records from `keepFrom` on are kept for `loadKept`; older ones are removed, but for those that are
   * stored in one piece with newer ones. Without `keepFrom` none is kept.
   */
  replace(document: DocumentName, checkpoint: Checkpoint, keepFrom?: number): Promise<void>;
  /**
   * Records up to the checkpoint that are still kept, those after the offset only, in order: without gaps, and the last one
   * is the checkpoint's. Empty when there are none. Rejects with DOCUMENT_CORRUPT when they are damaged: the document
   * itself is whole then, and still loads.
   */
  loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]>;
  /** Removes a document for good. Durable. */
  delete(document: DocumentName): Promise<void>;
  /** In the order of the names' UTF-8 bytes. */
  list(options?: ListOptions): Promise<DocumentSummary[]>;
  /**
   * Small server state by key (not per update): reads and durable writes. `undefined` removes. State that is set before a call
   * of `append` is never less durable than what that call brings: after any crash, whoever finds the records finds the state.
   * A backup leaves out keys that begin with `ownRunsPrefix`.
   */
  getState(key: string): Promise<Uint8Array | undefined>;
  setState(key: string, value: Uint8Array | undefined): Promise<void>;
  /** Several changes of state in one atomic durable write. */
  setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
  /** State whose key begins with this, in the order of the keys' UTF-8 bytes, as it is when it is read. */
  listState(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** Waits for what is under way. Idempotent. */
  close(): Promise<void>;
}
