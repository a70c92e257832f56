// What the server says when it refuses, in words for a reader.

import type { ErrorCode, StatusReason } from '../../client/index.js';

/** 'edit': an edit is refused, the rest goes on. 'window': nothing goes on until something changes. */
export type Refused = 'edit' | 'window';

const sentences: Partial<Record<ErrorCode, string>> = {
  READ_ONLY: 'This window may read, but not write. The server takes no edits from it: they stay here.',
  FORBIDDEN: 'You may not open this document.',
  TOKEN_EXPIRED: 'Your access has expired.',
  TOKEN_INVALID: 'The server does not accept this access token.',
  TOKEN_MISSING: 'The server gives this window no access token.',
  NAME_INVALID: 'A document cannot have this name.',
  DOCUMENT_TOO_LARGE: 'This document has reached its size limit.',
  FRAME_TOO_LARGE: 'This edit is larger than the server takes at once.',
  DOCUMENT_CORRUPT:
    'The server found this document damaged and does not serve it. Your copy on this device is untouched.',
  UPDATE_INVALID: 'The server could not read an edit from this window.',
  VERSION_UNSUPPORTED: 'The server speaks another version by now: reload this page.',
};

/** A sentence for the reader, with the server's own words after it. */
export function describeRefusal(what: Refused, { code, message }: StatusReason): string {
  const fallback = what === 'edit' ? 'The server refused the edit.' : 'The server refused this window.';
  const sentence = (code && sentences[code]) ?? fallback;
  // The server's words begin with the code; others' do not.
  const said = code === undefined || message.startsWith(code) ? message : `${code}: ${message}`;
  return `${sentence} (${said})`;
}
