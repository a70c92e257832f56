// Calls into what others have written: the listeners of an application, the observers of a Y.Doc. What they throw is their
// page's to see (window.onerror), and stops nothing here: no other listener, no other document, nothing of the same frame.

import { ObservableV2 } from 'lib0/observable';

/** Calls `run`. What it throws is thrown again in a microtask, as if the browser had called it. */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    throwLater(error);
  }
}

/** Throws it where nobody can be interrupted by it. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** The bound that lib0 has for a table of events. */
// oxlint-disable-next-line typescript/no-explicit-any -- reason: listeners of any arguments; `unknown` would take none
type EventTable<Events> = { [Name in keyof Events]: (...args: any[]) => void };

/** All classes of the client that emit extend this one. Every listener is called, whatever the others throw. */
export class GuardedObservable<Events extends EventTable<Events>> extends ObservableV2<Events> {
  override emit<Name extends keyof Events & string>(name: Name, args: Parameters<Events[Name]>): void {
    callAll(this._observers.get(name), args);
  }

  /** Listens until what it returns is called. */
  listen<Name extends keyof Events & string>(name: Name, listener: Events[Name]): () => void {
    this.on(name, listener);
    return () => this.off(name, listener);
  }
}

/** Resolves when it is true: looked at whenever this is told. */
export function until<Events extends EventTable<Events>>(
  observable: GuardedObservable<Events>,
  name: keyof Events & string,
  isTrue: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isTrue()) return;
      stop();
      resolve();
    };
    const stop = observable.listen(name, look as Events[typeof name]);
  });
}

interface Listeners {
  // oxlint-disable-next-line typescript/no-explicit-any -- reason: listeners of any arguments; `unknown` would take none
  readonly _observers: ReadonlyMap<string, Iterable<(...args: any[]) => void>>;
  emit: (name: never, args: never) => void;
}

/**
 * From here on an object that others have made, and that anybody may listen to, calls every listener whatever the others
 * throw. It stays so for as long as the object lives.
 */
export function guardListeners(observable: Listeners): void {
  observable.emit = (name: string, args: readonly unknown[]) =>
    callAll(observable._observers.get(name), args);
}

// oxlint-disable-next-line typescript/no-explicit-any -- reason: as above
function callAll(listeners: Iterable<(...args: any[]) => void> = [], args: readonly unknown[]): void {
  // A copy: a listener may add or remove others.
  for (const listener of Array.from(listeners)) guarded(() => listener(...args));
}
