// What the updates of one client wait for that nobody could bring in time (C9). Only ids are kept, not the updates: the
// client has those, and is asked for them again as soon as the document has one of the ids.

import type { Clock, Timer } from '../../shared/clock.js';
import type { MissingId } from '../crdt/causal-index.js';

/** More of them are not kept. Whoever waits for more is asked again when one of these is there, and says what is left. */
const maxAwaited = 64;
const lookEveryMs = 500;

export class AwaitedIds {
  readonly #clock: Clock;
  readonly #has: (id: MissingId) => boolean;
  readonly #ask: () => void;
  readonly #ids: MissingId[] = [];
  #timer: Timer | undefined;

  /** `has` tells whether the document has an id; `ask` is called, once, when it has one that was waited for. */
  constructor(deps: { clock: Clock; has: (id: MissingId) => boolean; ask: () => void }) {
    this.#clock = deps.clock;
    this.#has = deps.has;
    this.#ask = deps.ask;
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Waits for these ids too, until one of all is there. With none it waits for nothing, until it is closed. */
  wait(ids: readonly MissingId[]): void {
    for (const id of ids) {
      const known = this.#ids.find(({ client }) => client === id.client);
      if (known !== undefined && known.clock <= id.clock) continue;
      if (known !== undefined) this.#ids[this.#ids.indexOf(known)] = id;
      else if (this.#ids.length < maxAwaited) this.#ids.push(id);
    }
    this.#timer ??= this.#clock.every(lookEveryMs, () => this.#look());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ids.length = 0;
  }

  #look(): void {
    if (!this.#ids.some((id) => this.#has(id))) return;
    this.close();
    this.#ask();
  }
}
