// Web Locks among tabs that are objects: who waits gets the lock in turn, and a tab that is killed lets go of all.

import type { Locks } from '../../client/platform/locks.js';

interface Holder {
  readonly name: string;
  readonly isShared: boolean;
  readonly tab: object;
}

/** The locks of one browser. */
export class MemoryLocks {
  readonly #held = new Set<Holder>();
  readonly #waiting = new Set<{ readonly holder: Holder; readonly granted: () => void }>();

  /** Names of locks that are held. */
  get names(): string[] {
    return [...this.#held].map(({ name }) => name);
  }

  /** The locks as one tab sees them. `kill` is its end: nothing it asked for happens any more. */
  tab(): Locks & { kill(): void } {
    const tab = {};
    let isDead = false;
    return {
      request: async (name, { mode, signal, ifAvailable }, run) => {
        const holder = { name, isShared: mode === 'shared', tab };
        await Promise.resolve();
        if (isDead || signal?.aborted === true) return;
        if (this.#isFree(holder)) this.#held.add(holder);
        else if (ifAvailable === true) return run(false);
        else if (!(await this.#turn(holder, signal))) return;
        try {
          if (!isDead) await Promise.race([run(true), aborted(signal)]);
        } finally {
          // As far as to the browser and back.
          await new Promise((resolve) => setImmediate(resolve));
          this.#release(holder);
        }
      },
      held: async () => new Set(this.names),
      kill: () => {
        isDead = true;
        for (const one of this.#waiting) if (one.holder.tab === tab) this.#waiting.delete(one);
        for (const holder of this.#held) if (holder.tab === tab) this.#release(holder);
      },
    };
  }

  #isFree({ name, isShared }: Holder): boolean {
    return [...this.#held].every((other) => other.name !== name || (isShared && other.isShared));
  }

  /** Whether the lock was granted before the signal aborted. */
  #turn(holder: Holder, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = { holder, granted: () => resolve(true) };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', () => {
        if (this.#waiting.delete(waiting)) resolve(false);
      });
    });
  }

  #release(holder: Holder): void {
    if (!this.#held.delete(holder)) return;
    for (const waiting of this.#waiting) {
      if (!this.#isFree(waiting.holder)) continue;
      this.#waiting.delete(waiting);
      this.#held.add(waiting.holder);
      waiting.granted();
    }
  }
}

/** A browser without Web Locks. */
export const noLocks: Locks = {
  request: async (_name, { signal }, run) => {
    if (signal?.aborted !== true) await Promise.race([run(true), aborted(signal)]);
  },
  held: async () => undefined,
};

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener('abort', () => resolve());
  });
}
