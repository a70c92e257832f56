// What a document holds and the server lacks, for whoever may not bring it there: until the server says it by itself, because
// somebody else has brought it.

import { contentIdsOf, joinedIds, withoutIds, type ContentIds } from './content-ids.js';

export class Surplus {
  #ids: ContentIds;

  constructor(updates: readonly Uint8Array[]) {
    this.#ids = joinedIds(updates.map(contentIdsOf));
  }

  get #isEmpty(): boolean {
    return this.#ids.structs.clients.size === 0 && this.#ids.deletes.clients.size === 0;
  }

  add(update: Uint8Array): void {
    this.#ids = joinedIds([this.#ids, contentIdsOf(update)]);
  }

  /** The server has this. Returns whether with it the server has everything, for the first time. */
  isGoneWith(update: Uint8Array): boolean {
    if (this.#isEmpty) return false;
    this.#ids = withoutIds(this.#ids, contentIdsOf(update));
    return this.#isEmpty;
  }
}
