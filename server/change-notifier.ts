// Calls the onChange hook some time after a document has changed, once for all that changed meanwhile.

import type { Clock, Timer } from '../shared/clock.js';
import type { DocumentName } from '../shared/document-name.js';

export class ChangeNotifier {
  readonly #clock: Clock;
  readonly #debounceMs: number;
  readonly #notify: (document: DocumentName) => Promise<void>;
  readonly #timers = new Map<DocumentName, Timer>();
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  /** `notify` never rejects. */
  constructor(deps: { clock: Clock; debounceMs: number; notify: (document: DocumentName) => Promise<void> }) {
    this.#clock = deps.clock;
    this.#debounceMs = deps.debounceMs;
    this.#notify = deps.notify;
  }

  changed(document: DocumentName): void {
    if (this.#isClosed || this.#timers.has(document)) return;
    this.#timers.set(
      document,
      this.#clock.after(this.#debounceMs, () => this.#run(document)),
    );
  }

  /** The document was deleted: nothing more is told of its changes. */
  forget(document: DocumentName): void {
    this.#timers.get(document)?.cancel();
    this.#timers.delete(document);
  }

  /** Calls what is still to be called, now, and waits for it. What changes afterwards is not told. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [document, timer] of this.#timers) {
      timer.cancel();
      this.#run(document);
    }
    await Promise.all(this.#running);
  }

  #run(document: DocumentName): void {
    this.#timers.delete(document);
    const run = this.#notify(document).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }
}
