// What a bundler for pages finds in place of `heddle/server` and `heddle/bench`, which run in Node: an error that says so. It
// exports their main names, so that the error is this one, and not that a name or a module of Node is missing.

function refuse(): never {
  throw new Error(
    "'heddle/server' and 'heddle/bench' run in Node, and were imported for a page. Pages import 'heddle/client', or the entry of their framework.",
  );
}

/** @deprecated It runs in Node alone. */
export const createServer: never = refuse();
/** @deprecated It runs in Node alone. */
export const ConfigError: never = refuse();
/** @deprecated It runs in Node alone. */
export const StoreError: never = refuse();
/** @deprecated Import it from `heddle/client`. */
export const SyncError: never = refuse();
/** @deprecated It runs in Node alone. */
export const defaultLimits: never = refuse();
/** @deprecated It runs in Node alone. */
export const errorTable: never = refuse();
/** @deprecated It runs in Node alone. */
export const runBench: never = refuse();
