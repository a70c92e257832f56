// One honest status from what is known. Pure.

import type { Access } from '../../shared/permission.js';
import type { OfflineError } from '../offline/offline-error.js';
import type { ConnectionState } from '../connection/connection-state.js';
import type { DocumentPhase } from '../document/document-events.js';
import type { StatusReason } from './status-reason.js';

/**
 * loading: the copy on this device is being read. offline: there is no connection, and none is about to be there.
 * connecting: one is being opened. syncing: it is there, and either side still lacks something. synced: both sides hold
 * the same, durably.
 */
export type SyncPhase = 'loading' | 'offline' | 'connecting' | 'syncing' | 'synced';

export interface SyncStatus {
  readonly phase: SyncPhase;
  /** The copy on this device holds all there is, in complete transactions. False where there is no copy. */
  readonly savedLocally: boolean;
  /** Edits of this client that are not known to be durable on the server. */
  readonly unsyncedChanges: number;
  /**
   * Bytes that are to be uploaded, and are not known to be durable on the server: of this client's edits, and of what else
   * was found here and not there. Falls as an upload goes on.
   */
  readonly unsyncedBytes: number;
  /**
   * Bytes that are here and that the server did not take: too large, not valid, or of a user who may only read. They stay here
   * as things are; `reason` says why. What a reader has made and never sent is among the two above.
   */
  readonly refusedBytes: number;
  /**
   * The document shows what other tabs of this browser have told, or have left in the copy on this device, and that is not known to
   * be on the server. It is not among the three above: those tabs bring it, and this one does where they do not.
   */
  readonly unsyncedInTabs: boolean;
  /**
   * When the server was last heard while both sides were the same: ms since the epoch by the server's clock; undefined for
   * never. The copy on this device remembers it, about as it was when something was stored last.
   */
  readonly lastSyncedAt: number | undefined;
  /** Undefined until the server has said. */
  readonly access: Exclude<Access, 'none'> | undefined;
  /** What the connection runs over; undefined while there is none. */
  readonly transport: 'websocket' | 'http' | undefined;
  /** Why it cannot go on, or why the last attempt failed. */
  readonly reason: StatusReason | undefined;
  /** Why there is no copy on this device, or none that can be trusted to be whole. */
  readonly offlineError: OfflineError | undefined;
}

/** Everything the phase depends on. */
export interface SyncFacts {
  readonly isLoaded: boolean;
  readonly connection: ConnectionState;
  /** The last attempt failed, or the connection was lost, and it has not been open since. */
  readonly isBroken: boolean;
  /** Undefined while the document has not been loaded. */
  readonly document: DocumentPhase | undefined;
  readonly unsyncedChanges: number;
  readonly unsyncedBytes: number;
  readonly refusedBytes: number;
  /** There may be what the server lacks beside that: in a copy that could not be read yet, or in other tabs. */
  readonly mayLack: boolean;
}

export function syncPhase({
  isLoaded,
  connection,
  isBroken,
  document,
  unsyncedChanges,
  unsyncedBytes,
  refusedBytes,
  mayLack,
}: SyncFacts): SyncPhase {
  if (!isLoaded) return 'loading';
  if (connection === 'asking' || connection === 'opening' || connection === 'greeting')
    return isBroken ? 'offline' : 'connecting';
  if (connection !== 'open' || document === 'blocked') return 'offline';
  const isAllThere = unsyncedChanges + unsyncedBytes + refusedBytes === 0 && !mayLack;
  return document === 'synced' && isAllThere ? 'synced' : 'syncing';
}

/** The states of a connection, as y-websocket calls them; undefined where it says nothing. */
export const connectionStatus: Readonly<
  Record<ConnectionState, 'connected' | 'connecting' | 'disconnected' | undefined>
> = {
  idle: 'disconnected',
  asking: 'connecting',
  opening: 'connecting',
  greeting: undefined,
  open: 'connected',
  waiting: 'disconnected',
  blocked: 'disconnected',
};
