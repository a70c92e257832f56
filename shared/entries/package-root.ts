// What `import ... from 'heddle'` gives: an error that says where to import from instead. It exports every name of the
// package, so that the error is this one, and not that a name is missing.

function refuse(): never {
  throw new Error(
    "'heddle' alone cannot be imported. Import from 'heddle/client' (HeddleProvider), 'heddle/react', 'heddle/vue' or 'heddle/svelte' " +
      "(a framework), 'heddle/server' (createServer), 'heddle/token' (createToken), 'heddle/bench' (runBench) or 'heddle/testing'.",
  );
}

/** @deprecated Import it from `heddle/client`. */
export const HeddleProvider: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const HeddleConnection: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const ClosedError: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const LoginRequired: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const OfflineError: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const clearOfflineCopy: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const estimateStorage: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const requestPersistentStorage: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const evictOfflineCopies: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const listOfflineCopies: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const statusReason: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const openRoster: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const ownDevices: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const serverTimestamp: never = refuse();
/** @deprecated Import it from `heddle/client` or `heddle/server`. */
export const SyncError: never = refuse();
/** @deprecated Import it from `heddle/react` or `heddle/vue`. */
export const HeddleServer: never = refuse();
/** @deprecated Import it from `heddle/react` or `heddle/vue`. */
export const HeddleDocument: never = refuse();
/** @deprecated Import it from `heddle/svelte`. */
export const provideServer: never = refuse();
/** @deprecated Import it from `heddle/svelte`. */
export const provideDocument: never = refuse();
/** @deprecated Import it from `heddle/server`. */
export const createServer: never = refuse();
/** @deprecated Import it from `heddle/token`. */
export const createToken: never = refuse();
/** @deprecated Import it from `heddle/token`. */
export const tokenRoute: never = refuse();
/** @deprecated Import it from `heddle/token`. */
export const expressTokenRoute: never = refuse();
