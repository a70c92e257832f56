// A document's place on a connection: which one it is on, and when it goes to another.

import type { ErrorCode } from '../../shared/errors.js';
import type { Connection } from '../connection/connection.js';
import type { ConnectionUser } from './before-wipe.js';
import type { HeddleConnection, HeddleConnectionOptions } from './heddle-connection.js';
import { sharedConnection, type Share } from './shared-connections.js';

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
  /** It is on another connection. */
  readonly moved: () => void;
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
    this.#share = deps.connection === undefined ? this.#shared(false) : undefined;
    this.#connection = deps.connection ?? this.#share!.connection;
  }

  get connection(): HeddleConnection {
    return this.#connection;
  }

  join(): void {
    this.#connection.names.add(this.#deps.name);
    this.#stop = this.#deps.listen(this.#connection);
  }

  leave(): void {
    for (const stop of this.#stop) stop();
    this.#connection.names.delete(this.#deps.name);
    this.#connection.release(this.#deps.user);
    this.#share?.letGo();
  }

  /** The document cannot be opened where it is; on the connection that this returns it may be. */
  moveFor(why: ErrorCode): Connection | undefined {
    if (why === 'RATE_LIMITED') return this.#moveFromFull();
    return why === 'FORBIDDEN' ? this.#moveToOwn() : undefined;
  }

  /** K39: more documents were opened than the server takes on one connection, before it had said how many. */
  #moveFromFull(): Connection | undefined {
    const share = this.#nearestShare();
    return share !== undefined && this.#connection.isOverfull
      ? this.#moveTo(undefined, share.isAlone)
      : undefined;
  }

  /** A token that was asked for by another user's function does not allow the document; one by its own function may. */
  #moveToOwn(): Connection | undefined {
    const ofParent = this.#share === undefined ? this.parent?.connection : undefined;
    if (ofParent !== undefined && ofParent !== this.#connection) return this.#moveTo(ofParent);
    return this.#share?.hasOthersTokens === true ? this.#moveTo(undefined, true) : undefined;
  }

  /** The application's own connection is none. */
  #nearestShare(): Share | undefined {
    return this.#share ?? (this.parent === undefined ? undefined : this.parent.#nearestShare());
  }

  /** To that one, or to a shared one. */
  #moveTo(to: HeddleConnection | undefined, isAlone = false): Connection {
    this.leave();
    this.#share = to === undefined ? this.#shared(isAlone) : undefined;
    this.#connection = to ?? this.#share!.connection;
    this.join();
    if (this.#deps.isWanted()) this.#connection.retain(this.#deps.user);
    this.#deps.moved();
    return this.#connection.wire;
  }

  #shared(isAlone: boolean): Share {
    const { url, name, options } = this.#deps;
    return sharedConnection(url, name, options, isAlone);
  }
}
