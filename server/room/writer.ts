// Whoever offers updates to a room, as far as the room needs to know it.

/** One source of updates: a document opened on a connection, or the server itself. Compared by identity. */
export interface Writer {
  /** User the updates are recorded under; undefined when nobody is known. */
  readonly sub: string | undefined;
  /** The connection behind it; two documents opened on one connection share it. Undefined for the server itself. */
  readonly connection: object | undefined;
  /** Whether it gets what the fanout sends. */
  readonly isLive: boolean;
  /** Its updates are in the store. `updates` are as it sent them, in order. */
  acknowledged(updates: readonly Uint8Array[]): void;
}

/** How a room reaches its live readers. Implemented in session/, which knows sockets and dialects. */
export interface Fanout {
  /** How many live readers there are. */
  readonly readerCount: number;
  /** To every live reader, but not to `except`. */
  update(update: Uint8Array, except?: Writer): void;
  /** To every live reader, but not to `except`. */
  awareness(update: Uint8Array, except?: Writer): void;
}
