// One copy among the tabs of the browser: that it lives, that it has its database open, and whether it is the one that
// writes for all. The browser lets go of all three when the tab is gone.

import { tabLock, type LockOptions, type Locks } from '../platform/locks.js';

const writerLock = (name: string): string => `heddle:writer:${name}`;

/** Held, shared, by every tab that has the database open. */
export const openLock = (name: string): string => `heddle:open:${name}`;

export class TabLocks {
  readonly #locks: Locks;
  readonly #name: string;
  readonly #tab: string;
  readonly #leaving = new AbortController();
  readonly #requests = new Set<Promise<void>>();

  constructor(locks: Locks, name: string, tab: string) {
    this.#locks = locks;
    this.#name = name;
    this.#tab = tab;
  }

  /** Resolves when the others can see that this tab lives. */
  async enter(): Promise<void> {
    await this.#hold(tabLock(this.#tab), 'exclusive');
    await this.#hold(openLock(this.#name), 'shared');
  }

  /**
   * Resolves when it is known whether this tab writes for all now. `granted` is called when it does, now or later;
   * `failed` when that will never be known.
   */
  async compete(granted: () => void, failed: (error: unknown) => void): Promise<void> {
    const { signal } = this.#leaving;
    const name = writerLock(this.#name);
    const take = (): Promise<void> => {
      granted();
      return forever;
    };
    const isFirst = await new Promise<boolean>((resolve, reject) => {
      const run = (isHeld: boolean): Promise<void> => {
        resolve(isHeld);
        return isHeld ? take() : Promise.resolve();
      };
      // A request that ends without having run was ended by leaving.
      this.#request(name, { signal, ifAvailable: true }, run).then(() => resolve(true), reject);
    });
    if (!isFirst) this.#request(name, { signal }, take).catch(failed);
  }

  /** Of these tabs, those that are gone; undefined where that cannot be known. */
  async deadOf(tabs: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    const held = await this.#locks.held();
    return held && new Set(tabs.filter((tab) => !held.has(tabLock(tab))));
  }

  /** Calls `gone` once for each of these tabs, when it is gone. They must hold their locks, as far as can be known. */
  watch(tabs: readonly string[], gone: (tab: string) => void): void {
    const { signal } = this.#leaving;
    for (const tab of tabs)
      this.#request(tabLock(tab), { mode: 'shared', signal }, async () => gone(tab)).catch(() => {}); // then it is not known
  }

  /** Resolves when the others can see that it is gone. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    await Promise.allSettled(this.#requests);
  }

  #request(name: string, options: LockOptions, run: (isHeld: boolean) => Promise<void>): Promise<void> {
    const request = this.#locks.request(name, options, run);
    this.#requests.add(request);
    return request;
  }

  #hold(name: string, mode: 'exclusive' | 'shared'): Promise<void> {
    const { signal } = this.#leaving;
    return new Promise((resolve, reject) => {
      const run = (): Promise<void> => {
        resolve();
        return forever;
      };
      this.#request(name, { mode, signal }, run).then(resolve, reject);
    });
  }
}

/** Until the signal aborts. */
const forever = new Promise<void>(() => {});
