// The status of a document, from what keeps it and the connection that it uses.

import { readOnly } from '../document/document-reason.js';
import type { HeddleConnection } from './heddle-connection.js';
import type { KeptDocument } from './kept-document.js';
import {
  clientIdConflict,
  loggedOut,
  loginRequired,
  otherOwner,
  statusReason,
  type StatusReason,
} from './status-reason.js';
import { syncPhase, type SyncStatus } from './sync-status.js';
import { hasOwnUnsynced, hasUnsyncedInTabs } from './unsynced.js';

interface Known {
  readonly kept: KeptDocument;
  readonly connection: HeddleConnection;
  /** The document is to be open on the connection. */
  readonly isWanted: boolean;
  /** As in SyncFacts. */
  readonly isBroken: boolean;
  readonly lastSyncedAt: number | undefined;
}

export function statusNow(known: Known): SyncStatus {
  const { kept, connection, isWanted, lastSyncedAt = kept.syncedAt } = known;
  const state = isWanted ? connection.state : 'idle';
  const { unsynced: unsyncedChanges, unsyncedBytes, refusedBytes } = kept;
  const unsyncedInTabs = hasUnsyncedInTabs(kept);
  const isBroken = known.isBroken && state !== 'idle';
  return {
    phase: syncPhase({
      isLoaded: kept.isLoaded,
      connection: state,
      isBroken,
      document: kept.phase,
      unsyncedChanges,
      unsyncedBytes,
      refusedBytes,
      mayLack: kept.isCopyUnread || unsyncedInTabs,
    }),
    savedLocally: kept.isSavedLocally,
    unsyncedChanges,
    unsyncedBytes,
    refusedBytes,
    unsyncedInTabs,
    lastSyncedAt,
    access: kept.access === 'none' ? undefined : kept.access,
    transport: state === 'open' ? connection.transport : undefined,
    reason: reasonNow(kept, connection, isBroken),
    offlineError: kept.offlineError,
  };
}

function reasonNow(
  kept: KeptDocument,
  { reason, isLoggedOut, isLoginRequired, isStuck }: HeddleConnection,
  isBroken: boolean,
): StatusReason | undefined {
  if (isLoggedOut) return loggedOut;
  if (isBroken && isLoginRequired) return loginRequired;
  if (kept.isOfOther) return otherOwner;
  if (kept.hasClientIdConflict) return clientIdConflict;
  if (isBroken && reason !== undefined) return statusReason(reason, isStuck);
  if (kept.reason !== undefined) return statusReason(kept.reason);
  if (kept.access === 'read' && hasOwnUnsynced(kept)) return statusReason(readOnly);
  return undefined;
}
