// What a document holds aside until what it depends on comes.

import type * as Y from 'yjs';

export class HeldContent {
  readonly #store: Y.Doc['store'];
  #structs: Uint8Array | undefined;
  #deletes: Uint8Array | undefined;

  constructor(doc: Y.Doc) {
    this.#store = doc.store;
    this.#note();
  }

  /** Whether something that was held at the last call may be part of the document now. To be asked after each transaction. */
  hasComeIn(): boolean {
    const structs = this.#structs;
    const deletes = this.#deletes;
    this.#note();
    const haveStructs = structs !== undefined && structs !== this.#structs;
    return haveStructs || (deletes !== undefined && !isSame(deletes, this.#deletes));
  }

  #note(): void {
    this.#structs = this.#store.pendingStructs?.update;
    this.#deletes = this.#store.pendingDs ?? undefined;
  }
}

/** Yjs encodes the deletions anew each time, also when they are the same. */
function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, at) => byte === b[at]);
}
