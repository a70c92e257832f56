// Why a document, or something of it, is not taken by the server.

import {
  errorCodeOf,
  retryOf,
  SyncError,
  type ErrorCode,
  type Fault,
  type Retry,
} from '../../shared/errors.js';

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

/** A value that cannot be cut is larger than the largest update. */
export function tooLarge(maxUpdateBytes: number): DocumentReason {
  const message = `a value of the document is larger than the server takes (${maxUpdateBytes} bytes)`;
  return { code: 'DOCUMENT_TOO_LARGE', message, retry: 'never' };
}

export function reasonOf({ code, close, reason }: Fault): DocumentReason {
  return { code: errorCodeOf(code), message: reason, retry: retryOf(code, close) };
}

export function errorOf({ code, message }: DocumentReason): Error {
  return code === undefined ? new Error(message) : new SyncError(code, message);
}
