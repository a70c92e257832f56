// What writers will type, made before anything is measured.

/** One update as its writer's client would send it, and what it brings. */
export interface PreparedUpdate {
  readonly update: Uint8Array;
  /** Yjs client id of its structs; meaningless when there are none. */
  readonly clientId: number;
  /** Clocks `from` to `to` (exclusive) that it adds; equal when it only deletes. */
  readonly from: number;
  readonly to: number;
  /** Clock units it deletes: the sum of the lengths of its delete set. */
  readonly deleted: number;
}

/** What one writer sends, in order. Depends on the script's base and on itself alone, so writers may be sent in any order. */
export interface WriterScript {
  readonly clientId: number;
  readonly updates: readonly PreparedUpdate[];
}

/** A document and what is typed into it. */
export interface Script {
  /** What is in the document before anybody types; may be the empty update. */
  readonly base: Uint8Array;
  readonly writers: readonly WriterScript[];
}
