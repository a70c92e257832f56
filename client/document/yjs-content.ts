// A Y.Doc as the content of a document.

import * as Y from 'yjs';
import { yjsKind } from '../../shared/native/messages.js';
import { applyParts } from '../crdt/apply-parts.js';
import type { ContentLimits } from '../crdt/content-faults.js';
import type { Ranges } from '../crdt/content-ids.js';
import { areDeleted, fitUpdate, type Fitted } from '../crdt/fit-update.js';
import { takeOut, type LostValue } from '../crdt/lost-content.js';
import { isTidied } from '../crdt/tidied.js';
import { deletesOf, missingUpdate } from '../crdt/missing-update.js';
import type { Tidying } from '../crdt/tidying.js';
import { GuardedObservable } from '../platform/guarded.js';
import type { ContentEvents, DocumentContent } from './document-content.js';

export interface YjsContentDeps {
  readonly doc: Y.Doc;
  /** In [0, 1). */
  readonly random: () => number;
  /** Whether a change with this origin is an edit to be sent; what was loaded from a copy is none. */
  readonly isEdit: (origin: unknown) => boolean;
  /** Tells what Yjs makes of its own accord. Whoever made it lets go of it. */
  readonly tidying: Tidying;
}

/** The origin of the transaction that takes out of a document what the server does not take. */
export const rebaseOrigin = 'heddle-rebase';

/** It is the origin of what comes from the server. */
export class YjsContent extends GuardedObservable<ContentEvents> implements DocumentContent {
  readonly kind = yjsKind;
  readonly #doc: Y.Doc;
  readonly #random: () => number;
  readonly #onUpdate: (update: Uint8Array, origin: unknown, doc: Y.Doc, made: Y.Transaction) => void;

  constructor({ doc, random, isEdit, tidying }: YjsContentDeps) {
    super();
    this.#doc = doc;
    this.#random = random;
    this.#onUpdate = (update, origin, _doc, made) => {
      if (origin !== this && isEdit(origin))
        this.emit('made', [update, tidying.has(made) ? 'derived' : 'edit']);
      this.emit('changed', []);
    };
    doc.on('update', this.#onUpdate);
  }

  get isEmpty(): boolean {
    return this.#doc.store.clients.size === 0;
  }

  stateVector(): Uint8Array {
    return Y.encodeStateVector(this.#doc);
  }

  since(stateVector: Uint8Array): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc, stateVector);
  }

  missing(stateVector: Uint8Array, answer: readonly Uint8Array[]): Uint8Array | undefined {
    return missingUpdate(this.#doc, stateVector, deletesOf(answer));
  }

  apply(parts: readonly Uint8Array[], isWhole: boolean): void {
    applyParts(this.#doc, parts, this, isWhole);
  }

  takeAnotherId(): void {
    this.#doc.clientID = Math.floor(this.#random() * 2 ** 32);
  }

  isTidied(update: Uint8Array, known: readonly Uint8Array[], mayGuess: boolean): boolean {
    return isTidied(this.#doc, update, known, mayGuess);
  }

  fit(
    update: Uint8Array,
    limits: ContentLimits,
    givenUp: Ranges,
    commentRoots?: ReadonlySet<string>,
  ): Fitted {
    return fitUpdate(update, { doc: this.#doc, limits, givenUp, commentRoots });
  }

  areDeleted(ids: Ranges): boolean {
    return areDeleted(this.#doc, ids);
  }

  takeOut(ids: Ranges): LostValue[] {
    return takeOut(this.#doc, ids, rebaseOrigin);
  }

  override destroy(): void {
    this.#doc.off('update', this.#onUpdate);
    super.destroy();
  }
}
