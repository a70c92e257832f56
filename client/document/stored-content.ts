// A document that is not open, as the bytes that are stored of it: nothing is made here, and no Y.Doc is built but to look at
// deletions that a reader has and the server lacks. What waits for something that is not there counts as there: whoever stores it waits for the same.

import * as Y from 'yjs';
import { yjsKind } from '../../shared/native/messages.js';
import { faultOfSize, type ContentLimits } from '../crdt/content-faults.js';
import { contentIdsOf } from '../crdt/content-ids.js';
import { emptyUpdate, isEmptyUpdate } from '../crdt/empty-update.js';
import type { Fitted } from '../crdt/fit-update.js';
import type { LostValue } from '../crdt/lost-content.js';
import { isTidied } from '../crdt/tidied.js';
import { deletesOf, withoutDeletes } from '../crdt/missing-update.js';
import type { DocumentContent } from './document-content.js';

export class StoredContent implements DocumentContent {
  readonly kind = yjsKind;
  readonly #store: (update: Uint8Array) => void;
  #update: Uint8Array | undefined;

  /** `update`: all that is stored; undefined for nothing. `store` is handed what comes from the server. */
  constructor(update: Uint8Array | undefined, store: (update: Uint8Array) => void) {
    this.#update = update !== undefined && isEmptyUpdate(update) ? undefined : update;
    this.#store = store;
  }

  /** All that is known of the document; undefined for nothing. */
  get whole(): Uint8Array | undefined {
    return this.#update;
  }

  get isEmpty(): boolean {
    return this.#update === undefined;
  }

  stateVector(): Uint8Array {
    return this.#update === undefined ? nothingKnown : Y.encodeStateVectorFromUpdate(this.#update);
  }

  since(stateVector: Uint8Array): Uint8Array {
    return this.#update === undefined ? emptyUpdate : Y.diffUpdate(this.#update, stateVector);
  }

  missing(stateVector: Uint8Array, answer: readonly Uint8Array[]): Uint8Array | undefined {
    return withoutDeletes(this.since(stateVector), deletesOf(answer));
  }

  apply(parts: readonly Uint8Array[]): void {
    if (parts.length === 0) return;
    const joined = Y.mergeUpdates([...parts]);
    // Throws for what is no update, before anything of it is stored.
    Y.decodeUpdate(joined);
    if (isEmptyUpdate(joined)) return;
    this.#update = this.#update === undefined ? joined : Y.mergeUpdates([this.#update, joined]);
    this.#store(joined);
  }

  /** Nothing is made here under any id. */
  takeAnotherId(): void {}

  /** What was a mark, only a Y.Doc says. */
  isTidied(update: Uint8Array, known: readonly Uint8Array[], mayGuess: boolean): boolean {
    if (contentIdsOf(update).structs.clients.size > 0) return false;
    const doc = new Y.Doc();
    if (this.#update !== undefined) Y.applyUpdate(doc, this.#update);
    try {
      return isTidied(doc, update, known, mayGuess);
    } finally {
      doc.destroy();
    }
  }

  /** Only the size is looked at: where an item stands, nobody knows without a Y.Doc. The server says the rest. */
  fit(update: Uint8Array, limits: ContentLimits): Fitted {
    if (update.length <= limits.maxUpdateBytes) return { update, refused: undefined };
    const ids = contentIdsOf(update).structs;
    return { update, refused: { ids, kind: 'too-large', fault: faultOfSize(limits) } };
  }

  areDeleted(): boolean {
    return false;
  }

  /** Whoever opens the document can take it out. */
  takeOut(): LostValue[] {
    return [];
  }

  on(): void {}

  off(): void {}
}

const nothingKnown = Uint8Array.of(0);
