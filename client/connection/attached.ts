// What a connection and its documents tell each other, and why it ends.

import type { ErrorCode, Retry } from '../../shared/errors.js';
import type { Known } from '../../shared/native/fields.js';
import type { NativeClientMessage, NativeServerMessage } from '../../shared/native/messages.js';

/** Why a connection cannot go on, or was lost. */
export interface ConnectionReason {
  /** A name of the error table; undefined where the connection ended without one, or with one that is not known here. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly retry: Retry;
  /** As in a WebSocket's close event; 1006 when it ended without a word. */
  readonly closeCode: number;
}

/** What the server says of itself when it lets a client in. */
export type Welcome = Extract<NativeServerMessage, { type: 'welcome' }>;

/** What a connection tells its documents. */
export interface Attached {
  /** The document's, the same for its whole life. */
  readonly name: string;
  /** What it has of the document, to be told when the document is asked for. */
  known(): Known;
  /** What is said beside, when the document is asked for. */
  readonly extensions?: Extract<NativeClientMessage, { type: 'open' }>['extensions'];
  /** The connection is open: the document can be. `say` puts what it says into this connection's order. */
  connected(): void;
  /** It is not any more; numbers and sequences of before mean nothing on the next. */
  disconnected(): void;
  /** What the server says about the document. */
  hear(message: DocumentMessage): void;
}

/** Server messages that are about one document. */
export type DocumentMessage = Extract<NativeServerMessage, { document: number } | { ref: number }>;
