// Why nothing is tried for a document, whatever is in it.

import { errorOf } from '../document/document-reason.js';
import { ClosedError } from '../platform/closed-error.js';
import type { HeddleConnection } from './heddle-connection.js';
import { loggedOut, otherOwner } from './status-reason.js';

export const connectionGone = (): ClosedError => new ClosedError('the connection was destroyed');

/** Undefined while something is tried. `isWanted`: the document is to be open on the connection. */
export function whyStuck(
  connection: HeddleConnection,
  { isOfOther }: { isOfOther: boolean },
  isWanted: boolean,
): Error | undefined {
  const { reason } = connection;
  if (connection.isDestroyed) return connectionGone();
  if (connection.isLoggedOut && !connection.isAskingForToken) return errorOf(loggedOut);
  if (isOfOther) return errorOf({ ...otherOwner, code: 'FORBIDDEN' });
  return isWanted && connection.isStuck && reason !== undefined ? errorOf(reason) : undefined;
}
