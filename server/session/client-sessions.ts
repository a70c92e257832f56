// Which running clients there are, and which connection each has now. A client that comes back on another transport, before the
// server has noticed that the old connection is dead, or a moment after the connection was lost, is the same client session.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { randomSecret } from '../../shared/random.js';
import {
  clientSessionTable,
  type ClientSessionEvent,
  type ClientSessionState,
} from './client-session-state.js';

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

interface Entry {
  readonly key: string;
  /** Its client has a name to come back by. */
  readonly isNamed: boolean;
  state: ClientSessionState;
  holder: SessionHolder | undefined;
  timer: Timer | undefined;
}

export interface ClientSessionsDeps {
  readonly clock: Clock;
  /** How long a session is waited for that has no connection, ms. */
  readonly maxAwayMs: number;
  /** The session has ended, and nobody can come back to it. `key` is what `enter` has returned. */
  readonly ended: (key: string) => void;
}

/** What is shorter can be guessed; what is longer is no name of ours. Characters. */
const shortest = 16;
const longest = 64;

export class ClientSessions {
  readonly #deps: ClientSessionsDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<SessionHolder, Entry>();
  #isClosed = false;

  constructor(deps: ClientSessionsDeps) {
    this.#deps = deps;
  }

  /**
   * The session goes on with this connection, or begins. A connection that had it is ended with SESSION_MOVED. Returns what the
   * session is known by: no secret, and the same after a restart. A client that gives no name cannot come back to its session.
   */
  enter(holder: SessionHolder, name: SessionName): string {
    const isNamed = mayName(name.session);
    const key = keyOf(name.user, mayName(name.session) ? name.session : randomSecret());
    const entry = this.#entries.get(key) ?? newEntry(key, isNamed);
    this.#entries.set(key, entry);
    const previous = entry.holder;
    this.#step(entry, 'entered');
    if (previous !== undefined) this.#held.delete(previous);
    entry.holder = holder;
    this.#held.set(holder, entry);
    previous?.refuse(new SyncError('SESSION_MOVED', 'the client goes on with another connection'));
    return key;
  }

  /** A session of an earlier run of the server, whose client may come back within this time, ms. */
  restore(key: string, withinMs: number): void {
    if (this.#entries.has(key)) return;
    const entry = newEntry(key, true);
    this.#entries.set(key, entry);
    this.#wait(entry, withinMs);
  }

  /** The connection has ended; `isLost`: without a word of either side. */
  leave(holder: SessionHolder, isLost: boolean): void {
    const entry = this.#held.get(holder);
    if (entry === undefined) return;
    this.#held.delete(holder);
    entry.holder = undefined;
    this.#step(entry, isLost && entry.isNamed ? 'lost' : 'left');
  }

  /** No session ends any more: who is away comes back to the next run of the server. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#entries.values()) timer?.cancel();
  }

  #step(entry: Entry, event: ClientSessionEvent): void {
    const step = clientSessionTable[entry.state][event];
    if (step === undefined || this.#isClosed) return;
    entry.state = step.to;
    switch (step.effect) {
      case 'waited':
        return this.#wait(entry, this.#deps.maxAwayMs);
      case 'found':
        return entry.timer?.cancel();
      case 'over':
        this.#entries.delete(entry.key);
        return this.#deps.ended(entry.key);
    }
  }

  #wait(entry: Entry, ms: number): void {
    entry.timer = this.#deps.clock.after(ms, () => this.#step(entry, 'overdue'));
  }
}

function newEntry(key: string, isNamed: boolean): Entry {
  return { key, isNamed, state: 'away', holder: undefined, timer: undefined };
}

function mayName(session: string | undefined): session is string {
  return session !== undefined && session.length >= shortest && session.length <= longest;
}

function keyOf(user: string | undefined, session: string): string {
  return createHash('sha256')
    .update(JSON.stringify([user ?? null, session]))
    .digest('base64url');
}
