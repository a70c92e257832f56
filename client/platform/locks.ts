// The port to Web Locks: what one tab holds, no other tab of this origin does, and it is let go of when the tab is gone,
// however it went. Nothing here knows what the locks are for.

export interface LockOptions {
  /** Default: exclusive. */
  readonly mode?: 'exclusive' | 'shared';
  /** Ends the waiting, or the holding. */
  readonly signal?: AbortSignal;
  /** Does not wait: `run` is told whether the lock is held. */
  readonly ifAvailable?: boolean;
}

/** Web Locks where there are any; elsewhere everybody gets every lock at once. */
export interface Locks {
  /**
   * Calls `run` when the lock is ours; it is let go of when the promise that `run` returns settles, or when `signal` aborts
   * before. Resolves then, also when `signal` aborts while it waits. Rejects with what `run` rejects with.
   */
  request(name: string, options: LockOptions, run: (isHeld: boolean) => Promise<void>): Promise<void>;
  /** Names of locks that anybody of this origin holds; undefined where that cannot be known. */
  held(): Promise<ReadonlySet<string> | undefined>;
}

/** The lock that something of a tab holds as long as it lives, by an id of its own. */
export const tabLock = (id: string): string => `heddle:tab:${id}`;

/** The browser's Web Locks. */
export function browserLocks(): Locks {
  const manager = findManager();
  return manager === undefined ? withoutLocks : webLocks(manager);
}

const withoutLocks: Locks = {
  async request(_name, { signal }, run) {
    if (!isOver(signal)) await untilAborted(run(true), signal);
  },
  held: async () => undefined,
};

function webLocks(manager: LockManager): Locks {
  return {
    async request(name, { mode = 'exclusive', signal, ifAvailable = false }, run) {
      // The browser takes a signal only where there is something to wait for.
      const options = { mode, ...(ifAvailable ? { ifAvailable } : signal && { signal }) };
      if (isOver(signal)) return;
      try {
        await manager.request(name, options, (lock) => untilAborted(run(lock !== null), signal));
      } catch (error) {
        if (!isOver(signal)) throw error;
      }
    },
    async held() {
      const { held = [] } = await manager.query();
      return new Set(held.flatMap(({ name }) => (name === undefined ? [] : [name])));
    },
  };
}

/** Settles as `running` does, or resolves when `signal` aborts before. */
function untilAborted(running: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return running;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort);
    running.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) resolve();
  });
}

const isOver = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Undefined where there are none, or where the page may not use them: a sandboxed frame throws at the access. */
function findManager(): LockManager | undefined {
  try {
    return globalThis.navigator?.locks;
  } catch {
    return undefined;
  }
}
