// `heddle/server`: what an embedder uses.

export { createServer, type HeddleServer } from './create-server.js';
export type { ArchiveReport } from './server-backup.js';
export type { ServerConnections } from './server-connections.js';
export type { ServerDocuments } from './server-documents.js';
export type { ServerPresence } from './server-presence.js';
export type { RosterEntry } from './roster/rosters.js';
export type { ShownClaims } from './roster/shown-claims.js';
export type { ConnectionSummary } from './session/session.js';
export type {
  AuthOptions,
  CallInfo,
  ConnectionInfo,
  Hooks,
  RosterVisible,
  ServerOptions,
} from './options.js';
export type { Device } from '../shared/device.js';
export type { Pushed, Revocation, UserControl } from './users/user-control.js';
export type { AuthorizeHook } from './auth/authenticator.js';
export { ConfigError, StoreError, type StoreErrorCode } from './errors.js';
export { errorTable, SyncError, type ErrorCode, type Retry } from '../shared/errors.js';
export { defaultLimits, type Limits } from '../shared/limits.js';
export type { Logger } from '../shared/logger.js';
export type { Access, Claims, DocumentGrant } from '../shared/permission.js';
export type {
  Append,
  AppendOutcome,
  Checkpoint,
  DocumentStore,
  DocumentSummary,
  Durability,
  ListOptions,
  LogRecord,
  StoredDocument,
} from './store/store.js';
