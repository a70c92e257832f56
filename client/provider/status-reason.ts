// Why things cannot go on, in words a program can switch on.

import { errorTable, type ErrorCode } from '../../shared/errors.js';

export type StatusReasonKind =
  /** The server cannot be reached; tried again. */
  | 'unreachable'
  | 'logged-out'
  | 'token-missing'
  | 'token-expired'
  | 'token-invalid'
  /** The document is not for this user. */
  | 'forbidden'
  /** There are edits that this user may not bring to the server; they stay here. */
  | 'read-only'
  /**
   * This Y.Doc was used under another user, who owns its client id: edits made with it are not taken. They stay here; a new
   * Y.Doc, or that user, can go on.
   */
  | 'other-user'
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
  TOKEN_MISSING: 'token-missing',
  TOKEN_INVALID: 'token-invalid',
  TOKEN_EXPIRED: 'token-expired',
  FORBIDDEN: 'forbidden',
  READ_ONLY: 'read-only',
  NAME_INVALID: 'invalid',
  DOCUMENT_TOO_LARGE: 'too-large',
  FRAME_TOO_LARGE: 'too-large',
  RATE_LIMITED: 'busy',
  SLOW_CONSUMER: 'busy',
  STORE_UNAVAILABLE: 'busy',
  DOCUMENT_CORRUPT: 'server',
  INTERNAL: 'server',
  DRAINING: 'busy',
};

/** What an error code of the server, or none, means. */
export function statusReason(
  { code, message }: { code: ErrorCode | undefined; message: string },
  isFinal = code !== undefined && errorTable[code].retry !== 'backoff',
): StatusReason {
  return { kind: code === undefined ? 'unreachable' : kinds[code], code, message, isFinal };
}

export const loggedOut: StatusReason = {
  kind: 'logged-out',
  code: 'TOKEN_MISSING',
  message: 'nobody is logged in',
  isFinal: true,
};
