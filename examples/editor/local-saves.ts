// Tells when the edits of this window are in the copy on this device. y-indexeddb writes them one by one and does not
// say when; a window that closes before loses what is still on the way.

import type { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';

/** Watches the writes of one copy; `changed` is called when they begin and when all are done. Create it after the copy. */
export class LocalSaves {
  readonly #copy: IndexeddbPersistence;
  readonly #changed: () => void;
  #latest = 0;
  #isSaved = true;

  constructor(copy: IndexeddbPersistence, changed: () => void) {
    this.#copy = copy;
    this.#changed = changed;
  }

  /** Every edit made here has been written. */
  get isSaved(): boolean {
    return this.#isSaved;
  }

  start(): void {
    this.#copy.doc.on('update', this.#onUpdate);
  }

  stop(): void {
    this.#copy.doc.off('update', this.#onUpdate);
  }

  readonly #onUpdate = (
    _update: Uint8Array,
    _origin: unknown,
    _doc: Y.Doc,
    transaction: Y.Transaction,
  ): void => {
    const { db } = this.#copy;
    if (!transaction.local || db === null) return;
    if (this.#isSaved) {
      this.#isSaved = false;
      this.#changed();
    }
    const number = ++this.#latest;
    // The copy's own listener came first, so its write is under way; a reading transaction waits for it to end.
    const reading = db.transaction('updates', 'readonly');
    reading.objectStore('updates').count();
    reading.addEventListener('complete', () => {
      if (number !== this.#latest) return;
      this.#isSaved = true;
      this.#changed();
    });
  };
}
