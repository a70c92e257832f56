// One connection per server for all documents of a page, however many functions give their tokens.

import type { TokenFunction } from '../token/token-source.js';
import { HeddleConnection, serverUrl, type HeddleConnectionOptions } from './heddle-connection.js';

/** Somebody who uses a shared connection, with what the application gave it to get tokens with. */
interface User {
  readonly token: TokenFunction | undefined;
}

interface Shared {
  readonly connection: HeddleConnection;
  readonly options: HeddleConnectionOptions;
  /** In the order in which they came. */
  readonly users: Set<User>;
  /** All functions that were ever asked here: the token in force may be of one that has gone. */
  readonly tokens: Set<TokenFunction | undefined>;
  /** Nobody joins with another token function: tokens of others did not allow its document. */
  readonly isAlone: boolean;
}

/** A user's part in a shared connection. */
export interface Share {
  readonly connection: HeddleConnection;
  /** Tokens may come from functions that the application gave to other users of the connection. */
  readonly hasOthersTokens: boolean;
  /** As it was asked for. */
  readonly isAlone: boolean;
  letGo(): void;
}

const open = new Set<Shared>();

/**
 * A connection for this server and these options. Token functions may differ, as a function is often written where it is
 * handed over: the one that came last, of those still in use, is asked. A token that is a text is the same text for all.
 * On one connection each document can be open once, and as many documents as the server allows: who opens one beside gets
 * another connection. `isAlone`: nobody with another token function shares it.
 */
export function sharedConnection(
  url: string,
  name: string,
  options: HeddleConnectionOptions,
  isAlone = false,
): Share {
  const token = typeof options.token === 'function' ? options.token : undefined;
  const user: User = { token };
  const wanted = serverUrl(url);
  const fits = (one: Shared): boolean =>
    one.connection.url === wanted &&
    !one.connection.names.has(name) &&
    one.connection.names.size < mostDocuments(wanted) &&
    areEqual(one.options, options) &&
    (isInUse(one) || isOnlyOf(one, token)) &&
    (!(one.isAlone || isAlone) || (one.isAlone === isAlone && one.options.token === token));
  const found = [...open].find(fits);
  const shared = found ?? {
    connection: new HeddleConnection(url, options),
    options,
    users: new Set<User>(),
    tokens: new Set<TokenFunction | undefined>(),
    isAlone,
  };
  open.add(shared);
  shared.users.add(user);
  shared.tokens.add(token);
  if (found !== undefined && token !== undefined) found.connection.useToken(token);
  return {
    connection: shared.connection,
    isAlone,
    get hasOthersTokens() {
      return token !== undefined && !isOnlyOf(shared, token);
    },
    letGo: () => letGo(shared, user),
  };
}

/** Whether somebody is signed in there and uses it: who comes to an empty one may be another user than who has just gone. */
function isInUse({ users, connection }: Shared): boolean {
  return users.size > 0 && !connection.isLoggedOut;
}

function isOnlyOf({ tokens }: Shared, token: TokenFunction | undefined): boolean {
  return [...tokens].every((other) => other === token);
}

/** As many documents as the server opens on one connection, by the word that any connection to it has heard. */
function mostDocuments(url: string): number {
  const same = [...open].filter(({ connection }) => connection.url === url);
  return Math.min(...same.map(({ connection }) => connection.wire.limits.maxDocuments));
}

function letGo(shared: Shared, user: User): void {
  shared.users.delete(user);
  const last = [...shared.users].at(-1)?.token;
  if (last !== undefined) shared.connection.useToken(last);
  // Later in this turn: whoever closes one document to open another goes on with the same connection.
  queueMicrotask(() => {
    if (shared.users.size === 0 && open.delete(shared)) shared.connection.destroy();
  });
}

/** But for the URL, and for which function gives the token. */
function areEqual(one: HeddleConnectionOptions, other: HeddleConnectionOptions): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof HeddleConnectionOptions>;
  const areFunctions = typeof one.token === 'function' && typeof other.token === 'function';
  return [...keys].every((key) => one[key] === other[key] || (key === 'token' && areFunctions));
}
