// The port to wire protocols: bytes on one side, messages on the other. A dialect keeps no state.

import type { ClientMessage } from './messages.js';

export interface Dialect {
  /** Short, unique; part of topic names. */
  readonly name: string;
  /**
   * The messages of one frame, views into it, at most so many. Throws SyncError FRAME_MALFORMED, MESSAGE_UNKNOWN or, when
   * there are more, RATE_LIMITED.
   */
  decode(frame: Uint8Array, maxMessages: number): ClientMessage[];
  /** "This is what I have": asks for what the server lacks. */
  encodeSyncRequest(stateVector: Uint8Array): Uint8Array;
  /** The last part of the answer to a sync request: from here on the client is synced. */
  readonly encodeSyncReply: (update: Uint8Array) => Uint8Array;
  readonly encodeUpdate: (update: Uint8Array) => Uint8Array;
  encodeAwareness(update: Uint8Array): Uint8Array;
  /** Tells that something was refused, on a connection that stays open. */
  encodeRefusal(reason: string): Uint8Array;
  /** A frame without effect, for clients that count silence as a dead connection. */
  readonly keepAlive: Uint8Array;
}
