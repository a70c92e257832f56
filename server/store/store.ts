// The port to durable storage: small and dumb, so that adapters stay short. The clever part is above it, in room/.

import type { DocumentName } from '../../shared/document-name.js';

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
  /** At least one; offsets contiguous, the first being the document's last offset + 1. */
  readonly records: readonly LogRecord[];
  /** For a document that is not stored yet, as `newEpoch` gave it; without it the store makes one. Ignored otherwise. */
  readonly epoch?: string;
}

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
 * A durable log and checkpoints. Errors are StoreErrors. After a write has failed with anything but a damaged document
 * the store is failed: every later call rejects with the same error until it is opened again (an fsync that failed once
 * must never be retried and believed). Calls after `close` reject with STORE_CLOSED. Bytes passed in are not changed by
 * the caller afterwards; bytes handed out belong to the caller.
 */
export interface DocumentStore {
  /** An epoch that no document has had. */
  newEpoch(): string;
  /** One atomic group commit over many documents, in order; resolves when it is as durable as configured. */
  append(batch: readonly Append[]): Promise<void>;
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
  /** Small server state by key (not per update): reads and durable writes. `undefined` removes. */
  getState(key: string): Promise<Uint8Array | undefined>;
  setState(key: string, value: Uint8Array | undefined): Promise<void>;
  /** Waits for what is under way. Idempotent. */
  close(): Promise<void>;
}
