// What the document of a room holds, for whoever only asks.

import type { CausalIndex, MissingId } from '../crdt/causal-index.js';
import type { DocumentLog } from './document-log.js';

/** At most so many of the ids that an update waits for are named. */
const maxMissing = 64;

export class Content {
  readonly #log: DocumentLog;
  readonly #index: CausalIndex;

  constructor({ log, index }: { log: DocumentLog; index: CausalIndex }) {
    this.#log = log;
    this.#index = index;
  }

  /** The whole document, in parts to be applied in order. */
  all(): Uint8Array[] {
    return this.#log.all();
  }

  /** What the whole document holds, in the state vector encoding. Not to be written to. */
  stateVector(): Uint8Array {
    return this.#index.stateVector();
  }

  /** Next clock of a Yjs client id; 0 when the document has nothing of it. */
  clockOf(client: number): number {
    return this.#index.clockOf(client);
  }

  /** Whether an update would add nothing. Throws SyncError UPDATE_INVALID. */
  knows(update: Uint8Array): boolean {
    return this.#index.judge(update).outcome === 'known';
  }

  /** Whether the whole update can be taken: it depends on nothing that is missing. Throws SyncError UPDATE_INVALID. */
  isWhole(update: Uint8Array): boolean {
    return !this.#index.judge(update).isIncomplete;
  }

  /** Ids that an update waits for. Throws SyncError UPDATE_INVALID. */
  awaitedBy(update: Uint8Array): readonly MissingId[] {
    return this.#index.missing(update, maxMissing);
  }

  get memoryBytes(): number {
    return this.#log.bytes + this.#index.memoryBytes;
  }
}
