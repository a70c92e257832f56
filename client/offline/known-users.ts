// What this device remembers of each server's address, for the time before the server has spoken: which server it was, and
// whom it believed last.

import { readDevice, writeDevice } from '../platform/device-storage.js';
import type { CopyOwner } from './copy-owner.js';

const keyOf = (url: string): string => `heddle.user:${url}`;

export function knownUser(url: string): CopyOwner {
  const text = readDevice(keyOf(url));
  try {
    const { server, user } = JSON.parse(text ?? '{}') as { server?: unknown; user?: unknown };
    return {
      url,
      ...(typeof server === 'string' ? { server } : {}),
      ...(typeof user === 'string' ? { user } : {}),
    };
  } catch {
    return { url };
  }
}

/** The server has spoken. */
export function rememberUser({ url, server, user }: CopyOwner): void {
  writeDevice(keyOf(url), JSON.stringify({ server, user }));
}

/** The user has logged out: who comes next is somebody else until they say who they are. */
export function forgetUser(url: string): void {
  const { server } = knownUser(url);
  rememberUser({ url, server });
}
