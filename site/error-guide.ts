// Why each error comes, and what to do about it. The types hold that none is left out.

import type { OfflineErrorCode } from '../client/offline/offline-error.js';
import type { StatusReasonKind } from '../client/provider/status-reason.js';
import type { exitCodes, StoreErrorCode } from '../server/errors.js';
import type { ErrorCode } from '../shared/errors.js';

export interface Advice {
  readonly cause: string;
  readonly cure: string;
}

/** Codes of the wire: of close frames, refusals and HTTP answers. */
export const wireAdvice: Readonly<Record<ErrorCode, Advice>> = {
  FRAME_MALFORMED: {
    cause:
      'A message is not one of the protocol: text instead of bytes, a frame that is cut off, a request that is not JSON. Often a proxy took the path for a document name, or the client speaks the protocol of another server.',
    cure: 'Check that the address leads to this server, and that a proxy takes its own prefix off the path. Clients of Hocuspocus do not fit: use `HeddleProvider` or y-websocket.',
  },
  MESSAGE_UNKNOWN: {
    cause: 'A message has a type that this server does not know.',
    cure: 'Use a released version of the client; do not send messages of your own over the socket. For those there is `connection.call`.',
  },
  AWARENESS_INVALID: {
    cause: 'An awareness update cannot be read, or a state is larger than `maxAwarenessBytes`.',
    cure: 'Put small values into awareness: a name, a colour, a cursor. What is large belongs into the document.',
  },
  VERSION_UNSUPPORTED: {
    cause: 'A client of our own speaks a version of the protocol that the server does not.',
    cure: 'Update the older of the two. A page that was open during an update of the server has to be loaded again.',
  },
  STATE_VECTOR_INVALID: {
    cause: 'A sync request does not hold a state vector.',
    cure: 'This is a fault of the client: use an unchanged version of y-websocket or of ours.',
  },
  UPDATE_INVALID: {
    cause:
      'An update is malformed, or would harm the clients that read it: it forks content that is there, nests too deep, or has a key that is too long.',
    cure: 'Look at the reason in the log for what was wrong. `provider.rebase()` takes what is refused out of the document, and the rest goes on.',
  },
  UPDATE_TOO_COSTLY: {
    cause: 'An update would hold up everybody who reads it, as some can that are made to.',
    cure: 'Make the change in smaller steps. Where it comes from an honest client, please report it with the update.',
  },
  DOCUMENT_TOO_COSTLY: {
    cause:
      'The document takes too long to load for what was asked: an edit that would make it slower still, or a copy for `onChange` or `withDocument` over `maxCopyMs`.',
    cure: 'Divide the document. For a copy of your own raise `maxCopyMs`, knowing that the server stands still for as long.',
  },
  UPDATE_INCOMPLETE: {
    cause: 'An update depends on edits that neither the client nor the server has.',
    cure: 'Nothing, where another device has them: they are asked for again when it comes. After a restored backup open the document on the devices that have the newest edits.',
  },
  CLIENT_ID_TAKEN: {
    cause:
      'Two open connections write under the same Yjs client id, as after a page was copied with its memory.',
    cure: 'It is tried again. Make a new `Y.Doc` for each page, and never set `doc.clientID` to a fixed number.',
  },
  CLIENT_ID_FOREIGN: {
    cause: "The `Y.Doc` was used by another user, whose `sub` differs, so its client id is that user's.",
    cure: 'Make a new `Y.Doc` when users change, and give a user the same `sub` each time, also an anonymous one.',
  },
  SESSION_MOVED: {
    cause: 'The same client goes on with a newer connection, as after a change of network.',
    cure: 'Nothing: the newer connection counts.',
  },
  TOKEN_MISSING: {
    cause: 'The client brought no token, and the server asks for one.',
    cure: "Hand in `token` (y-websocket: `protocols: ['heddle', token]`). On your own machine `--auth none` asks for none.",
  },
  TOKEN_INVALID: {
    cause:
      'The token is not believed: another key, another algorithm, another issuer or audience, no `exp`, or a clock that is wrong.',
    cure: 'The log says which of these it was. Compare the key of your backend with `--jwt-secret` or `--jwks-url`; where clocks differ, `--jwt-clock-tolerance`.',
  },
  TOKEN_EXPIRED: {
    cause: 'The token has expired, perhaps while the connection was open.',
    cure: 'Hand in a function as `token`: it is asked for a new one in time. With y-websocket set `provider.protocols` and call `connect()`.',
  },
  TOKEN_REVOKED: {
    cause: 'The user, the device or the token was signed out with `users revoke`.',
    cure: 'Sign in again: a token that is issued after the revocation counts.',
  },
  TOKEN_STALE: {
    cause: "The user's claims have changed, and a newer token is wanted (`users refresh`).",
    cure: 'Nothing with our client, which fetches a token. With y-websocket hand in a new one and connect again.',
  },
  FORBIDDEN: {
    cause:
      'The token does not allow this document, the `authorize` hook said `none`, `onConnect` threw, or the page is of an origin that is not allowed.',
    cure: 'Check `docs` in the token: `*` stays within a segment, `**` crosses slashes. Check `origins` where pages of one site only are refused.',
  },
  READ_ONLY: {
    cause: 'An edit came from somebody who may only read.',
    cure: 'Make the editor read-only where `status.access` is `read`. The edits stay on the device, and are sent when the right is given.',
  },
  COMMENT_ONLY: {
    cause:
      'An edit by somebody whose access is `comment` reaches beyond the root types that the server names as `commentRoots`.',
    cure: 'Make the editor read-only where `status.access` is `comment`, and let only comments be written. `provider.rebase()` takes the refused edit out.',
  },
  NAME_INVALID: {
    cause:
      'The name of the document is empty, longer than 512 bytes, or has control characters or `.` and `..` as a segment; or the address of the server has no scheme or another one than `wss`, `ws`, `https` and `http`, or leads to no path of the server.',
    cure: 'Choose another name; write the address as `wss://app.example/sync`, with the base path of the server.',
  },
  DOCUMENT_DELETED: {
    cause: 'The document was deleted on the server, or what is brought was deleted with it.',
    cure: 'Close the document, or call `provider.revive()` where it is to be again.',
  },
  DEVICE_UNKNOWN: {
    cause: "The user has no device with this id: it was forgotten, or it is another user's.",
    cure: 'Ask for the list of devices again, and use an id that is in it.',
  },
  CALL_UNKNOWN: {
    cause: 'The application behind the server has no `onCall` hook.',
    cure: 'Give `createServer` an `onCall`.',
  },
  CALL_FAILED: {
    cause: "The application's `onCall` threw, or the document that was named is not open.",
    cure: 'Look for the cause in the log of the server. To refuse with a code of your choice throw a `SyncError`.',
  },
  CALL_TIMED_OUT: {
    cause: 'The application has not answered within `maxCallMs`. Whether it did what was asked is not known.',
    cure: 'Make calls that may be repeated. Answer long work at once, and tell the result by the document.',
  },
  KIND_UNSUPPORTED: {
    cause: 'The document is of a kind that this client cannot read.',
    cure: 'Update the client.',
  },
  DOCUMENT_TOO_LARGE: {
    cause: 'The document, or a count in it such as of subdocuments, would be over a limit.',
    cure: 'Divide the document, or raise the limit that the reason names.',
  },
  FRAME_TOO_LARGE: {
    cause: 'A message is over `maxMessageBytes`; before the token is believed, over 64 KB.',
    cure: 'Our client sends large edits in parts. For stock clients raise `maxMessageBytes`, and the limit of the proxy with it.',
  },
  RATE_LIMITED: {
    cause:
      'Too much at once: connections of one address, sync requests, calls, operations, or updates that have to be tried.',
    cure: 'It is tried again later. Behind a proxy set `--trusted-proxy`: otherwise all users count as one address.',
  },
  SLOW_CONSUMER: {
    cause: 'The client has not taken what it was sent for `maxStalledMs`, or its buffer was full.',
    cure: 'Nothing: it comes back and is sent what it missed. Where it comes often, the line or the page is too slow for the document.',
  },
  STORE_UNAVAILABLE: {
    cause: 'The store cannot be read or written just now: a full or failing disk, a directory that is away.',
    cure: 'Clients keep their edits and try again. Look at the log of the server and at the disk.',
  },
  DOCUMENT_CORRUPT: {
    cause: 'What is stored of the document is damaged: a checksum is wrong, or records are missing.',
    cure: '`heddle verify` names what is damaged. Restore a backup; clients that have more bring it.',
  },
  INTERNAL: {
    cause: 'A fault of the server, or a hook of the application (`onLoad`) that threw.',
    cure: 'The log of the server has the stack. Please report it where it is not in a hook of yours.',
  },
  DRAINING: {
    cause: 'The server is shutting down.',
    cure: 'Nothing: clients come back by themselves. Start the server again.',
  },
};

/** What a client shows as `status.reason.kind`. */
export const reasonAdvice: Readonly<Record<StatusReasonKind, Advice>> = {
  unreachable: {
    cause: 'The server cannot be reached: no network, a wrong address, a server that is down.',
    cure: 'Nothing: it is tried again. Edits stay on the device.',
  },
  'logged-out': { cause: 'Nobody is logged in.', cure: 'Log in, and store or hand in a token.' },
  'login-required': {
    cause: 'The token function has thrown `LoginRequired`.',
    cure: 'Show the login; afterwards call `connect()`.',
  },
  'token-missing': { cause: 'As `TOKEN_MISSING`.', cure: 'Hand in a `token`.' },
  'token-expired': {
    cause: 'As `TOKEN_EXPIRED` and `TOKEN_STALE`.',
    cure: 'Hand in a function as `token`, which gives a new one each time.',
  },
  'token-invalid': { cause: 'As `TOKEN_INVALID`.', cure: 'Check the key and the claims.' },
  'token-revoked': { cause: 'As `TOKEN_REVOKED`.', cure: 'Log in again.' },
  forbidden: { cause: 'As `FORBIDDEN`.', cure: 'Give the user a right to the document.' },
  'read-only': {
    cause: 'There are edits here that this user may not bring to the server.',
    cure: 'Give the right, or take the edits out with `provider.rebase()`.',
  },
  'comment-only': {
    cause: 'There are edits here outside the comments, by somebody who may only comment.',
    cure: 'Give the right to write, or take the edits out with `provider.rebase()`.',
  },
  'other-user': {
    cause: 'The `Y.Doc`, or its copy on this device, belongs to another user or another server.',
    cure: 'Make a new `Y.Doc`.',
  },
  'client-id-conflict': {
    cause: 'Two documents have written under the same client id without knowing of each other.',
    cure: 'Make a new `Y.Doc`: it shows what the server has.',
  },
  deleted: { cause: 'As `DOCUMENT_DELETED`.', cure: 'Close the document, or call `provider.revive()`.' },
  'too-large': {
    cause: 'An edit or the document is over a limit of the server.',
    cure: 'Undo the edit, or call `provider.rebase()`.',
  },
  version: {
    cause: 'Client and server do not speak the same version.',
    cure: 'Load the page again; update the older one.',
  },
  busy: {
    cause: 'The server asks for patience, or cannot store just now.',
    cure: 'Nothing: it is tried again.',
  },
  server: {
    cause: 'A fault of the server, or of the application behind it.',
    cure: 'Look at the log of the server.',
  },
  invalid: {
    cause: 'Something that was said is not valid, as an edit that no server takes.',
    cure: 'Undo the edit, or call `provider.rebase()`. `status.reason.code` says more.',
  },
};

/** Why there is no copy on a device, or none that is whole. */
export const offlineAdvice: Readonly<Record<OfflineErrorCode, Advice>> = {
  OFFLINE_UNAVAILABLE: {
    cause: 'The page has no IndexedDB, or may not use it, as in some private windows.',
    cure: 'Nothing: the document goes on without a copy. Tell the user that edits need a network.',
  },
  OFFLINE_TIMEOUT: {
    cause: 'The database does not answer in time.',
    cure: 'It is tried again. Closing other tabs helps some browsers.',
  },
  OFFLINE_BLOCKED: {
    cause: "The database of this name is of a newer version, or another application's.",
    cure: 'Give the copy another name: `offline: { name }`.',
  },
  OFFLINE_QUOTA: {
    cause: 'The device gives no more room.',
    cure: 'Make room with `evictOfflineCopies`, and ask for more with `requestPersistentStorage`.',
  },
  OFFLINE_DELETED: {
    cause: 'The database was deleted while it was open, as by clearing site data.',
    cure: 'Load the page again.',
  },
  OFFLINE_CORRUPT: {
    cause: 'A row of the copy is no update. Nothing is deleted.',
    cure: 'Once the server has everything, `clearOfflineCopy` makes room for a new copy.',
  },
  OFFLINE_FORBIDDEN: {
    cause: 'The user has lost the right to read the document; the copy is kept and not shown.',
    cure: 'Nothing: it is read again when the right is back.',
  },
  OFFLINE_UNSYNCED: {
    cause: 'A wipe was not begun, since the server lacks edits that this device has.',
    cure: 'Go online first, or wipe with `unsynced` set to lose them.',
  },
  OFFLINE_FAILED: { cause: 'Anything else that the browser said.', cure: 'Look at `cause` of the error.' },
};

/** What a store says to the operator, in the log and as the message of a command. */
export const storeAdvice: Readonly<Record<StoreErrorCode, Advice>> = {
  STORE_LOCKED: {
    cause: 'Another process has the data directory open.',
    cure: 'Stop it. One process serves a directory, and commands need it to be stopped.',
  },
  STORE_UNWRITABLE: {
    cause: 'The directory cannot be written: rights, or a read-only file system.',
    cure: 'Give the rights to the user that the server runs as.',
  },
  STORE_FULL: {
    cause: 'The disk is full.',
    cure: 'Make room and start again; nothing acknowledged is lost. See [a full disk](./guides/operating.md#a-full-disk).',
  },
  STORE_CORRUPT: {
    cause: 'The database cannot be opened, or has lost files.',
    cure: 'Restore a backup. `--accept-loss` opens what is left, and clients bring what they have.',
  },
  STORE_VERSION: {
    cause: 'The store was written by another version of Heddle.',
    cure: 'Use the version that wrote it, or a newer one.',
  },
  STORE_MISSING: { cause: 'There is no store in this place.', cure: 'Check `--data`.' },
  STORE_CLOSED: {
    cause: 'The store was used after it was closed.',
    cure: 'Do not use the server after `close()`.',
  },
  STORE_CONFLICT: {
    cause: 'Two writers have appended to one document.',
    cure: 'Let one process alone serve a store.',
  },
  STORE_IO: {
    cause: 'The disk has failed, or said something else.',
    cure: 'Look at the system log; move the data to a sound disk.',
  },
  STORE_AWAY: {
    cause: 'The store cannot be reached for a moment.',
    cure: 'It is tried again for `maxStoreAwayMs`.',
  },
  DOCUMENT_CORRUPT: {
    cause: 'Records of one document fail their checksum or have a gap.',
    cure: 'As the code of the wire of that name.',
  },
};

/** What the command ends with. */
export const exitAdvice: Readonly<Record<keyof typeof exitCodes, Advice>> = {
  failed: {
    cause: 'The command found something bad, as `verify` does, or something happened that should not.',
    cure: 'Read its output.',
  },
  usage: {
    cause: 'A wrong option, configuration or data directory.',
    cure: 'The one line on standard error says which.',
  },
  broken: {
    cause: 'A disk failed, or not everything could be written before the end.',
    cure: 'Look at the log, and at the disk.',
  },
  full: { cause: 'A disk is full.', cure: 'Make room, and start again.' },
  readerGone: {
    cause: 'Whoever read the output of `export` or `backup` has gone.',
    cure: 'Take it again: it was not whole.',
  },
};
