// The port to wire protocols: bytes on one side, messages on the other. A dialect keeps no state.

import type { SyncError } from '../../shared/errors.js';
import type { FrameReader } from '../../shared/frame-reader.js';
import type { Ack } from '../../shared/native/fields.js';
import type { ClientMessage } from './messages.js';

/**
 * What is said about one document. A cursor is an offset up to which whoever hears it has everything, and all of it is
 * durable. Where a dialect has no words for something it says less, or nothing.
 */
export interface DocumentEncoder {
  /** "This is what I have": asks for what the server lacks. */
  request(stateVector: Uint8Array): Uint8Array;
  /** Some of what the client lacks. */
  readonly part: (update: Uint8Array) => Uint8Array;
  /** The last of it. */
  readonly lastPart: (update: Uint8Array) => Uint8Array;
  /** From here on the client has everything; undefined where the last part has said so. */
  synced(cursor: number): Uint8Array | undefined;
  /** One for all live readers. `acks`: what of it is told to be durable by this. */
  update(update: Uint8Array, cursor: number, acks: readonly Ack[]): Uint8Array;
  /** What one writer sent is durable, up to a number of its own. Only where updates have numbers. */
  acknowledgement(seq: number, cursor: number): Uint8Array;
  awareness(update: Uint8Array): Uint8Array;
  /** An update was refused, on a connection that stays open. `seq`: its number, 0 where they have none. */
  refusal(seq: number, error: SyncError): Uint8Array;
}

export interface Dialect {
  /** Short, unique; part of topic names. */
  readonly name: string;
  /** Whether a client that is sent an update of its own takes that for the update's acknowledgement. */
  readonly isEchoAck: boolean;
  /** How a document is spoken of, by its number on this server. */
  encoder(number: number): DocumentEncoder;
}

/** A dialect with one document on a socket. */
export interface DocumentDialect extends Dialect {
  /** Reads the messages of one frame, views into it. Throws SyncError FRAME_MALFORMED or MESSAGE_UNKNOWN as it reads. */
  read(frame: Uint8Array): FrameReader<ClientMessage>;
  /** A frame without effect, for clients that count silence as a dead connection. */
  readonly keepAlive: Uint8Array;
}
