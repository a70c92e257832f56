// What a copy is made of, and what it tells.

import type { Clock } from '../../shared/clock.js';
import type { Locks } from '../platform/locks.js';
import type { CopyOwner } from './copy-owner.js';
import type { Returned } from './copy-return.js';
import type { LoadedCopy } from './loaded-copy.js';
import type { OfflineError } from './offline-error.js';

export interface OfflineCopyDeps {
  /** Undefined where there is no IndexedDB. */
  readonly factory: IDBFactory | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly locks: Locks;
  /** After which opening is given up, ms. Default: 5 seconds. */
  readonly timeoutMs?: number | undefined;
  /**
   * The whole document as an update. All of it must have been handed in, or loaded. With it the copy stays about as small
   * as the document, and is written anew when the browser has thrown it away; without it, it ends then.
   */
  readonly encodeDocument?: (() => Uint8Array) | undefined;
  /**
   * Whose copy it is to be, as far as this device knows. Copies of others are other databases. Without it there is one
   * copy, of whoever opens it.
   */
  readonly owner?: (() => Promise<CopyOwner>) | undefined;
  /** When both sides were last the same, by the server's clock; undefined for never. It is stored with whatever is stored. */
  readonly syncedAt?: (() => number | undefined) | undefined;
}

export interface OfflineCopyEvents {
  /** It has been read after all: `load` had rejected. Whoever hears it says `restored` when it has what was pending. */
  loaded: (loaded: LoadedCopy) => void;
  /** The page was put away, and is back. */
  returned: (returned: Returned) => void;
  /** `isSaved` has changed. */
  saved: (isSaved: boolean) => void;
  /** Something could not be stored. It is kept, and tried again unless the error is final: DELETED, BLOCKED. */
  error: (error: OfflineError) => void;
  /** A tab is gone whose edits were loaded here and left to it: nobody else may bring them to the server. */
  orphaned: () => void;
}
