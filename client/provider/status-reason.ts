// Why things cannot go on, in words a program can switch on.

import { errorTable, type ErrorCode, type Retry } from '../../shared/errors.js';

export type StatusReasonKind =
  /** The server cannot be reached; tried again. */
  | 'unreachable'
  | 'logged-out'
  /** The token function has thrown `LoginRequired`. */
  | 'login-required'
  | 'token-missing'
  | 'token-expired'
  | 'token-invalid'
  /** The user, the device or the token was signed out by the server. */
  | 'token-revoked'
  /** The document is not for this user. */
  | 'forbidden'
  /** There are edits that this user may not bring to the server; they stay here. */
  | 'read-only'
  /** So too, but this user may write comments; edits elsewhere stay here: see `HeddleProvider.rebase`. */
  | 'comment-only'
  /**
   * This Y.Doc was used under another user, who owns its client id: edits made with it are not taken. They stay here; a new
   * Y.Doc, or that user, can go on. So too where what the Y.Doc was loaded with, or holds and the server may lack, belongs to
   * another user or another server than the one that the connection is with now: nothing of it is sent or received, and its
   * copy stays as it is.
   */
  | 'other-user'
  /**
   * Two documents have written under the same client id without knowing of each other, as a restored copy of a page can.
   * They hold different content for the same ids, for good. A new Y.Doc shows what the server has.
   */
  | 'client-id-conflict'
  /**
   * The document was deleted on the server. What is here, also what was written since, stays on this device and is not sent: see
   * `HeddleProvider.revive`.
   */
  | 'deleted'
  | 'too-large'
  /** Client and server do not speak the same version. */
  | 'version'
  /** The server asks for patience, or cannot store just now; tried again. */
  | 'busy'
  /** A fault of the server. */
  | 'server'
  /** Something that was said is not valid. */
  | 'invalid';

export interface StatusReason {
  readonly kind: StatusReasonKind;
  /** As in docs/protocol.md; undefined where the server said nothing. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  /** Nothing is tried again until something changes: the token, the rights, or somebody calls `connect`. */
  readonly isFinal: boolean;
}

const kinds: Readonly<Record<ErrorCode, StatusReasonKind>> = {
  FRAME_MALFORMED: 'invalid',
  MESSAGE_UNKNOWN: 'invalid',
  AWARENESS_INVALID: 'invalid',
  VERSION_UNSUPPORTED: 'version',
  STATE_VECTOR_INVALID: 'invalid',
  UPDATE_INVALID: 'invalid',
  UPDATE_TOO_COSTLY: 'invalid',
  DOCUMENT_TOO_COSTLY: 'invalid',
  UPDATE_INCOMPLETE: 'server',
  CLIENT_ID_TAKEN: 'busy',
  CLIENT_ID_FOREIGN: 'other-user',
  SESSION_MOVED: 'unreachable',
  TOKEN_MISSING: 'token-missing',
  TOKEN_INVALID: 'token-invalid',
  TOKEN_EXPIRED: 'token-expired',
  TOKEN_REVOKED: 'token-revoked',
  TOKEN_STALE: 'token-expired',
  FORBIDDEN: 'forbidden',
  READ_ONLY: 'read-only',
  COMMENT_ONLY: 'comment-only',
  NAME_INVALID: 'invalid',
  DOCUMENT_DELETED: 'deleted',
  DEVICE_UNKNOWN: 'invalid',
  CALL_UNKNOWN: 'invalid',
  CALL_FAILED: 'server',
  CALL_TIMED_OUT: 'server',
  KIND_UNSUPPORTED: 'version',
  DOCUMENT_TOO_LARGE: 'too-large',
  FRAME_TOO_LARGE: 'too-large',
  RATE_LIMITED: 'busy',
  SLOW_CONSUMER: 'busy',
  STORE_UNAVAILABLE: 'busy',
  DOCUMENT_CORRUPT: 'server',
  INTERNAL: 'server',
  DRAINING: 'busy',
};

interface Cause {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  /** As the server said, where it said anything. */
  readonly retry?: Retry;
}

/** What an error of the server means, a SyncError for example; known or not, or none at all. */
export function statusReason(
  { code, message, retry = code === undefined ? 'backoff' : errorTable[code].retry }: Cause,
  isFinal = retry !== 'backoff',
): StatusReason {
  return { kind: kindOf(code, retry), code, message, isFinal };
}

function kindOf(code: ErrorCode | undefined, retry: Retry): StatusReasonKind {
  if (code !== undefined) return kinds[code];
  // A server that says not to come again is there.
  return retry === 'backoff' ? 'unreachable' : 'server';
}

export const clientIdConflict: StatusReason = {
  kind: 'client-id-conflict',
  code: undefined,
  message: 'somebody else has written other content under the same client id',
  isFinal: false,
};

export const otherOwner: StatusReason = {
  kind: 'other-user',
  code: undefined,
  message: 'the document holds what is of another user or another server: a new Y.Doc can go on',
  isFinal: true,
};

export const loggedOut: StatusReason = {
  kind: 'logged-out',
  code: 'TOKEN_MISSING',
  message: 'nobody is logged in',
  isFinal: true,
};

export const loginRequired: StatusReason = { ...loggedOut, kind: 'login-required' };
