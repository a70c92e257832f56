// Somebody who has passed the checks of the token, with a document.

import type { DocumentName } from '../../shared/document-name.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { RoomRegistry } from '../room/room-registry.js';
import type { ChannelDeps } from './channel.js';
import type { FarewellDeps } from './farewell.js';
import type { RoomFanout } from './room-fanout.js';
import type { Session } from './session-registry.js';

export interface Visitor {
  /** Of the connection, which may have several documents. */
  readonly connectionId: string;
  readonly document: DocumentName;
  readonly claims: Claims;
  readonly remoteAddress: string;
}

/** What all sessions of a server share, whatever they speak. */
export interface VisitDeps extends ChannelDeps, FarewellDeps {
  readonly registry: RoomRegistry<RoomFanout>;
  /** Token and rights, checked again (A1). Rejects with SyncError. */
  readonly check: (visitor: Visitor) => Promise<Access>;
  /** The last check before the document is opened; rejects with SyncError. */
  readonly connected: (visitor: Visitor) => Promise<void>;
  /** One that was let in has gone. */
  readonly disconnected: (visitor: Visitor) => void;
  /** The connection has ended. */
  readonly ended: (session: Session) => void;
}
