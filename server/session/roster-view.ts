// What one client is told of who is in a document (P14): whether it may see that, and what it has missed while it did not read.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { RosterKind } from '../../shared/native/fields.js';
import { encodeServerFrame } from '../../shared/native/frame.js';
import type { Claims } from '../../shared/permission.js';
import type { Person } from '../../shared/person.js';
import type { News, RosterWatcher } from '../roster/roster-feed.js';
import type { Rosters } from '../roster/rosters.js';
import type { Latest, Outbox } from './outbox.js';
import { TokenBucket } from './token-bucket.js';

/** What all views of a server share. */
export interface RosterViewDeps {
  readonly clock: Clock;
  readonly rosters?: Rosters | undefined;
  /** Whether a user may see who is in a document that the user has open. Default: nobody may. */
  readonly maySeeRoster?: ((claims: Claims) => boolean) | undefined;
}

/** Whose view it is. */
export interface RosterViewHost {
  readonly outbox: Outbox;
  readonly rights: { readonly claims: Claims | undefined };
}

/** A request costs the server more than the client: so many at once, then one per this time. */
const maxRequests = 20;
const requestEveryMs = 1_000;

/** off: nobody asks. denied: the client has asked, and may not see it. on: it is told. */
type State = 'off' | 'denied' | 'on';

export class RosterView implements RosterWatcher, Latest {
  readonly #deps: RosterViewDeps;
  readonly #host: RosterViewHost;
  readonly #name: DocumentName;
  readonly #document: number;
  readonly #requests: TokenBucket;
  #state: State = 'off';
  #stop: (() => void) | undefined;
  /** Who has changed since the client had no room for more, by user; and whether it has to be told of everybody. */
  #missed: Map<string, Person> | undefined;
  #hasMissedWhole = false;

  constructor(deps: RosterViewDeps, of: { host: RosterViewHost; name: DocumentName; document: number }) {
    this.#deps = deps;
    this.#host = of.host;
    this.#name = of.name;
    this.#document = of.document;
    this.#requests = new TokenBucket(deps.clock, maxRequests, requestEveryMs);
  }

  /** The client asks for it, anew if it is told already, or does not want it any more. Throws SyncError RATE_LIMITED. */
  watch(isOn: boolean): void {
    if (!this.#requests.take()) throw new SyncError('RATE_LIMITED', 'too many requests for who is here');
    this.close();
    if (isOn) this.#begin();
  }

  /** Another token has come into force: what the client may see is looked at again. */
  look(): void {
    if (this.#state === 'off' || this.#maySee === (this.#state === 'on')) return;
    this.close();
    this.#begin();
  }

  /** `news` is encoded once for all who are told it. */
  tell(news: readonly News[]): void {
    const { outbox } = this.#host;
    if (this.#missed === undefined && outbox.isClear) {
      for (const one of news) outbox.send(one.frame((what) => this.#encode(what)));
      return;
    }
    this.#missed ??= new Map();
    for (const { kind, people } of news) {
      if (kind === 'whole') {
        this.#missed.clear();
        this.#hasMissedWhole = true;
      }
      for (const person of people) this.#missed.set(person.user, person);
    }
    outbox.sendLatest(this);
  }

  encodeLatest(): Uint8Array {
    const people = [...(this.#missed?.values() ?? [])];
    const kind = this.#hasMissedWhole ? 'whole' : 'change';
    this.#missed = undefined;
    this.#hasMissedWhole = false;
    return this.#encode({ kind, people });
  }

  close(): void {
    this.#state = 'off';
    this.#stop?.();
    this.#stop = undefined;
    this.#missed = undefined;
    this.#hasMissedWhole = false;
    this.#host.outbox.forget(this);
  }

  get #maySee(): boolean {
    const { claims } = this.#host.rights;
    return (
      claims !== undefined && this.#deps.rosters !== undefined && this.#deps.maySeeRoster?.(claims) === true
    );
  }

  #begin(): void {
    const { rosters } = this.#deps;
    if (rosters === undefined || !this.#maySee) {
      this.#state = 'denied';
      return this.#host.outbox.send(this.#encode({ kind: 'denied', people: [] }));
    }
    this.#state = 'on';
    this.#stop = rosters.watch(this.#name, this);
  }

  #encode({ kind, people }: { readonly kind: RosterKind; readonly people: readonly Person[] }): Uint8Array {
    return encodeServerFrame({ type: 'roster', document: this.#document, kind, people });
  }
}
