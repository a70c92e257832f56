// The token of this window. A server of your own gives out tokens its own way.

import { requestToken } from './demo-api.js';
import { ownName, ownUserId } from './identity.js';
import { wasLeftCut } from './network-switch.js';

/** For the option `token`, by what the window may do: the same function each time, so that documents share a connection. */
export const accessToken = {
  read: (): Promise<string> => ownToken('read'),
  write: (): Promise<string> => ownToken('write'),
} as const;

async function ownToken(access: 'read' | 'write'): Promise<string> {
  // One that runs out while the switch is off is replaced when it is on again.
  if (wasLeftCut()) throw new Error('the network switch is off');
  const { token } = await requestToken({ name: ownName(), user: ownUserId(), access });
  return token;
}
