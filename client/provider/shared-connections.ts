// One connection per server and user for all documents of a page, however many functions give their tokens.

import type { TokenFunction } from '../token/token-source.js';
import { areOfOneUser } from '../token/claims.js';
import { Membership } from './membership.js';
import { HeddleConnection, type HeddleConnectionOptions } from './heddle-connection.js';
import { serverUrl } from './server-url.js';

/** Somebody who uses a shared connection, with what the application gave it to get tokens with. */
interface User {
  readonly token: TokenFunction | undefined;
  readonly membership: Membership;
}

interface Shared {
  readonly connection: HeddleConnection;
  readonly options: HeddleConnectionOptions;
  /** In the order in which they came. */
  readonly users: Set<User>;
  /** All functions that speak for its user, also those of who has gone: the token in force may be of one of them. */
  readonly tokens: Set<TokenFunction | undefined>;
  /** The one that is asked. */
  source: TokenFunction | undefined;
  /** The token in use when it was looked at last. */
  token: string | undefined;
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
  /** The document may be opened: the connection is for its user. */
  readonly isIn: boolean;
  /** The token that speaks for the document; undefined where it is the connection's. */
  readonly token: Promise<string> | undefined;
  letGo(): void;
}

export interface ShareWanted {
  readonly url: string;
  /** Of the document. */
  readonly name: string;
  readonly options: HeddleConnectionOptions;
  /** `isIn` is another. Never called before `sharedConnection` has returned, as `apart`. */
  readonly changed: () => void;
  /** The connection is for another user. This one is to be asked for with `apart`: the token of the document's user, if any. */
  readonly apart: (token: string | undefined) => void;
}

/**
 * Where: anywhere, with nobody whose function is another one, or apart from where it was: with others of the user of this
 * token, where there is one.
 */
export type Where = 'anywhere' | 'alone' | { readonly apartFor: string | undefined };

const open = new Set<Shared>();

/**
 * A connection for this server and these options. Token functions may differ, as a function is often written where it is
 * handed over: each is asked whom it is for before its document is opened, unless the option `user` says it, and the one that
 * came last, of those still in use, is asked for the next token. A token that is a text is the same text for all.
 * On one connection each document can be open once, and as many documents as the server allows: who opens one beside gets
 * another connection.
 */
export function sharedConnection(wanted: ShareWanted, where: Where = 'anywhere'): Share {
  const { options } = wanted;
  const token = typeof options.token === 'function' ? options.token : undefined;
  const found = [...open].find((one) => fits(one, wanted, token, where));
  const shared = found ?? newShared(wanted, token, where);
  const isKnown = found === undefined || typeof where === 'object' || options.user !== undefined;
  const user: User = {
    token,
    membership: new Membership(
      {
        connection: shared.connection,
        token,
        changed: (isIn) => {
          if (isIn) take(shared, token);
          wanted.changed();
        },
        apart: wanted.apart,
      },
      isKnown || shared.tokens.has(token),
    ),
  };
  shared.users.add(user);
  if (user.membership.isIn) take(shared, token);
  return {
    connection: shared.connection,
    isAlone: shared.isAlone,
    get hasOthersTokens() {
      return token !== undefined && !isOnlyOf(shared, token);
    },
    get isIn() {
      return user.membership.isIn;
    },
    get token() {
      return user.membership.token;
    },
    letGo: () => letGo(shared, user),
  };
}

function newShared({ url, options }: ShareWanted, source: TokenFunction | undefined, where: Where): Shared {
  const shared: Shared = {
    connection: new HeddleConnection(url, options),
    options,
    users: new Set(),
    tokens: new Set([source]),
    source,
    token: typeof where === 'object' ? where.apartFor : undefined,
    isAlone: where === 'alone',
  };
  for (const event of ['state', 'renewed'] as const) shared.connection.on(event, () => look(shared));
  open.add(shared);
  return shared;
}

function fits(
  one: Shared,
  { url, name, options }: ShareWanted,
  token: TokenFunction | undefined,
  where: Where,
): boolean {
  const wanted = serverUrl(url);
  const isAlone = where === 'alone';
  return (
    one.connection.url === wanted &&
    !one.connection.isOpen(name) &&
    one.connection.names.size < mostDocuments(wanted) &&
    areEqual(one.options, options) &&
    (isInUse(one) || isOnlyOf(one, token)) &&
    (!(one.isAlone || isAlone) || (one.isAlone === isAlone && one.options.token === token)) &&
    (typeof where !== 'object' || isOfUser(one, where.apartFor))
  );
}

function isOfUser({ token: known }: Shared, token: string | undefined): boolean {
  return token !== undefined && known !== undefined && areOfOneUser(known, token);
}

/** The function speaks for the connection's user, and is asked from now on. */
function take(shared: Shared, token: TokenFunction | undefined): void {
  shared.tokens.add(token);
  if (token === undefined || token === shared.source) return;
  shared.source = token;
  shared.connection.useToken(token);
}

/** K48: whom the connection is for may be another one than before. */
function look(shared: Shared): void {
  const { token: before, connection, tokens, source } = shared;
  const { token = before } = connection;
  shared.token = token;
  if (before !== undefined && token !== undefined && !areOfOneUser(before, token)) {
    tokens.clear();
    tokens.add(source);
    for (const user of shared.users) if (user.token !== source) user.membership.retry();
  }
  for (const { membership } of shared.users) membership.look();
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
  const { users, connection } = shared;
  users.delete(user);
  user.membership.leave();
  const last = [...users].filter(({ membership }) => membership.isIn).at(-1);
  if (last !== undefined) take(shared, last.token);
  else if (connection.token === undefined) for (const { membership } of users) membership.dismiss();
  // Later in this turn: whoever closes one document to open another goes on with the same connection.
  queueMicrotask(() => {
    if (users.size === 0 && open.delete(shared)) connection.destroy();
  });
}

/** But for the URL, and for which function gives the token. */
function areEqual(one: HeddleConnectionOptions, other: HeddleConnectionOptions): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof HeddleConnectionOptions>;
  const areFunctions = typeof one.token === 'function' && typeof other.token === 'function';
  return [...keys].every((key) => one[key] === other[key] || (key === 'token' && areFunctions));
}
