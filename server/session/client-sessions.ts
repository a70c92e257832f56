// Which connection each running client has now. A client that comes back on another transport, or before the server has
// noticed that the old connection is dead, is the same client session: the old connection ends at once, and gives back what
// it holds. Owns nothing else.

import { SyncError } from '../../shared/errors.js';

/** A connection, as far as it is needed here. */
export interface SessionHolder {
  refuse(error: SyncError): void;
}

/** Whose session it is: the name counts for its user alone. */
interface SessionName {
  /** Undefined for nobody. */
  readonly user: string | undefined;
  /** As `hello` gives it, if it does. */
  readonly session: string | undefined;
}

/** What is shorter can be guessed; what is longer is no name of ours. Characters. */
const shortest = 16;
const longest = 64;

export class ClientSessions {
  readonly #byName = new Map<string, SessionHolder>();
  readonly #names = new Map<SessionHolder, string>();

  /** The session goes on with this connection. The one that had it is ended with SESSION_MOVED. */
  enter(holder: SessionHolder, { user, session }: SessionName): void {
    if (session === undefined || session.length < shortest || session.length > longest) return;
    const name = JSON.stringify([user, session]);
    const previous = this.#byName.get(name);
    this.#byName.set(name, holder);
    this.#names.set(holder, name);
    if (previous === undefined) return;
    this.#names.delete(previous);
    previous.refuse(new SyncError('SESSION_MOVED', 'the client goes on with another connection'));
  }

  /** The connection ends. */
  leave(holder: SessionHolder): void {
    const name = this.#names.get(holder);
    if (name === undefined) return;
    this.#names.delete(holder);
    this.#byName.delete(name);
  }
}
