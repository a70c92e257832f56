// O2, as far as it is seen from outside of a simulated server: what it keeps for whoever is there has a bound, what it gives
// its store has one, and when everybody has left nothing is kept for anybody.

import type { Append } from '../../server/store/store.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { Limits } from '../../shared/limits.js';
import type { Timeline } from './timeline.js';

/** What is looked at of a server. */
interface Served {
  readonly clock: { readonly pending: number };
  readonly server: {
    readonly sessions: { readonly size: number };
    readonly registry: { readonly size: number };
  };
}

/** Timers of a server that serves nobody: it looks at its rooms, and at its sessions. */
const timersAtRest = 2;
/** And for each connection and document, whatever goes on there. */
const timersForEach = 8;
/** Whoever waits for a document that is being loaded is waited for until that is done, also when the connection has gone. */
const timersOfGone = 100;

export class Bounds {
  readonly #timeline: Pick<Timeline, 'violate'>;
  readonly #limits: Limits;

  constructor(timeline: Pick<Timeline, 'violate'>, limits: Limits) {
    this.#timeline = timeline;
    this.#limits = limits;
  }

  /** A timer is what a server forgets most easily. */
  checkTimers({ clock, server }: Served, documents: number): void {
    const { size } = server.sessions;
    const most = timersAtRest + timersForEach * (size + documents) + timersOfGone;
    if (clock.pending > most)
      this.#violate(`${clock.pending} timers for ${size} connections and ${documents} documents`);
  }

  /** An update is taken while there is room for more, so the last one may go beyond the bound. */
  checkBatch(batch: readonly Append[]): void {
    const sizes = batch.flatMap(({ records }) => records.map(({ update }) => update.length));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const { maxUncommittedBytes } = this.#limits;
    if (bytes - Math.max(0, ...sizes) > maxUncommittedBytes)
      this.#violate(`${bytes} bytes in ${sizes.length} updates are given to the store at once`);
  }

  checkKept(document: DocumentName, bytes: number): void {
    if (bytes > this.#limits.maxKeptLogBytes)
      this.#violate(`${bytes} bytes of log are kept before the checkpoint of ${document}`);
  }

  /** Everybody has left, some time ago. */
  checkEmpty({ clock, server }: Served): void {
    const { sessions, registry } = server;
    if (sessions.size > 0) this.#violate(`${sessions.size} connections are left of nobody`);
    if (clock.pending > timersAtRest) this.#violate(`${clock.pending} timers are left of nobody`);
    if (this.#limits.maxIdleBytes === 0 && registry.size > 0)
      this.#violate(`${registry.size} documents that nobody has open are kept in memory`);
  }

  #violate(what: string): void {
    this.#timeline.violate('O2', what);
  }
}
