// A session: what the server keeps for one connection, whatever protocol it speaks.

import type { SyncError } from '../../shared/errors.js';
import type { ChannelDeps } from './channel.js';
import type { FarewellDeps } from './farewell.js';
import type { Authority } from './rights.js';
import type { VisitDeps } from './visit.js';

/** A session as whoever looks after all of them sees it. */
export interface Session {
  /** Regular look: shows the client that the connection is alive, and that the client is. */
  tick(): void;
  /** Ends the connection, and tells the client why. */
  refuse(error: SyncError): void;
}

/** What all sessions of a server share. */
export interface SessionDeps extends ChannelDeps, FarewellDeps, VisitDeps {
  readonly authority: Authority;
  /** The connection has ended. */
  readonly ended: (session: Session) => void;
}
