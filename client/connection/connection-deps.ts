// What a connection needs from whoever makes it.

import type { Clock } from '../../shared/clock.js';
import type { Deflation } from '../../shared/native/deflation.js';
import type { OpenSocket } from './socket.js';

/** What is undefined is not said. */
export interface AboutDevice {
  readonly deviceName?: string | undefined;
  /** What it runs on. */
  readonly devicePlatform?: string | undefined;
}

export interface ConnectionDeps {
  readonly url: string;
  /** The token to connect with; '' for none. Rejects when there is none to be had; settles within a bounded time. */
  readonly token: () => Promise<string>;
  readonly device: string;
  readonly agent: string;
  /** What it says of itself to people. */
  readonly about?: AboutDevice | undefined;
  /**
   * Makes a secret of 16 to 64 characters: connections with the same are one session. Without it each is its own.
   */
  readonly newSession?: () => string;
  readonly openSocket: OpenSocket;
  /** For large messages, in both directions. Undefined where the platform has none: then all are as they are. */
  readonly deflation?: Deflation | undefined;
  /** Whether nobody sees the page. Default: somebody does. */
  readonly isHidden?: (() => boolean) | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}
