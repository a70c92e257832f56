// How many calls of clients the application may be answering at a time. A hook cannot be ended from outside, so it counts until
// it is done, also when its connection has ended: it counts for its user, who may come back on another connection.

import type { Limits } from '../../shared/limits.js';
import { Gate } from '../room/gate.js';

/** The key is that of `callerOf`. */
export type CallGate = Gate<string>;

export function createCallGate({ maxCalls, maxCallsPerUser, maxCallBytes }: Limits): CallGate {
  return new Gate({
    count: maxCalls,
    countPerOwner: maxCallsPerUser,
    bytes: maxCallBytes,
    things: 'calls',
    owner: 'user',
  });
}

/** For whom a call counts: its user, or the address where there is none. */
export function callerOf(user: string | undefined, address: string): string {
  return user === undefined ? `address ${address}` : `user ${user}`;
}
