// Keeps the catalogue's line about one copy true: it is written when the copy is opened and closed, at once when the copy
// holds edits that the server may lack, and now and then between.

import type { Clock, Timer } from '../../shared/clock.js';
import type { Catalogue } from './catalogue.js';
import { bytesOf, hasPending, type CopyRecord } from './copy-record.js';

const seldomMs = 5_000;

export class CopySummary {
  readonly #name: string;
  readonly #catalogue: Catalogue;
  readonly #clock: Clock;
  #record: CopyRecord | undefined;
  #timer: Timer | undefined;
  #saysUnsynced = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(name: string, catalogue: Catalogue, clock: Clock) {
    this.#name = name;
    this.#catalogue = catalogue;
    this.#clock = clock;
  }

  /** The copy is like this now. */
  changed(record: CopyRecord): void {
    this.#record = record;
    if (hasPending(record) && !this.#saysUnsynced) void this.write();
    else this.#timer ??= this.#clock.after(seldomMs, () => void this.write());
  }

  /** Writes it now. Resolves also where that is not possible: who asks for the list is told why. */
  async write(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const record = this.#record;
    this.#record = undefined;
    if (record !== undefined) {
      this.#saysUnsynced = hasPending(record);
      this.#writing = this.#writing.then(() =>
        this.#catalogue
          .put({
            name: this.#name,
            bytes: bytesOf(record),
            rows: record.rows.length,
            lastOpenedAt: record.openedAt,
            hasUnsynced: hasPending(record),
          })
          .catch(() => {}),
      );
    }
    await this.#writing;
  }

  /** Nothing is written any more. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#record = undefined;
  }
}
