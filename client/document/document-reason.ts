// Why a document, or something of it, is not taken by the server.

import {
  errorCodeOf,
  retryOf,
  SyncError,
  type ErrorCode,
  type Fault,
  type Retry,
} from '../../shared/errors.js';
import type { Fitted } from '../crdt/fit-update.js';

/** Why a document cannot be opened, or something of it was not taken. */
export interface DocumentReason {
  /** A name of the error table; undefined where the server's is not known here. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly retry: Retry;
}

/** What is said of content that is not taken by whoever it is brought, and that later content depends on. */
const contentCodes: ReadonlySet<ErrorCode> = new Set([
  'UPDATE_INVALID',
  'UPDATE_TOO_COSTLY',
  'DOCUMENT_TOO_COSTLY',
  'DOCUMENT_TOO_LARGE',
  'FRAME_TOO_LARGE',
]);

/** The content itself is not taken, and so nothing that follows it. */
export function isOfContent({ code, retry }: DocumentReason): boolean {
  return retry !== 'backoff' && (code === undefined || contentCodes.has(code));
}

/** What the server would not take, as it would say it. */
export function reasonOfRefused({ kind, fault }: NonNullable<Fitted['refused']>): DocumentReason {
  if (kind === 'comment-only') return commentOnly;
  const code = kind === 'too-large' ? 'DOCUMENT_TOO_LARGE' : 'UPDATE_INVALID';
  return { code, message: `the server does not take this: ${fault}`, retry: 'never' };
}

/** There are edits, or other content, that this user may not bring to the server. */
export const readOnly: DocumentReason = {
  code: 'READ_ONLY',
  message: 'this user may read the document, not change it',
  retry: 'never',
};

/** There are such elsewhere than under the comment roots, and the user may comment only. */
export const commentOnly: DocumentReason = {
  code: 'COMMENT_ONLY',
  message: 'this user may comment on the document, not change the rest of it',
  retry: 'never',
};

export function reasonOf({ code, close, reason }: Fault): DocumentReason {
  return { code: errorCodeOf(code), message: reason, retry: retryOf(code, close) };
}

export function errorOf({ code, message }: Pick<DocumentReason, 'code' | 'message'>): Error {
  return code === undefined ? new Error(message) : new SyncError(code, message);
}
