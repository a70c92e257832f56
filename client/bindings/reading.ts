// A value that changes, as every framework can show it. Knows no framework.

/** `read` gives the same value (by `Object.is`) until it is another one. Both functions can be handed on alone. */
export interface Reading<Value> {
  readonly read: () => Value;
  /** Calls `changed` after each change, perhaps also without one, until what it returns is called. */
  readonly listen: (changed: () => void) => () => void;
}

/** Calls `changed` only when the value is another one. */
export function listenToValue<Value>({ read, listen }: Reading<Value>, changed: () => void): () => void {
  let before: Value | undefined;
  const stop = listen(() => {
    const now = read();
    if (Object.is(before, now)) return;
    before = now;
    changed();
  });
  // To listen may have made it another: that is what the caller reads next.
  before = read();
  return stop;
}

/** A value that its owner sets. */
export class Cell<Value> implements Reading<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  readonly read = (): Value => this.#value;

  readonly listen = (changed: () => void): (() => void) => {
    // Its own function, so that one that listens twice is called twice.
    const listener = (): void => changed();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(value: Value): void {
    if (Object.is(this.#value, value)) return;
    this.#value = value;
    for (const listener of Array.from(this.#listeners)) listener();
  }
}
