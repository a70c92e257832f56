// What changes in a document before its copy has been read: it is handed on then, with what the copy holds.

import type { DocumentSync } from '../document/document-sync.js';

export class EarlyChanges {
  #edits: Uint8Array[] = [];
  /** What Yjs has made of its own accord. */
  #derived: Uint8Array[] = [];

  /** How many edits there are. */
  get unsynced(): number {
    return this.#edits.length;
  }

  /** Bytes of the edits. */
  get unsyncedBytes(): number {
    return this.#edits.reduce((sum, { length }) => sum + length, 0);
  }

  readonly refusedBytes = 0;
  readonly isInDoubt = false;

  add(update: Uint8Array, kind: 'edit' | 'derived'): void {
    (kind === 'edit' ? this.#edits : this.#derived).push(update);
  }

  handTo(sync: DocumentSync): void {
    for (const update of this.#edits.splice(0)) sync.restore(update);
    for (const update of this.#derived.splice(0)) sync.derive(update);
  }
}
