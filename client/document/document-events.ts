// What a document tells of its way to the server and back.

import type { Position } from '../../shared/native/position.js';
import type { Access } from '../../shared/permission.js';
import type { DocumentReason } from './document-reason.js';

/**
 * closed: not open on the server. opening: asked for. syncing: what it lacks is on its way. synced: the server has sent all
 * there was; edits may still be unacknowledged. blocked: asking again is of no use until the rights or the token change.
 */
export type DocumentPhase = 'closed' | 'opening' | 'syncing' | 'synced' | 'blocked';

/** Told by DocumentSync. */
export interface DocumentEvents {
  phase: (phase: DocumentPhase) => void;
  access: (access: Access) => void;
  /** How many edits are not durable on the server has changed. */
  unsynced: (count: number) => void;
  /** So many bytes are not durable on the server, though the number of edits that are not is the same as before. */
  upload: (bytes: number) => void;
  /** So many edits more are durable on the server, counted in the order in which they were made or restored. */
  durable: (edits: number) => void;
  /** Where a copy of the document stands, if it also keeps the edits that are not durable. */
  position: (position: Position) => void;
  /** An update was not taken, or the document was closed. What is here stays here. */
  refused: (reason: DocumentReason) => void;
}
