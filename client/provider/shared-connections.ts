// One connection per server and token, however many documents are open.

import { HeddleConnection, type HeddleConnectionOptions } from './heddle-connection.js';

interface Shared {
  readonly connection: HeddleConnection;
  readonly url: string;
  readonly options: HeddleConnectionOptions;
  users: number;
}

const open = new Set<Shared>();

/**
 * The connection for this server and these options (the same token: the same string or function), and how to let go of it.
 * On one connection each document can be open once: who opens it beside gets another connection.
 */
export function sharedConnection(
  url: string,
  name: string,
  options: HeddleConnectionOptions,
): { readonly connection: HeddleConnection; readonly letGo: () => void } {
  const found = [...open].find(
    (one) => one.url === url && !one.connection.names.has(name) && areEqual(one.options, options),
  );
  const shared = found ?? { connection: new HeddleConnection(url, options), url, options, users: 0 };
  open.add(shared);
  shared.users++;
  return {
    connection: shared.connection,
    letGo() {
      shared.users--;
      // Later in this turn: whoever closes one document to open another goes on with the same connection.
      queueMicrotask(() => {
        if (shared.users === 0 && open.delete(shared)) shared.connection.destroy();
      });
    },
  };
}

function areEqual(one: HeddleConnectionOptions, other: HeddleConnectionOptions): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof HeddleConnectionOptions>;
  return [...keys].every((key) => one[key] === other[key]);
}
