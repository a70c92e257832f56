// What this device remembers of a server's address, for the time before the server has spoken: which server it was, and
// whom it believed last.

import { readDevice, writeDevice } from '../platform/device-storage.js';
import type { CopyOwner } from './copy-owner.js';

export class KnownUser {
  readonly #url: string;
  readonly #key: string;

  /** `name`: what the application calls the user, where it does. Then only who was believed under this name is remembered. */
  constructor(url: string, name: string | undefined) {
    this.#url = url;
    this.#key = `heddle.user:${url}${name === undefined ? '' : ` ${name}`}`;
  }

  get(): CopyOwner {
    const url = this.#url;
    const text = readDevice(this.#key);
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
  remember({ server, user }: CopyOwner): void {
    writeDevice(this.#key, JSON.stringify({ server, user }));
  }

  /** The user has logged out: who comes next is somebody else until they say who they are. */
  forget(): void {
    const { url, server } = this.get();
    this.remember({ url, server });
  }
}
