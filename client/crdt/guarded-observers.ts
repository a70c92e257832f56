// The observers of the types of a document. Yjs calls all of them whatever they throw, but tells the last error alone.

import type * as Y from 'yjs';

// oxlint-disable-next-line typescript/no-explicit-any -- reason: observers of any event
type Observer = (...args: any[]) => void;

/** A list of observers as Yjs keeps and uses it: by `push`, `filter`, its length and its elements. */
class GuardedList extends Array<Observer> {
  /** As they were given, by what is called in their place. */
  readonly #given = new Map<Observer, Observer>();
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void, observers: readonly Observer[]) {
    super();
    this.#failed = failed;
    this.push(...observers);
  }

  override push(...observers: Observer[]): number {
    for (const observer of observers) {
      const guarded: Observer = (...args) => {
        try {
          observer(...args);
        } catch (error) {
          this.#failed(error);
        }
      };
      this.#given.set(guarded, observer);
      super.push(guarded);
    }
    return this.length;
  }

  override filter(isKept: (observer: Observer, at: number, all: Observer[]) => unknown): Observer[] {
    const given = Array.from(this, (guarded) => this.#given.get(guarded)!);
    return new GuardedList(this.#failed, given.filter(isKept));
  }
}

/**
 * The observers that Yjs is about to call for this transaction are guarded, and stay so: what each of them throws is handed to
 * `failed`, and Yjs does not learn of it.
 */
export function guardObservers({ changed }: Y.Transaction, failed: (error: unknown) => void): void {
  const guard = (handler: { l: Observer[] }): void => {
    if (handler.l.length > 0 && !(handler.l instanceof GuardedList))
      handler.l = new GuardedList(failed, handler.l);
  };
  for (const type of changed.keys()) {
    guard(type._eH);
    for (let parent: typeof type | null = type; parent !== null; parent = parentOf(parent))
      guard(parent._dEH);
  }
}

type Type = Exclude<Y.Item['parent'], Y.ID | string | null>;

/** While observers are called, the parent of an item is a type. */
function parentOf({ _item }: Type): Type | null {
  return _item === null ? null : (_item.parent as Type);
}
