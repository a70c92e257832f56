// What the server says when it refuses, in words for a reader. Reasons start with a code of shared/errors.ts.

import type { ErrorCode } from '../../shared/errors.js';

/** Something the server will not do, and why. */
export interface Refusal {
  /** 'edit': the edit is refused and the connection stays. 'connection': nothing goes on until something changes. */
  readonly what: 'edit' | 'connection';
  /** The server's own words. */
  readonly reason: string;
}

const sentences: Partial<Record<ErrorCode, string>> = {
  READ_ONLY:
    'This window may read, but not write. The server refused the edit; it stays on this device only.',
  FORBIDDEN: 'You may not open this document.',
  TOKEN_EXPIRED: 'Your access has expired.',
  TOKEN_INVALID: 'The server does not accept this access token.',
  TOKEN_MISSING: 'The server asks for an access token.',
  NAME_INVALID: 'A document cannot have this name.',
  DOCUMENT_TOO_LARGE: 'This document has reached its size limit.',
  FRAME_TOO_LARGE: 'This edit is larger than the server takes at once.',
  DOCUMENT_CORRUPT:
    'The server found this document damaged and does not serve it. Your copy on this device is untouched.',
  UPDATE_INVALID: 'The server could not read an edit from this window.',
};

/** A sentence for the reader, with the server's own words after it. */
export function describeRefusal(refusal: Refusal): string {
  const code = refusal.reason.split(':', 1)[0]!;
  const fallback =
    refusal.what === 'edit' ? 'The server refused the edit.' : 'The server refused this window.';
  return `${sentences[code as ErrorCode] ?? fallback} (${refusal.reason})`;
}
