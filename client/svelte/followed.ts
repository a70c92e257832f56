// A reading as a value that Svelte's effects, deriveds and templates follow. Svelte 5; no runes, so that no compiler is needed.

import { untrack } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import { listenToValue, type Reading } from '../bindings/reading.js';

/** A value that is followed wherever `current` is read in an effect, a derived or a template. */
export interface Current<Value> {
  readonly current: Value;
}

/** What is handed in as it is, or as a function that may read state and is followed. */
export type MaybeGetter<Value> = Value | (() => Value);

export function valueOf<Value>(given: MaybeGetter<Value>): Value {
  return typeof given === 'function' ? (given as () => Value)() : given;
}

/**
 * Gives the reading that `make` makes, and has the effect around run again when its value is another. It is made anew when one of
 * `keys` is another. It is listened to while an effect reads it, so never on a server that renders pages.
 */
export function followed<Of extends Reading<unknown>>(
  keys: () => readonly unknown[],
  make: () => Of,
): () => Of {
  let made:
    { readonly keys: readonly unknown[]; readonly reading: Of; readonly follow: () => void } | undefined;
  return () => {
    const now = keys();
    if (made === undefined || now.some((key, index) => !Object.is(key, made?.keys[index]))) {
      const reading = make();
      const { listen } = reading;
      const read = (): unknown => untrack(reading.read);
      made = {
        keys: now,
        reading,
        follow: createSubscriber((update) => listenToValue({ read, listen }, update)),
      };
    }
    made.follow();
    return made.reading;
  };
}

/** The value of a followed reading. */
export function currentOf<Value>(reading: () => Reading<Value>): Current<Value> {
  return {
    get current() {
      return reading().read();
    },
  };
}
