// What a token source needs of the browser, each part absent where there is none or a page may not touch it.

import { browserBroadcastChannel, type BroadcastChannelClass } from '../platform/broadcast-channel.js';
import { browserLocks, type Locks } from '../platform/locks.js';

export interface TokenPlatform {
  readonly BroadcastChannel?: BroadcastChannelClass | undefined;
  readonly localStorage?: Pick<Storage, 'getItem'> | undefined;
  /** Hears which key another tab has changed, null for all of them. Returns how to stop. */
  readonly addStorageListener?: ((listener: (key: string | null) => void) => () => void) | undefined;
  readonly locks: Locks;
}

export function browserTokenPlatform(): TokenPlatform {
  return {
    BroadcastChannel: browserBroadcastChannel(),
    localStorage: pageStorage(),
    addStorageListener: typeof window === 'object' ? addStorageListener : undefined,
    locks: browserLocks(),
  };
}

/** Workers have none, Node has one of its own kind, and a frame without an origin throws where it is touched. */
function pageStorage(): Storage | undefined {
  try {
    return typeof window === 'object' ? window.localStorage : undefined;
  } catch {
    return undefined;
  }
}

function addStorageListener(listener: (key: string | null) => void): () => void {
  const hear = ({ key }: StorageEvent): void => listener(key);
  window.addEventListener('storage', hear);
  return () => window.removeEventListener('storage', hear);
}
