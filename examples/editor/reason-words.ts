// Why something does not go on, in plain words: what has happened, and what to do. Codes and the server's own words are for
// the technical details and never part of a sentence.

import type {
  ErrorCode,
  OfflineErrorCode,
  StatusReason,
  StatusReasonKind,
  SyncStatus,
} from '../../client/index.js';

/** For the pill, and as a sentence. */
export interface ReasonWords {
  readonly label: string;
  readonly sentence: string;
}

type Words = readonly [label: string, sentence: string];

const byKind: Readonly<Record<StatusReasonKind, Words>> = {
  unreachable: [
    'Out of reach',
    'The server cannot be reached. This page keeps trying: there is nothing you have to do.',
  ],
  'logged-out': ['Signed out', 'You have signed out. Try again to sign in.'],
  'token-missing': [
    'Not signed in',
    'The server did not let this window in. Try again, and if that does not help, load the page again.',
  ],
  'token-expired': ['Sign-in expired', 'Your sign-in has run out. Try again to get a new one.'],
  'token-invalid': ['Not signed in', 'The server does not accept this sign-in. Load the page again.'],
  'token-revoked': ['Signed out', 'You were signed out on this device. Try again to sign in.'],
  'login-required': ['Not signed in', 'Sign in to go on. What you write stays on this device until then.'],
  forbidden: ['No access', 'This link does not let you in. Ask whoever sent it to you for one that does.'],
  'read-only': [
    'Read-only: edits stay here',
    'You may read this, but not change it. What you write stays on this device and reaches nobody.',
  ],
  'comment-only': [
    'Comments only: edits stay here',
    'You may comment on this, but not change the text. What you write in it stays on this device and reaches nobody.',
  ],
  deleted: [
    'Deleted',
    'This document was deleted on the server. What you have of it, and what you write, stays on this device.',
  ],
  'too-large': ['Too large', 'This has grown larger than the server takes. Take something out of it.'],
  'other-user': [
    'Signed in as somebody else',
    'What you write here was begun under another name. Load the page again to go on under yours.',
  ],
  'client-id-conflict': [
    'Differs from the others',
    'Another page wrote as if it were this one, so the two show different things. Load the page again.',
  ],
  version: ['Update needed', 'The server runs another version by now. Load the page again.'],
  busy: [
    'Server busy',
    'The server has too much to do. This page keeps trying: there is nothing you have to do.',
  ],
  server: ['Server fault', 'The server has a fault. What is on this device is untouched. Try again later.'],
  invalid: ['Refused', 'The server could not read what this page sent. Load the page again.'],
};

/** Where the kind alone says too little. */
const byCode: Partial<Record<ErrorCode, Words>> = {
  NAME_INVALID: ['Refused', 'A document cannot have this name. Make a new one with another name.'],
  FRAME_TOO_LARGE: [
    'Too large',
    'One edit was larger than the server takes at once. Undo it, and put it in piece by piece.',
  ],
  DOCUMENT_CORRUPT: [
    'Server fault',
    'The server found this document damaged and does not open it. What is on this device is untouched.',
  ],
};

/** The words for a reason. */
export function reasonWords({ kind, code }: StatusReason): ReasonWords {
  const [label, sentence] = (code === undefined ? undefined : byCode[code]) ?? byKind[kind];
  return { label, sentence };
}

const noCopy: Readonly<Record<OfflineErrorCode, string>> = {
  OFFLINE_UNAVAILABLE: 'This browser lets the page keep nothing, as in a private window.',
  OFFLINE_TIMEOUT: 'The storage of this browser does not answer. Load the page again.',
  OFFLINE_BLOCKED:
    'Another version of this page holds the copy. Close its other tabs and load this one again.',
  OFFLINE_QUOTA: 'This device has no room left. Make some, and load the page again.',
  OFFLINE_DELETED: 'The copy was removed. A new one is made when this is opened again.',
  OFFLINE_CORRUPT: 'The copy on this device is damaged. It is left as it is, and not used.',
  OFFLINE_FORBIDDEN: 'You may not read this document any more. The copy is kept, and opens when you may.',
  OFFLINE_UNSYNCED: 'The server lacks edits of this device, so nothing was removed from it.',
  OFFLINE_FAILED: 'The copy could not be written. Load the page again.',
};

/** Why this device keeps no copy. */
export function noCopyWords({ code }: { readonly code: OfflineErrorCode }): string {
  return noCopy[code];
}

/** What the client says of it in its own words, codes included; '' for nothing. */
export function technicalWords(statuses: readonly Pick<SyncStatus, 'reason' | 'offlineError'>[]): string {
  const said = statuses.flatMap(({ reason, offlineError }) => [
    // Most messages of the server begin with their code.
    reason?.code === undefined || reason.message.startsWith(reason.code)
      ? reason?.message
      : `${reason.code}: ${reason.message}`,
    offlineError?.message,
  ]);
  return [...new Set(said.filter((one) => one !== undefined))].join('\n');
}
