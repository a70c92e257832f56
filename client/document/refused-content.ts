// What the server does not take of one document. Content of Yjs cannot be taken back, and what is written later follows it; so it
// stops the upload until nothing of it is left here. Then deleted content is sent in its place.

import * as Y from 'yjs';
import { contentIdsOf, rangesWithout, type Ranges } from '../crdt/content-ids.js';
import type { ContentLimits } from '../crdt/content-faults.js';
import { emptyUpdate } from '../crdt/empty-update.js';
import type { Fitted } from '../crdt/fit-update.js';
import { splitUpdate } from '../crdt/split-update.js';
import type { LostValue } from '../crdt/lost-content.js';
import type { DocumentContent } from './document-content.js';

/** What `rebase` has taken out of a document, because the server does not take it. */
export interface LostContent {
  readonly values: readonly LostValue[];
  /** The updates in which it was, as one: with Yjs' ids, and with what else was in them. */
  readonly update: Uint8Array;
}

export class RefusedContent {
  readonly #content: DocumentContent;
  readonly #limits: () => ContentLimits;
  readonly #commentRoots: () => ReadonlySet<string> | undefined;
  /** What stops the upload. */
  #refused: { ids: Ranges; updates: readonly Uint8Array[] } | undefined;
  /** What was refused, and is sent as deleted content. */
  #givenUp: Ranges = Y.createDeleteSet();

  /** `commentRoots`: as for fitUpdate, at the moment. */
  constructor(
    content: DocumentContent,
    limits: () => ContentLimits,
    commentRoots: () => ReadonlySet<string> | undefined,
  ) {
    this.#content = content;
    this.#limits = limits;
    this.#commentRoots = commentRoots;
  }

  /** Nothing can be uploaded that is written after it. */
  get isStuck(): boolean {
    return this.#refused !== undefined;
  }

  /** The update as it is to be sent, and what of it would be refused. */
  fit(update: Uint8Array): Fitted {
    return this.#content.fit(update, this.#limits(), this.#givenUp, this.#commentRoots());
  }

  /** The server does not take this; `ids`: what of it. Undefined where that is not known any more. */
  add(update: Uint8Array | undefined, ids?: Ranges): void {
    const { ids: before = Y.createDeleteSet(), updates = [] } = this.#refused ?? {};
    const own = ids ?? (update && contentIdsOf(update).structs);
    this.#refused = {
      ids: own === undefined ? before : Y.mergeDeleteSets([before, own]),
      updates: update === undefined ? updates : [...updates, update],
    };
  }

  /** The server is asked again. */
  retry(): void {
    this.#refused = undefined;
  }

  /**
   * Whether nothing of it is left in the document, so that deleted content can be sent instead; that is what will happen then. False
   * where that was refused too.
   */
  giveUpIfDeleted(): boolean {
    const ids = this.#refused?.ids;
    if (ids === undefined || !this.#content.areDeleted(ids)) return false;
    if (rangesWithout(ids, this.#givenUp).clients.size === 0) return false;
    this.#givenUp = Y.mergeDeleteSets([this.#givenUp, ids]);
    this.#refused = undefined;
    return true;
  }

  /** Takes it out of the document, with what would be refused of what waits. Undefined when nothing was refused. */
  takeOut(waiting: readonly Uint8Array[]): LostContent | undefined {
    if (this.#refused === undefined) return undefined;
    for (const update of waiting.flatMap((one) => splitUpdate(one, this.#limits().maxUpdateBytes))) {
      const { refused } = this.fit(update);
      if (refused !== undefined) this.add(update, refused.ids);
    }
    const { ids, updates } = this.#refused;
    const update = Y.mergeUpdates([emptyUpdate, ...updates]);
    return { values: this.#content.takeOut(ids), update };
  }
}
