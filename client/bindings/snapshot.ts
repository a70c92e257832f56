// A value that is taken from something that changes in place: it stays the same object until something in it is different.

import type { Reading } from './reading.js';
import { reuse } from './reuse.js';

export class Snapshot<Value> implements Reading<Value> {
  readonly #take: () => Value;
  readonly #observe: (changed: () => void) => () => void;
  readonly #listeners = new Set<() => void>();
  #stopObserving: (() => void) | undefined;
  #kept: { readonly value: Value } | undefined;
  /** Nothing has changed since `#kept` was taken: known only while it is observed. */
  #isFresh = false;

  /** `take` makes the value anew. `observe` calls back after each change until what it returns is called. */
  constructor(take: () => Value, observe: (changed: () => void) => () => void) {
    this.#take = take;
    this.#observe = observe;
  }

  readonly read = (): Value => {
    if (this.#kept !== undefined && this.#isFresh) return this.#kept.value;
    const taken = this.#take();
    const value = this.#kept === undefined ? taken : reuse(this.#kept.value, taken);
    this.#kept = { value };
    this.#isFresh = this.#stopObserving !== undefined;
    return value;
  };

  readonly listen = (changed: () => void): (() => void) => {
    // Its own function, so that one that listens twice is called twice.
    const listener = (): void => changed();
    this.#listeners.add(listener);
    this.#stopObserving ??= this.#observe(() => this.#changed());
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stopObserving?.();
      this.#stopObserving = undefined;
      this.#isFresh = false;
    };
  };

  #changed(): void {
    this.#isFresh = false;
    for (const listener of Array.from(this.#listeners)) listener();
  }
}
