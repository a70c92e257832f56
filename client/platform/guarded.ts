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
    // A copy: a listener may add or remove others.
    const listeners = Array.from(this._observers.get(name) ?? []);
    for (const listener of listeners) guarded(() => listener(...args));
  }
}
