// Counts the edits of this window that the server does not have. The number is kept beside the copy on this device,
// because both outlive a reload.

import type * as Y from 'yjs';
import { deviceStorage } from './safe-storage.js';

/** The count for one copy. `isOffered` says whether the server takes edits at this moment. */
export class WaitingEdits {
  readonly #doc: Y.Doc;
  readonly #key: string;
  readonly #isOffered: () => boolean;
  readonly #changed: () => void;
  #count: number;

  constructor(doc: Y.Doc, copyName: string, hooks: { isOffered: () => boolean; changed: () => void }) {
    this.#doc = doc;
    this.#key = `heddle-demo.waiting.${copyName}`;
    this.#isOffered = hooks.isOffered;
    this.#changed = hooks.changed;
    this.#count = Number(deviceStorage.get(this.#key) ?? 0) || 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Starts to count. */
  start(): void {
    this.#doc.on('update', this.#onUpdate);
  }

  stop(): void {
    this.#doc.off('update', this.#onUpdate);
  }

  /** The server has them all. */
  clear(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    deviceStorage.remove(this.#key);
  }

  // Local transactions only: what comes from the server or from the copy on this device is nobody's new edit.
  readonly #onUpdate = (
    _update: Uint8Array,
    _origin: unknown,
    _doc: Y.Doc,
    transaction: Y.Transaction,
  ): void => {
    if (!transaction.local || this.#isOffered()) return;
    this.#count += 1;
    deviceStorage.set(this.#key, String(this.#count));
    this.#changed();
  };
}
