// The client's public API.

export { HeddleProvider } from './provider/heddle-provider.js';
export type { HeddleProviderOptions } from './provider/provider-options.js';
export {
  HeddleConnection,
  type HeddleConnectionEvents,
  type HeddleConnectionOptions,
} from './provider/heddle-connection.js';
export type { BeforeWipe } from './provider/before-wipe.js';
export type { DocumentReason } from './document/document-reason.js';
export type { LostValue } from './crdt/lost-content.js';
export type { LostContent } from './document/refused-content.js';
export type { ProviderEvents } from './provider/provider-events.js';
export { statusReason, type StatusReason, type StatusReasonKind } from './provider/status-reason.js';
export type { CopyOptions } from './provider/open-copy.js';
export type { SyncPhase, SyncStatus } from './provider/sync-status.js';
export type { ConnectionReason } from './connection/connection.js';
export { ownDevices, type OwnDevice, type OwnDevices } from './provider/own-devices.js';
export type { Device } from '../shared/device.js';
export type { ConnectionState } from './connection/connection-state.js';
export type { WebSocketClass } from './connection/socket.js';
export type { GivenToken, TokenFunction, TokenOption, TokenWanted } from './token/token-source.js';
export {
  clearOfflineCopy,
  evictOfflineCopies,
  listOfflineCopies,
  type OfflineCopyInfo,
} from './offline/offline-copies.js';
export { openRoster, type Roster, type RosterEvents, type RosterStatus } from './provider/roster.js';
export type { RosterPerson } from './provider/roster-person.js';
export type { OnDisconnect } from './provider/server-changes.js';
export { serverTimestamp, type OperationPath, type OperationValue } from '../shared/operation.js';
export { ClosedError } from './platform/closed-error.js';
export { OfflineError, type OfflineErrorCode } from './offline/offline-error.js';
export { LoginRequired } from './token/login-required.js';
export { SyncError, type ErrorCode } from '../shared/errors.js';
export {
  estimateStorage,
  requestPersistentStorage,
  type StorageEstimate,
} from './platform/persistent-storage.js';
export type { PresentState, ProviderCallbacks } from './provider/callback-options.js';
export type * from './provider/presence-state.js';
