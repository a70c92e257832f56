// Why there is no offline copy, or why it does not hold everything.

/**
 * UNAVAILABLE: no IndexedDB, or the page may not use it. TIMEOUT: it does not answer. BLOCKED: the database is another
 * version's or another application's; it is left alone. QUOTA: the device gives no more room. DELETED: the database was
 * deleted under the application. CORRUPT: a row is no update; nothing is deleted. FORBIDDEN: the user has
 * lost the right to read the document; the copy stays, and is read when the right is back. UNSYNCED: a wipe was not begun,
 * because the server lacks edits that this device has. FAILED: anything else.
 */
export type OfflineErrorCode =
  | 'OFFLINE_UNAVAILABLE'
  | 'OFFLINE_TIMEOUT'
  | 'OFFLINE_BLOCKED'
  | 'OFFLINE_QUOTA'
  | 'OFFLINE_DELETED'
  | 'OFFLINE_CORRUPT'
  | 'OFFLINE_FORBIDDEN'
  | 'OFFLINE_UNSYNCED'
  | 'OFFLINE_FAILED';

/** After these nothing can be stored any more. */
export const finalErrors: readonly OfflineErrorCode[] = ['OFFLINE_DELETED', 'OFFLINE_BLOCKED'];
/** After these a copy that could not be read may be readable later: the device was slow, or lost its database server. */
export const passingErrors: readonly OfflineErrorCode[] = [
  'OFFLINE_TIMEOUT',
  'OFFLINE_FAILED',
  'OFFLINE_QUOTA',
];

export class OfflineError extends Error {
  readonly code: OfflineErrorCode;

  constructor(code: OfflineErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? code : `${code}: ${detail}`, options);
    this.name = 'OfflineError';
    this.code = code;
  }
}

/** Whoever waits for something of a copy gets it when that is closed. */
export const closed = (): OfflineError => new OfflineError('OFFLINE_FAILED', 'the copy is closed');

/** Any thrown thing as an OfflineError; `otherwise` is the code of what says nothing by its name. */
export function toOfflineError(
  thrown: unknown,
  otherwise: OfflineErrorCode = 'OFFLINE_FAILED',
): OfflineError {
  if (thrown instanceof OfflineError) return thrown;
  const { name = '', message = String(thrown) } = (thrown ?? {}) as { name?: string; message?: string };
  return new OfflineError(codes[name] ?? otherwise, message, { cause: thrown });
}

/** By the names of DOM exceptions. */
const codes: Readonly<Record<string, OfflineErrorCode>> = {
  QuotaExceededError: 'OFFLINE_QUOTA',
  SecurityError: 'OFFLINE_UNAVAILABLE',
  VersionError: 'OFFLINE_BLOCKED',
  TimeoutError: 'OFFLINE_TIMEOUT',
  // As Safari says when its database server is lost, or not up yet.
  UnknownError: 'OFFLINE_FAILED',
  AbortError: 'OFFLINE_FAILED',
};
