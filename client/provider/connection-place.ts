// A document's place on a connection: which one it is on, whether that is for its user, and when it goes to another.

import type { ErrorCode } from '../../shared/errors.js';
import type { Connection } from '../connection/connection.js';
import type { CopyOwner } from '../offline/copy-owner.js';
import type { ConnectionUser } from './before-wipe.js';
import type { HeddleConnection, HeddleConnectionOptions } from './heddle-connection.js';
import { sharedConnection, type Share, type Where } from './shared-connections.js';

export interface ConnectionPlaceDeps {
  readonly url: string;
  readonly name: string;
  /** Of a shared connection. */
  readonly options: HeddleConnectionOptions;
  /** Undefined: a shared one. */
  readonly connection: HeddleConnection | undefined;
  readonly user: ConnectionUser;
  /** The connection is wanted. */
  readonly isWanted: () => boolean;
  /** Listens to the connection until all that it returns is called. */
  readonly listen: (connection: HeddleConnection) => readonly (() => void)[];
  /** It is on another connection. `isForUser`: because that one is for its user; so the documents in it are to follow. */
  readonly moved: (isForUser: boolean) => void;
  /** `isIn` is another. */
  readonly membershipChanged: () => void;
}

export class ConnectionPlace {
  readonly #deps: ConnectionPlaceDeps;
  #share: Share | undefined;
  #connection: HeddleConnection;
  #stop: readonly (() => void)[] = [];
  /** Of a subdocument: that of its parent. */
  parent: ConnectionPlace | undefined;

  /** Throws TypeError where the URL is none. */
  constructor(deps: ConnectionPlaceDeps) {
    this.#deps = deps;
    this.#share = deps.connection === undefined ? this.#shared('anywhere') : undefined;
    this.#connection = deps.connection ?? this.#share!.connection;
  }

  get connection(): HeddleConnection {
    return this.#connection;
  }

  /** The connection is for the user of this document, and of that which it hangs in. */
  get isIn(): boolean {
    return this.#share?.isIn !== false && this.parent?.isIn !== false;
  }

  /** With which server and user the document is kept. */
  async owner(): Promise<CopyOwner> {
    // At once: it may be let go of in this turn.
    const token = this.#share?.token;
    // Of a subdocument the parent is known when it has been made.
    await Promise.resolve();
    return this.parent === undefined ? this.#connection.owner(token) : this.parent.owner();
  }

  join(): void {
    this.#connection.claim(this.#deps.name);
    this.#stop = this.#deps.listen(this.#connection);
  }

  retain(): void {
    this.#connection.retain(this.#deps.user);
    if (this.#connection.state === 'blocked') this.#connection.connect();
  }

  leave(): void {
    this.#leaveConnection();
    this.#share?.letGo();
  }

  /** The document cannot be opened where it is; on the connection that this returns it may be. */
  moveFor(why: ErrorCode): Connection | undefined {
    const hasMoved = why === 'RATE_LIMITED' ? this.#moveFromFull() : why === 'FORBIDDEN' && this.#moveToOwn();
    return hasMoved ? this.#connection.wire : undefined;
  }

  /** The document that this one hangs in is there. */
  follow(connection: HeddleConnection): void {
    this.#moveTo(connection, undefined, true);
  }

  /** K39: more documents were opened than the server takes on one connection, before it had said how many. */
  #moveFromFull(): boolean {
    const share = this.#nearestShare();
    if (share === undefined || !this.#connection.isOverfull) return false;
    this.#moveToShare(share.isAlone ? 'alone' : { apartFor: this.#connection.token }, false);
    return true;
  }

  /** A token that was asked for by another user's function does not allow the document; one by its own function may. */
  #moveToOwn(): boolean {
    const ofParent = this.parent?.connection ?? this.#connection;
    if (ofParent !== this.#connection) this.follow(ofParent);
    else if (this.#share?.hasOthersTokens === true) this.#moveToShare('alone', true);
    else return false;
    return true;
  }

  /** The application's own connection is none. */
  #nearestShare(): Share | undefined {
    return this.#share ?? (this.parent === undefined ? undefined : this.parent.#nearestShare());
  }

  #moveToShare(where: Where, isForUser: boolean): void {
    const share = this.#shared(where);
    this.#moveTo(share.connection, share, isForUser);
  }

  #moveTo(connection: HeddleConnection, share: Share | undefined, isForUser: boolean): void {
    const before = this.#share;
    this.#leaveConnection();
    this.#share = share;
    this.#connection = connection;
    this.join();
    if (this.#deps.isWanted()) this.retain();
    this.#deps.moved(isForUser);
    before?.letGo();
  }

  #leaveConnection(): void {
    for (const stop of this.#stop) stop();
    this.#connection.names.delete(this.#deps.name);
    this.#connection.release(this.#deps.user);
  }

  #shared(where: Where): Share {
    const { url, name, options } = this.#deps;
    const changed = (): void => this.#deps.membershipChanged();
    const apart = (apartFor: string | undefined): void => this.#moveToShare({ apartFor }, true);
    return sharedConnection({ url, name, options, changed, apart }, where);
  }
}
