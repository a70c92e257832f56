// How many updates may be on trial at a time, and how large they may be: for each connection and for the server (V4). Owns
// these numbers.

import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';

/** The server itself has no connection. */
const server = {};
/** One connection may have this part of all bytes that may be on trial, so that it does not shut out the others. */
const connectionShare = 1 / 4;

/** What one connection has on trial. */
interface Own {
  count: number;
  bytes: number;
}

export class TrialGate {
  readonly #limits: Limits;
  readonly #byConnection = new Map<object, Own>();
  #count = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** One more update is on trial until the returned function is called. Throws SyncError RATE_LIMITED. */
  enter(connection: object = server, bytes: number): () => void {
    const { maxTrials, maxTrialBytes, maxTrialsPerConnection } = this.#limits;
    const own = this.#byConnection.get(connection) ?? { count: 0, bytes: 0 };
    const isOver = own.count > 0 && own.bytes + bytes > maxTrialBytes * connectionShare;
    if (own.count >= maxTrialsPerConnection || isOver)
      throw new SyncError('RATE_LIMITED', 'too many unusual updates of this connection are being tried');
    // One that is larger than all together may be goes alone.
    if (this.#count >= maxTrials || (this.#count > 0 && this.#bytes + bytes > maxTrialBytes))
      throw new SyncError('RATE_LIMITED', 'too many unusual updates are being tried');
    this.#byConnection.set(connection, { count: own.count + 1, bytes: own.bytes + bytes });
    this.#count++;
    this.#bytes += bytes;
    return () => this.#leave(connection, bytes);
  }

  #leave(connection: object, bytes: number): void {
    const own = this.#byConnection.get(connection);
    if (own === undefined || own.count === 1) this.#byConnection.delete(connection);
    else this.#byConnection.set(connection, { count: own.count - 1, bytes: own.bytes - bytes });
    this.#count--;
    this.#bytes -= bytes;
  }
}
