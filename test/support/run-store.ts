// A store that outlives the server that uses it: what is kept goes on, and a run that has crashed reaches it no more.

import type { DocumentStore } from '../../server/store/store.js';
import { ControlledStore } from './controlled-store.js';

/** The store of one run of the server: after a crash nothing more of that run reaches what is kept. */
export class RunStore extends ControlledStore {
  readonly #late: () => Promise<void> | undefined;
  isDead = false;
  /** Which keys have been put (true) or removed, since it was emptied. */
  readonly written = new Map<string, boolean>();

  constructor(kept: DocumentStore, late: () => Promise<void> | undefined) {
    super(kept);
    this.#late = late;
    this.delay = () => this.#wait();
  }

  override async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    await this.#wait();
    await this.kept.setStates(changes);
    for (const [key, value] of changes) this.written.set(key, value !== undefined);
    await this.#wait();
  }

  async #wait(): Promise<void> {
    await this.#late();
    if (this.isDead) await new Promise(() => {});
  }
}
