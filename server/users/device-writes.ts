// When what was seen of users' devices is written: soon for a user of whom nothing was written in the last minute, else at the
// end of that minute, many users in one batch. Owns who is to be written, and the timers.

import type { Clock, Timer } from '../../shared/clock.js';
import type { Logger } from '../../shared/logger.js';

/** Somebody whose devices are to be written. */
export interface Writable {
  readonly key: string;
  /** What is to be written now; undefined for nothing to keep. */
  encode(): Uint8Array | undefined;
}

export interface DeviceWritesDeps<One> {
  readonly setStates: (changes: ReadonlyMap<string, Uint8Array | undefined>) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Nothing more is to be written of it. */
  readonly written: (one: One) => void;
}

const soonMs = 1_000;
/** Of one user, between two writes. */
const leastMs = 60_000;
/** Users in one batch. */
const maxBatch = 500;

export class DeviceWrites<One extends Writable> {
  readonly #deps: DeviceWritesDeps<One>;
  /** When they may be written, on the monotonic clock. */
  readonly #waiting = new Map<One, number>();
  readonly #underWay = new Set<One>();
  /** When they were written last. Of the last minute. */
  readonly #written = new Map<string, number>();
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: DeviceWritesDeps<One>) {
    this.#deps = deps;
  }

  /** Whether the store has less than there is. */
  isOwing(one: One): boolean {
    return this.#waiting.has(one) || this.#underWay.has(one);
  }

  /** Something was seen. */
  mark(one: One): void {
    if (this.#waiting.has(one) || this.#isClosed) return;
    const now = this.#deps.clock.monotonic();
    const last = this.#written.get(one.key);
    const due = last === undefined ? now + soonMs : Math.max(now + soonMs, last + leastMs);
    this.#waiting.set(one, due);
    this.#plan(due);
  }

  /** Writes it now, after what is being written. Rejects with what the store rejects with. */
  now(one: One): Promise<void> {
    return this.inTurn(() => this.#write([one]));
  }

  /** Writes all that waits. Never rejects. Nothing is written afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#flush([...this.#waiting.keys()]);
  }

  /** Runs `write` when those before it are over. Rejects with what it rejects with. */
  inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(write);
    this.#writing = done.catch(() => {});
    return done;
  }

  #plan(due: number): void {
    if (due >= this.#timerAt || this.#isClosed) return;
    this.#timer?.cancel();
    this.#timerAt = due;
    this.#timer = this.#deps.clock.after(Math.max(0, due - this.#deps.clock.monotonic()), () => {
      this.#timerAt = Infinity;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const now = this.#deps.clock.monotonic();
    for (const [key, at] of this.#written) if (at + leastMs <= now) this.#written.delete(key);
    await this.#flush([...this.#waiting].filter(([, due]) => due <= now).map(([one]) => one));
    let next = Infinity;
    for (const due of this.#waiting.values()) next = Math.min(next, due);
    // Those that come together are written together.
    if (next < Infinity) this.#plan(Math.max(next, this.#deps.clock.monotonic() + soonMs));
  }

  /** Never rejects: what the store does not take is tried again a minute later. */
  async #flush(due: readonly One[]): Promise<void> {
    for (let at = 0; at < due.length; at += maxBatch) {
      const batch = due.slice(at, at + maxBatch);
      try {
        await this.inTurn(() => this.#write(batch));
      } catch (err) {
        this.#deps.logger.warn({ err }, 'what was seen of devices was not written');
        const later = this.#deps.clock.monotonic() + leastMs;
        for (const one of batch) this.#waiting.set(one, later);
      }
    }
  }

  async #write(batch: readonly One[]): Promise<void> {
    const now = this.#deps.clock.monotonic();
    // Before the bytes are made: what is seen while they are written is written again.
    for (const one of batch) {
      this.#waiting.delete(one);
      this.#written.set(one.key, now);
      this.#underWay.add(one);
    }
    try {
      await this.#deps.setStates(new Map(batch.map((one) => [one.key, one.encode()])));
    } finally {
      for (const one of batch) this.#underWay.delete(one);
    }
    for (const one of batch) if (!this.#waiting.has(one)) this.#deps.written(one);
  }
}
