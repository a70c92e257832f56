// The other tabs that have a document open: what each of them said last, and whether it is still there. A tab that dies
// cannot say so; the browser lets go of its lock then.

import { tabLock, type Locks } from '../platform/locks.js';
import { PartReader } from './parts.js';
import type { Summary, TabState } from './tab-messages.js';

/** So many siblings are kept. Of more than that, the one that has been silent for longest is forgotten. */
const maxSiblings = 64;

export interface Sibling {
  readonly id: string;
  state: TabState;
  /** What it has. Undefined once it was asked for what this tab lacks of that. */
  summary: Summary | undefined;
  /** Awareness ids it speaks for. */
  readonly awarenessIds: Set<number>;
  readonly reader: PartReader;
  /** It has told this tab something since this tab last told all siblings what it has. */
  hasTold: boolean;
  watch: AbortController | undefined;
}

export interface SiblingEvents {
  /** It has gone without a word; it is forgotten already. */
  died(sibling: Sibling): void;
  /** It may be there still, but there are too many. */
  forgotten(sibling: Sibling): void;
}

export class Siblings {
  readonly #locks: Locks;
  readonly #events: SiblingEvents;
  readonly #all = new Map<string, Sibling>();

  constructor(locks: Locks, events: SiblingEvents) {
    this.#locks = locks;
    this.#events = events;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<Sibling> {
    return this.#all.values();
  }

  /** It has said something. */
  heard(id: string, state: TabState): Sibling {
    const known = this.#all.get(id);
    const sibling = known ?? this.#create(id, state);
    sibling.state = state;
    // The last one is the one heard last.
    this.#all.delete(id);
    this.#all.set(id, sibling);
    if (state.isLocked && sibling.watch === undefined) void this.#watch(sibling);
    const [silent] = this.#all.values();
    if (this.#all.size > maxSiblings && silent !== undefined) {
      this.forget(silent.id);
      this.#events.forgotten(silent);
    }
    return sibling;
  }

  forget(id: string): Sibling | undefined {
    const sibling = this.#all.get(id);
    this.#all.delete(id);
    sibling?.watch?.abort();
    return sibling;
  }

  #create(id: string, state: TabState): Sibling {
    return {
      id,
      state,
      summary: undefined,
      awarenessIds: new Set(),
      reader: new PartReader(),
      hasTold: false,
      watch: undefined,
    };
  }

  async #watch(sibling: Sibling): Promise<void> {
    const watch = new AbortController();
    sibling.watch = watch;
    let isFree = false;
    try {
      await this.#locks.request(tabLock(sibling.id), { mode: 'shared', signal: watch.signal }, async () => {
        // Where there are no locks everybody gets each: that says nothing.
        isFree = (await this.#locks.held()) !== undefined;
      });
    } catch {
      // Not watched any more, or the browser refuses: then it is gone when it says so.
      return;
    }
    if (isFree && !watch.signal.aborted && this.forget(sibling.id) === sibling) this.#events.died(sibling);
  }
}
