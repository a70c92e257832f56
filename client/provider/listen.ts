// Listening to a connection for a while.

import type { HeddleConnection, HeddleConnectionEvents } from './heddle-connection.js';

/** Listens until what it returns is called. */
export function listen<Name extends keyof HeddleConnectionEvents>(
  connection: HeddleConnection,
  name: Name,
  listener: HeddleConnectionEvents[Name],
): () => void {
  connection.on(name, listener);
  return () => connection.off(name, listener);
}
