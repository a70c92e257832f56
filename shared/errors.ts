// The errors a peer can cause or must understand, and what each means on the wire. One table; tests hold it total.

/** When trying again can help: never (until something changes), after a new token, or later with backoff. */
export type Retry = 'never' | 'after-auth' | 'backoff';

interface WireMeaning {
  /** WebSocket close code: 44xx do not retry until something changes, 45xx and 1012 retry with backoff. */
  readonly close: number;
  /** HTTP status for the same refusal. */
  readonly http: number;
  readonly retry: Retry;
}

/** Every error code with its close code, HTTP status and retry class. */
export const errorTable = {
  FRAME_MALFORMED: { close: 4400, http: 400, retry: 'never' },
  MESSAGE_UNKNOWN: { close: 4400, http: 400, retry: 'never' },
  AWARENESS_INVALID: { close: 4400, http: 400, retry: 'never' },
  VERSION_UNSUPPORTED: { close: 4426, http: 426, retry: 'never' },
  STATE_VECTOR_INVALID: { close: 4400, http: 400, retry: 'never' },
  UPDATE_INVALID: { close: 4422, http: 422, retry: 'never' },
  UPDATE_TOO_COSTLY: { close: 4422, http: 422, retry: 'never' },
  DOCUMENT_TOO_COSTLY: { close: 4422, http: 422, retry: 'never' },
  UPDATE_INCOMPLETE: { close: 4522, http: 422, retry: 'backoff' },
  CLIENT_ID_TAKEN: { close: 4509, http: 409, retry: 'backoff' },
  CLIENT_ID_FOREIGN: { close: 4409, http: 409, retry: 'never' },
  SESSION_MOVED: { close: 4510, http: 409, retry: 'backoff' },
  TOKEN_MISSING: { close: 4401, http: 401, retry: 'after-auth' },
  TOKEN_INVALID: { close: 4401, http: 401, retry: 'after-auth' },
  TOKEN_EXPIRED: { close: 4401, http: 401, retry: 'after-auth' },
  TOKEN_REVOKED: { close: 4401, http: 401, retry: 'after-auth' },
  TOKEN_STALE: { close: 4401, http: 401, retry: 'after-auth' },
  FORBIDDEN: { close: 4403, http: 403, retry: 'never' },
  READ_ONLY: { close: 4403, http: 403, retry: 'never' },
  COMMENT_ONLY: { close: 4403, http: 403, retry: 'never' },
  NAME_INVALID: { close: 4404, http: 400, retry: 'never' },
  DOCUMENT_DELETED: { close: 4410, http: 410, retry: 'never' },
  DEVICE_UNKNOWN: { close: 4404, http: 404, retry: 'never' },
  CALL_UNKNOWN: { close: 4405, http: 404, retry: 'never' },
  CALL_FAILED: { close: 4406, http: 400, retry: 'never' },
  CALL_TIMED_OUT: { close: 4504, http: 504, retry: 'backoff' },
  KIND_UNSUPPORTED: { close: 4415, http: 415, retry: 'never' },
  DOCUMENT_TOO_LARGE: { close: 4413, http: 413, retry: 'never' },
  FRAME_TOO_LARGE: { close: 4413, http: 413, retry: 'never' },
  RATE_LIMITED: { close: 4529, http: 429, retry: 'backoff' },
  SLOW_CONSUMER: { close: 4529, http: 429, retry: 'backoff' },
  STORE_UNAVAILABLE: { close: 4503, http: 503, retry: 'backoff' },
  DOCUMENT_CORRUPT: { close: 4420, http: 500, retry: 'never' },
  INTERNAL: { close: 1011, http: 500, retry: 'backoff' },
  DRAINING: { close: 1012, http: 503, retry: 'backoff' },
} as const satisfies Record<string, WireMeaning>;

export type ErrorCode = keyof typeof errorTable;

/** The code of this name, as it comes over the wire; undefined where there is none. */
export function errorCodeOf(name: string): ErrorCode | undefined {
  return Object.hasOwn(errorTable, name) ? (name as ErrorCode) : undefined;
}

/**
 * What an error means for whoever hears of it. A name that this code does not know is one of a later version: its close code
 * says what to do.
 */
export function retryOf(name: string, close: number): Retry {
  const code = errorCodeOf(name);
  if (code !== undefined) return errorTable[code].retry;
  if (close === 4401) return 'after-auth';
  return close >= 4400 && close < 4500 ? 'never' : 'backoff';
}

/** What the wire says of an error. `code` may be a name of a later version, which this code does not know. */
export interface Fault {
  readonly code: string;
  /** As in the error table. */
  readonly close: number;
  readonly reason: string;
}

/**
 * An expected fault of a peer, or one a peer must be told of. `reason` is what the peer sees (no secrets, at most 123
 * bytes on a close frame); `message` and `cause` are for the log.
 */
export class SyncError extends Error {
  readonly code: ErrorCode;
  /** `reason` without the code. */
  readonly detail: string;
  readonly reason: string;

  /** `detail` may be the reason that a peer has told, which begins with the code. */
  constructor(code: ErrorCode, detail = '', options?: ErrorOptions) {
    const own = withoutCode(code, detail);
    super(own === '' ? code : `${code}: ${own}`, options);
    this.name = 'SyncError';
    this.code = code;
    this.detail = own;
    this.reason = this.message;
  }

  get closeCode(): number {
    return errorTable[this.code].close;
  }

  /** The error as a message of the native protocol says it. */
  get fault(): Fault {
    return { code: this.code, close: this.closeCode, reason: this.reason };
  }

  get httpStatus(): number {
    return errorTable[this.code].http;
  }

  get retry(): Retry {
    return errorTable[this.code].retry;
  }
}

/** What a peer says begins with the code already. */
function withoutCode(code: string, words: string): string {
  if (words === code) return '';
  return words.startsWith(`${code}: `) ? words.slice(code.length + 2) : words;
}

/** Any thrown thing as an error with a wire meaning; what we did not expect becomes INTERNAL, its text kept private. */
export function toSyncError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  return new SyncError('INTERNAL', '', { cause: thrown });
}
