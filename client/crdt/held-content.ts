// What a document holds aside until what it depends on comes.

import { equalFlat } from 'lib0/array';
import type * as Y from 'yjs';

/** Also where nothing is held: what is held has at least one byte. */
const none = new Uint8Array(0);

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
    // Yjs encodes the deletions anew each time, also when they are the same.
    return haveStructs || (deletes !== undefined && !equalFlat(deletes, this.#deletes ?? none));
  }

  #note(): void {
    this.#structs = this.#store.pendingStructs?.update;
    this.#deletes = this.#store.pendingDs ?? undefined;
  }
}
