// Whoever offers updates to a room, as far as the room needs to know it.

import type { SyncError } from '../../shared/errors.js';
import type { Ack } from '../../shared/native/fields.js';
import type { Stamp } from './stamped-state.js';

/** How a writer knows an update again: by its bytes, as stock clients do, or by the number it gave it. */
export type Receipt = Uint8Array | number;

/** One source of updates: a document opened on a connection, or the server itself. Compared by identity. */
export interface Writer {
  /** User the updates are recorded under; undefined when nobody is known. */
  readonly sub: string | undefined;
  /** What its device has proved itself by, the same on each connection of the device (C7); undefined where it has not. */
  readonly device: string | undefined;
  /** The connection behind it; two documents opened on one connection share it. Undefined for the server itself. */
  readonly connection: object | undefined;
  /** Whether it may write now. Asked again when an update is taken later than it was offered (A3). */
  readonly mayWrite: boolean;
  /** Whether what it may write now is comments only (A19). */
  readonly isCommenter: boolean;
  /** What `user` is in its awareness states (P11); undefined where it may say that itself. */
  readonly stamp?: Stamp | undefined;
  /** Whether it gets what the fanout sends to live readers. */
  readonly isLive: boolean;
  /** The updates with these receipts are in the store, in order. */
  acknowledged(receipts: readonly Receipt[]): void;
  /**
   * The updates with these numbers are in the store, in order, and the frame that goes to all live readers next tells so.
   * Returns what the frame is to say; undefined when it need not say anything.
   */
  ackOf(seqs: readonly number[]): Ack | undefined;
  /**
   * The document has ended for everybody, and nothing more comes of it: what was not acknowledged was not taken. Called at
   * most once. Whoever opens the document again gets it as the store has it.
   */
  ended(error: SyncError): void;
}

/** The server itself, each time a writer of its own. It is told of nothing. */
export function serverWriter(): Writer {
  return {
    sub: undefined,
    device: undefined,
    connection: undefined,
    mayWrite: true,
    isCommenter: false,
    isLive: false,
    acknowledged() {},
    ackOf: () => undefined,
    ended() {},
  };
}

/** An edit on its way to live readers. */
export interface Edit {
  readonly update: Uint8Array;
  readonly writer: Writer;
}

/**
 * How a room reaches its live readers. Implemented in session/, which knows sockets and dialects. A cursor is an offset up
 * to which every live reader has everything with what is sent now, and all of it is durable.
 */
export interface Fanout {
  /** How many live readers there are. */
  readonly readerCount: number;
  /** An update of this size or more is not sent live: readers read it from the log. */
  readonly maxLiveBytes: number;
  /**
   * Edits that may not be durable yet, in order, at least one: each live reader gets those that it did not write. It gets its
   * own, too, only where its dialect does not take them for acknowledged.
   */
  edits(edits: readonly Edit[], cursor: number): void;
  /** Durable updates as one: every live reader gets it, its writers too. `acks` is what the frame tells of them. */
  joined(update: Uint8Array, cursor: number, acks: readonly Ack[]): void;
  /** An awareness update: to every reader that hears of presence, but not to `except`. */
  awareness(update: Uint8Array, except?: Writer): void;
}
