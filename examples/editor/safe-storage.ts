// localStorage and sessionStorage that never throw: both do where a browser blocks site data. Then nothing is
// remembered, and the page works all the same.

/** The part of Storage the page uses. */
export interface SafeStorage {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** Removes all but what Heddle keeps of a wipe: pages that come later finish one that was cut off, and see that it was made. */
  clear(): void;
}

/** Kept on the device, shared by all its windows. */
export const deviceStorage: SafeStorage = safeStorage(() => window.localStorage);

/** Kept by one window; survives reloading it. */
export const windowStorage: SafeStorage = safeStorage(() => window.sessionStorage);

function clearAllButWipe(storage: Storage): void {
  for (const key of Object.keys(storage)) if (key !== 'heddle.wipe') storage.removeItem(key);
}

function safeStorage(open: () => Storage): SafeStorage {
  const attempt = <T>(use: (storage: Storage) => T, fallback: T): T => {
    try {
      return use(open());
    } catch {
      return fallback;
    }
  };
  return {
    get: (key) => attempt((storage) => storage.getItem(key), null),
    set: (key, value) => attempt((storage) => storage.setItem(key, value), undefined),
    remove: (key) => attempt((storage) => storage.removeItem(key), undefined),
    clear: () => attempt(clearAllButWipe, undefined),
  };
}
