// Whose the edits are that a document holds and the server may lack (K49).

import type { CopyOwner } from '../offline/copy-owner.js';

export class EditsOwner {
  #owner: CopyOwner | undefined;
  #hasWritten = false;
  #hasHeardTabs = false;

  get isKnown(): boolean {
    return this.#owner !== undefined;
  }

  /** As far as anybody has said. */
  is(owner: CopyOwner): void {
    this.#owner = owner;
  }

  /** Something was written here, or was in the document before. */
  wrote(): void {
    this.#hasWritten = true;
  }

  /** Something has come from another tab: nobody here knows whether the server has it. */
  heardTab(): void {
    this.#hasHeardTabs = true;
  }

  /** Whether the document was another user's before, and the server may lack some of it. `isAllThere`: of what was written here. */
  isAnother({ user }: CopyOwner, isAllThere: boolean): boolean {
    const before = this.#owner?.user;
    if (before === undefined || user === undefined || before === user) return false;
    return this.#hasHeardTabs || (this.#hasWritten && !isAllThere);
  }
}
