// The port to everything that needs a Y.Doc of a whole document. The implementation (server/worker/) does the work in other
// threads, within a budget of CPU time and memory for each job, so that no document holds the server's thread (V1).

import type * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import type { Operation } from '../../shared/operation.js';

/** A whole document, as the room holds it. */
export interface WholeDocument {
  /** In causal order; together the whole document. */
  readonly updates: readonly Uint8Array[];
  /** Whether deleted content may be dropped. */
  readonly gc: boolean;
}

/** What a checkpoint is made of. */
export interface MergeRequest extends WholeDocument {
  /** Size of the parts that the document is cut into for readers, bytes. */
  readonly partBytes: number;
}

export interface Merged {
  /** The whole document as one update. */
  readonly update: Uint8Array;
  /** The whole document in parts for readers; a small document is one part, `update` itself. */
  readonly parts: readonly Uint8Array[];
  /** CPU time that loading `update` took, ms. */
  readonly loadMs: number;
}

export interface TryRequest {
  /** The document that the update is tried on, in causal order. */
  readonly updates: readonly Uint8Array[];
  /** The update that is tried. Without one the document itself is loaded, encoded and loaded again. */
  readonly update: Uint8Array | undefined;
}

export interface Tried {
  /** Size of the document, the update included, bytes. */
  readonly bytes: number;
  /** CPU time that loading it took, ms. */
  readonly loadMs: number;
}

/** Operations of one author, made as one change. */
export interface OperationBatch {
  readonly operations: readonly Operation[];
  /** The client id that the change is written under; a new one for each batch. */
  readonly clientId: number;
}

export interface OperateRequest extends WholeDocument {
  /** In this order. */
  readonly batches: readonly OperationBatch[];
  /** What `serverTimestamp()` stands for, ms since the epoch. */
  readonly now: number;
}

export interface Edited<T> {
  /** What the embedder's function returned. */
  readonly result: T;
  /** What it changed; undefined when it changed nothing. */
  readonly update: Uint8Array | undefined;
}

/**
 * Every method rejects with SyncError DOCUMENT_TOO_COSTLY when loading the document takes more CPU time or memory than the
 * budget of the job, and with DRAINING after `close`. Other errors tell of a fault of the document or of this software.
 */
export interface DocumentWorker {
  /** Makes a checkpoint. */
  merge(document: DocumentName, request: MergeRequest): Promise<Merged>;
  /**
   * A copy of the document for the embedder. A worker thread loads the document first; the copy is built on the server's
   * thread only when that took little CPU time.
   */
  read(document: DocumentName, request: WholeDocument): Promise<Y.Doc>;
  /** Calls `use` with such a copy, and tells what `use` changed. Rejects with what `use` throws. */
  edit<T>(
    document: DocumentName,
    request: WholeDocument,
    use: (ydoc: Y.Doc) => T | Promise<T>,
  ): Promise<Edited<T>>;
  /** For each batch what it changes, as an update of its own after those before it; undefined where it changes nothing. */
  operate(document: DocumentName, request: OperateRequest): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Applies an update to the document, encodes the result, loads it again and compares. Rejects with SyncError
   * UPDATE_TOO_COSTLY when the update takes more CPU time or memory than its budget, and with UPDATE_INVALID when the
   * document would be another one after it is loaded again. `author` is the user whose update it is, if one is known: authors take
   * turns, and one whose update was too costly comes last for a while (V8).
   */
  try(document: DocumentName, request: TryRequest, author?: string): Promise<Tried>;
  /** Gives up all work. */
  close(): Promise<void>;
}
