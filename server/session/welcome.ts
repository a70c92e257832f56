// The server's first message to a client of our own.

import type { Limits } from '../../shared/limits.js';
import type { NativeServerMessage } from '../../shared/native/messages.js';
import type { Claims } from '../../shared/permission.js';
import type { Clock } from '../../shared/clock.js';
import { unusualLimits, type ServerIdentity } from './server-identity.js';

export interface WelcomeDeps {
  /** A connection that says nothing for so long is closed by the transport. */
  readonly maxSilenceMs: number;
  readonly clock: Clock;
  readonly identity: ServerIdentity;
  readonly limits: Limits;
  /** Names of the root types under which commenters may write; may be empty. */
  readonly commentRoots: readonly string[];
}

/** `hasDevices`: the devices of its user can be asked for. */
export function welcomeOf(
  { maxSilenceMs, clock, identity, limits, commentRoots }: WelcomeDeps,
  version: number,
  claims: Claims | undefined,
  hasDevices: boolean,
): NativeServerMessage {
  return {
    type: 'welcome',
    version,
    serverTime: clock.now(),
    expiresAt: claims?.exp ?? 0,
    maxSilenceMs,
    ...identity,
    user: claims?.sub ?? '',
    limits: unusualLimits(limits),
    extensions: {
      inflates: true,
      operates: true,
      rosters: true,
      ...(commentRoots.length > 0 && { commentRoots }),
      ...(hasDevices && { devices: true }),
    },
  };
}
