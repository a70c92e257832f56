// What createServer takes. The command's flags, environment and config file all end in this.

import type { Server as HttpServer } from 'node:http';
import type { Limits } from '../shared/limits.js';
import type { Logger } from '../shared/logger.js';
import type { Access, Claims } from '../shared/permission.js';
import type { AuthorizeHook } from './auth/authenticator.js';
import type { Durability, DocumentStore } from './store/store.js';
import type * as Y from 'yjs';

/** Which tokens are believed. Exactly one of the three kinds of key. */
export interface AuthOptions {
  /** Shared secret for HS256 (HS384, HS512 if `algorithms` says so); at least 32 bytes are advised. */
  readonly secret?: string;
  /** Public key, PEM text (SPKI or X.509). */
  readonly publicKey?: string;
  /** Where the issuer publishes its keys. */
  readonly jwksUrl?: string;
  /** Allow-list. Default: HS256 for a secret; what fits the key's type for a public key; RS256, ES256, EdDSA for JWKS. */
  readonly algorithms?: readonly string[];
  readonly issuer?: string;
  readonly audience?: string;
  /** Name of a cookie that may carry the token. None by default. Cookies need a matching `Origin`. */
  readonly cookie?: string;
  /**
   * A token that says this claim with the value `true` may use `/api/v1/users` (docs/protocol.md). None by default: then
   * these paths are not there.
   */
  readonly adminClaim?: string;
  /**
   * No token may live longer, from `iat` to `exp`, seconds; one without `iat` is refused then. What was revoked is remembered
   * for as long. Default: any life, and revocations of users and devices are remembered for good.
   */
  readonly maxTokenLifeS?: number;
  /** How far clocks may differ, seconds. Default 5 for `nbf` and `iat`; `exp` is exact. */
  readonly clockToleranceS?: number;
}

/** Somebody who opened a document. */
export interface ConnectionInfo {
  readonly documentName: string;
  readonly connectionId: string;
  readonly claims: Claims;
  readonly remoteAddress: string;
}

/** A request that a client of our own makes with `connection.call`. */
export interface CallInfo {
  readonly method: string;
  /** What the client gave, in whatever encoding the application has chosen. */
  readonly body: Uint8Array;
  /** The document that it is about, which the client has open; undefined where it is about none. */
  readonly documentName: string | undefined;
  /** The client's right for that document; 'none' where it is about none. */
  readonly access: Access;
  readonly claims: Claims;
  readonly connectionId: string;
  /**
   * Aborts when nobody waits for the answer any more: the connection has ended, or `limits.maxCallMs` are over. The call
   * counts in `limits.maxCalls` and `limits.maxCallsPerUser` until the hook is done.
   */
  readonly signal: AbortSignal;
}

/** Called around the life of documents and connections. A hook that throws refuses what it was asked about. */
export interface Hooks {
  /** Replaces the mapping of the token's `docs` claim. */
  readonly authorize?: AuthorizeHook;
  /**
   * Before a document is first served. `isNew` when nothing is stored. A returned Yjs update is merged in before anybody
   * is served, durably: the way to seed a document. What the document has already is not stored again. An update that depends
   * on something missing, or is none, is not taken at all: whoever opens the document is told INTERNAL, and so it is when the
   * hook throws, unless it throws a SyncError of its own.
   */
  readonly onLoad?: (info: {
    documentName: string;
    isNew: boolean;
  }) => Promise<Uint8Array | undefined | void> | Uint8Array | undefined | void;
  /**
   * After changes, at most once per `changeDebounceMs` per document. `document` builds a copy that is the hook's own; it rejects
   * with SyncError DOCUMENT_TOO_COSTLY when that would hold the server for longer than `limits.maxCopyMs`.
   */
  readonly onChange?: (info: {
    documentName: string;
    document: () => Promise<Y.Doc>;
  }) => Promise<void> | void;
  /** A connection passed its checks and opens a document; a throw refuses it (FORBIDDEN). */
  readonly onConnect?: (info: ConnectionInfo) => Promise<void> | void;
  readonly onDisconnect?: (info: ConnectionInfo) => Promise<void> | void;
  /**
   * Answers a call of a client. Throw a SyncError to refuse with its code; anything else that is thrown is logged, and the
   * client is told CALL_FAILED. Without this hook calls are refused with CALL_UNKNOWN. Hand `signal` to what the hook waits for.
   */
  readonly onCall?: (
    info: CallInfo,
  ) => Promise<Uint8Array | undefined | void> | Uint8Array | undefined | void;
}

/** Who may see who is in a document. */
export type RosterVisible = 'everybody' | 'admins' | 'nobody';

export interface ServerOptions extends Hooks {
  /** Default 'localhost'. */
  readonly host?: string;
  /** Default 1234; 0 picks a free one. */
  readonly port?: number;
  /**
   * What carries the sockets: uWebSockets.js ('uws'), or Node's own http with the ws package ('node'). Default: 'uws' where
   * uWebSockets.js is installed and has a binary for this platform and version of Node, otherwise 'node', which the log says.
   */
  readonly transport?: 'uws' | 'node';
  /**
   * The application's own HTTP server, of node:http or node:https, listening or not yet. Heddle then has no port: it takes the
   * upgrades and requests under `path`, and all others stay the application's. `close` lets go of the server and leaves it open.
   * The transport is 'node'; the time-outs, the TLS and the number of connections are those of that server.
   */
  readonly server?: HttpServer;
  /** With `server`: the path that is Heddle's, '/sync'. Clients connect to ws://host/sync. */
  readonly path?: string;
  /**
   * What a reverse proxy leaves in front of every path: '/sync', with a slash in front and none at its end. Everything of the
   * server is then below it, and all else is 404. Default: nothing is in front. With `server` it is called `path`.
   */
  readonly basePath?: string;
  /** Data directory of the LevelDB store. Default './data'. */
  readonly data?: string;
  /** Another store, instead of `data`. The server closes it. */
  readonly store?: DocumentStore;
  /** What an acknowledgement is worth. Default 'fsync'. */
  readonly durability?: Durability;
  /**
   * Opens a store that has lost commits to damaged files, which is refused otherwise. Every document begins a new epoch,
   * so that clients offer what they still have. Default false.
   */
  readonly acceptLoss?: boolean;
  /** Required, unless `demo` stands alone: a key, or 'none' for development. */
  readonly auth?: AuthOptions | 'none';
  /** Origins browsers may connect from, exact ('https://app.example'). Default: any, as tokens are not ambient. */
  readonly origins?: readonly string[];
  /**
   * Names of the root types under which who has the access 'comment' may write: `ydoc.getMap('comments')` is named 'comments'.
   * Default: none, and then 'comment' is the same as 'read'.
   */
  readonly commentRoots?: readonly string[];
  /**
   * Reverse proxies whose `Forwarded` or `X-Forwarded-For` header names the client: IP addresses, or networks such as
   * '10.0.0.0/8'. Limits per address, hooks and logs then have the client's own address. Default: none, the headers count
   * for nothing.
   */
  readonly trustedProxies?: readonly string[];
  readonly tls?: { readonly keyFile: string; readonly certFile: string; readonly passphrase?: string };
  /** Serves the demo pages and issues tokens for documents under `demo/`. */
  readonly demo?: boolean;
  /** false keeps deleted content, for histories and `Y.Snapshot`. Default true. */
  readonly gc?: boolean;
  /**
   * Least time between two commits, ms: longer costs less and acknowledges later. With much to write it is up to 3.5 times
   * as long. Default 10.
   */
  readonly commitIntervalMs?: number;
  /** Default 2000. */
  readonly changeDebounceMs?: number;
  /**
   * The claims of a token that others may see of its user, in rosters and in stamped awareness: text, numbers and booleans. Default
   * `['name']`.
   */
  readonly userClaims?: readonly string[];
  /**
   * The server writes `user` into every awareness state: `id`, the `sub` of the token, and the claims of `userClaims`. So nobody
   * can show another name, whatever client it is. Of what the client says there, `color` and `colorLight` stay where no claim
   * gives them. Default false.
   */
  readonly stampUser?: boolean;
  /**
   * Who may see the roster of a document that they have open: everybody, those whose token says `auth.adminClaim`, or nobody. The
   * application itself always may (`server.presence`). Default 'nobody'.
   */
  readonly rosterVisible?: RosterVisible;
  readonly limits?: Partial<Limits>;
  readonly logger?: Logger;
  /**
   * The store can no longer write (disk full, disk error): nothing is acknowledged any more, clients have been sent away
   * with their edits. Close the server, and start it again when the cause is gone.
   */
  readonly onFailure?: (error: Error) => void;
}
