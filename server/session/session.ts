// A session: what the server keeps for one connection, whatever protocol it speaks.

import type { SyncError } from '../../shared/errors.js';
import type { Claims } from '../../shared/permission.js';
import type { ChannelDeps } from './channel.js';
import type { FarewellDeps } from './farewell.js';
import type { Stamp } from '../room/stamped-state.js';
import type { Authority } from './rights.js';
import type { SharedTexts } from './who.js';
import type { SessionDevices, DeviceSession } from './session-devices.js';
import type { VisitDeps } from './visit.js';

/** A connection, for whoever lists them. */
export interface ConnectionSummary {
  /** As in hooks and in the log. */
  readonly id: string;
  /** 'heddle' for our own client, 'y-websocket' for stock ones. */
  readonly protocol: 'heddle' | 'y-websocket';
  /** Of its token; undefined until it is believed. */
  readonly claims: Claims | undefined;
  readonly remoteAddress: string;
  /** Documents that it has open, or has asked for. */
  readonly documents: readonly string[];
}

/** A session as whoever looks after all of them sees it. */
export interface Session extends DeviceSession {
  readonly connectionId: string;
  readonly summary: ConnectionSummary;
  /** Regular look: shows the client that the connection is alive, and that the client is. */
  tick(): void;
  /** Ends the connection, and tells the client why. */
  refuse(error: SyncError): void;
  /** Of the token in force; undefined before the first. */
  readonly claims: Claims | undefined;
  /** The server was told something about the tokens of this user: rights are computed anew, now (A6). */
  recheck(): void;
  /** There is a newer token to be had. Asks the client for it, as far as its protocol has words for that (A9). */
  wantToken(error: SyncError): void;
}

/** What all sessions of a server share. */
export interface SessionDeps extends ChannelDeps, FarewellDeps, VisitDeps {
  readonly authority: Authority;
  /** Undefined where nobody asks for devices. */
  readonly devices?: SessionDevices | undefined;
  /** The id of the key that a token names, for the log. Default: nobody looks. */
  readonly keyIdOf?: ((token: string) => string | undefined) | undefined;
  readonly texts: SharedTexts;
  /** What `user` is in the awareness states of this user (P11). Default: what its client says. */
  readonly stampOf?: ((claims: Claims) => Stamp) | undefined;
  /** The connection has ended. */
  readonly ended: (session: Session) => void;
  /** Another token has come into force. `before`: the claims of the one before it. */
  readonly identified: (session: Session, before: Claims | undefined) => void;
}
