// How many updates may be on trial at a time, and how large they may be: for each connection, for each user and for the server
// (V4, V8).

import type { Limits } from '../../shared/limits.js';
import { Gate } from './gate.js';

/** One user may have this part of all trials, on however many connections. */
const userShare = 1 / 4;
/** A gate lets one owner have a quarter of its bytes: twice as many bytes let one user have half of all. */
const userBytes = 2;
const things = 'unusual updates';

/** Whose update it is. */
export interface TrialOwner {
  /** Undefined for the server itself. */
  readonly connection: object | undefined;
  /** The user behind it; undefined where none is known. */
  readonly author: string | undefined;
}

export class TrialGate {
  readonly #connections: Gate<object | undefined>;
  readonly #users: Gate<string>;

  constructor({ maxTrials: count, maxTrialBytes: bytes, maxTrialsPerConnection }: Limits) {
    const countPerOwner = maxTrialsPerConnection;
    this.#connections = new Gate({ count, bytes, countPerOwner, things, owner: 'connection' });
    this.#users = new Gate({
      count,
      bytes: userBytes * bytes,
      countPerOwner: Math.ceil(userShare * count),
      things,
      owner: 'user',
    });
  }

  get count(): number {
    return this.#connections.count;
  }

  /** One more update is on trial until the returned function is called. Throws SyncError RATE_LIMITED. */
  enter({ connection, author }: TrialOwner, bytes: number): () => void {
    const leave = this.#connections.enter(connection, bytes);
    if (author === undefined) return leave;
    try {
      const leaveUser = this.#users.enter(author, bytes);
      return () => {
        leave();
        leaveUser();
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}
