// What a provider tells. The names are those of y-websocket's and Hocuspocus' providers, so that what listens to those goes
// on working, and `sync-status`, which tells all in one.

import type { OfflineError } from '../offline/offline-error.js';
import type { PresentState } from './callback-options.js';
import type { DocumentReason } from '../document/document-reason.js';
import type { HeddleConnection } from './heddle-connection.js';
import type { LostContent } from '../document/refused-content.js';
import type { SyncStatus } from './sync-status.js';

export interface ProviderEvents<Provider> {
  /** Of the connection. */
  status: (event: { status: 'connected' | 'connecting' | 'disconnected' }) => void;
  /** This client has all that the server had; or the connection is gone. */
  sync: (isSynced: boolean) => void;
  /** The same, as some call it. */
  synced: (isSynced: boolean) => void;
  'sync-status': (status: SyncStatus) => void;
  /** The connection is there; it is told by `status` too. */
  connect: () => void;
  /** A connection has ended, as Hocuspocus tells it. */
  disconnect: (data: { event: { code: number; reason: string } }) => void;
  close: (data: { event: { code: number; reason: string } }) => void;
  /** A connection has ended. */
  'connection-close': (event: { code: number; reason: string }, provider: Provider) => void;
  /** One could not be opened. */
  'connection-error': (event: { message: string }, provider: Provider) => void;
  /** It ended and is not tried again, until something changes. */
  closed: (event: { code: number; reason: string }, provider: Provider) => void;
  /** The document is open, with this right. */
  authenticated: (event: { scope: 'readonly' | 'read-write' }) => void;
  /** The token, or this document with it, was refused. */
  authenticationFailed: (event: { reason: string }) => void;
  /** How many edits are not durable on the server. */
  unsyncedChanges: (count: number) => void;
  /** The copy on this device cannot be read or written. The document goes on in memory. */
  'offline-error': (error: OfflineError) => void;
  /** A state of this client's awareness was not taken. The others see what was taken last, and edits go on. */
  'awareness-refused': (reason: DocumentReason) => void;
  /**
   * Somebody else has written other content under a Yjs client id of this document, before either knew of the other. The two
   * documents differ for good; a new Y.Doc shows what the server has.
   */
  'client-id-conflict': (event: { clientId: number }) => void;
  /** Somebody has come, gone or changed what others see of them, oneself included. */
  awarenessChange: (data: { states: PresentState[] }) => void;
  /** The same, and also when somebody only says that they are still there. */
  awarenessUpdate: (data: { states: PresentState[] }) => void;
  /** The document has moved to another connection: the one before is another user's, or its token does not allow the document. */
  connection: (connection: HeddleConnection) => void;
  /**
   * The connection is with another user or another server than the one that the document's copy was loaded for, or another
   * user than the one whose edits it holds and the server may lack. Nothing is sent or received, and the copy stays as it is. A
   * new Y.Doc can go on; a new provider for the same Y.Doc brings the edits up for the user who is there now.
   */
  'other-owner': (provider: Provider) => void;
  /** `rebase` has taken this out of the document, because the server does not take it. */
  rebased: (lost: LostContent) => void;
  destroy: (provider: Provider) => void;
}
