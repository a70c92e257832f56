// Whether the browser may throw away what this origin keeps on the device, and how much room there is.

export interface StorageEstimate {
  /** What the origin takes, all its databases and caches together, by the browser's guess. */
  readonly usedBytes: number;
  /** What it may take. */
  readonly quotaBytes: number;
  /** The browser deletes it only when the user says so. */
  readonly isPersistent: boolean;
}

/**
 * Asks the browser to keep what is on this device also when room is short. Some browsers ask the user: call it when the user
 * has done something that is worth keeping. Resolves with what the browser says; false where it cannot be asked.
 */
export async function requestPersistentStorage(): Promise<boolean> {
  const { persist } = storage() ?? {};
  return persist === undefined ? false : persist.call(storage());
}

/** How much room there is on this device; undefined where the browser does not say. */
export async function estimateStorage(): Promise<StorageEstimate | undefined> {
  const manager = storage();
  if (manager?.estimate === undefined) return undefined;
  const { usage = 0, quota = 0 } = await manager.estimate();
  const isPersistent = (await manager.persisted?.()) ?? false;
  return { usedBytes: usage, quotaBytes: quota, isPersistent };
}

/** Node has a `navigator` without it, and so have pages without TLS. */
function storage(): Partial<StorageManager> | undefined {
  return (globalThis as { navigator?: { storage?: Partial<StorageManager> } }).navigator?.storage;
}
