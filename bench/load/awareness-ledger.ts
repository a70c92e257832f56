// What awareness states were set in one room, and when, and what of them came. States are known by what they say: servers
// may count clocks on. And they may join states and skip what was superseded: a state has come when it or a later one of
// that client did.

import { DeliveryError } from '../measurement.js';
import { readAwareness } from './awareness-entries.js';
import type { Content, StateEntry } from './content.js';
import { Histogram } from './histogram.js';
import { MissingError } from './missing-error.js';
import { SharedPayloads } from './shared-payloads.js';

/** States one client is to set, in order; no two are the same text, as JSON.stringify writes it. */
export interface StateScript {
  readonly clientId: number;
  readonly states: readonly string[];
}

interface StateLog {
  readonly clientId: number;
  /** How many states were set when this one was, by its text. */
  readonly counts: ReadonlyMap<string, number>;
  readonly sentAt: Float64Array;
  sentCount: number;
  /** It has left: its state is to go. */
  isGone: boolean;
}

/** What stands in the place of a state that has gone, among the counts of states. */
const gone = -1;

export class AwarenessLedger {
  readonly logs: readonly StateLog[];
  /** ms, of sampled participants. */
  readonly latency = new Histogram();
  readonly payloads = new SharedPayloads<readonly Content[]>();
  sentCount = 0;
  /** Clients that have left after they had set a state. */
  goneCount = 0;
  readonly #indexes = new Map<number, number>();

  constructor(scripts: readonly StateScript[]) {
    this.logs = scripts.map(({ clientId, states }) => ({
      clientId,
      counts: new Map(states.map((state, i) => [state, i + 1])),
      sentAt: new Float64Array(states.length),
      sentCount: 0,
      isGone: false,
    }));
    for (const [i, { clientId }] of scripts.entries()) this.#indexes.set(clientId, i);
  }

  /** Notes that the next state of the client with this index is being sent. */
  sent(client: number, atMs: number): void {
    const log = this.logs[client]!;
    log.sentAt[log.sentCount++] = atMs;
    this.sentCount++;
  }

  /** Notes that the client with this index is leaving, whose state is to go. */
  left(client: number): void {
    this.logs[client]!.isGone = true;
    this.goneCount++;
  }

  /** What an awareness update says of this ledger's clients. */
  entriesOf(update: Uint8Array): readonly StateEntry[] {
    return readAwareness(update).flatMap(({ clientId, clock, state }) => {
      const client = this.#indexes.get(clientId);
      if (client === undefined) return [];
      return [{ client, clock, count: state === 'null' ? gone : this.logs[client]!.counts.get(state) }];
    });
  }

  arrivals(clientId: number | undefined, isSampled: boolean): StateArrivals {
    const own = clientId === undefined ? undefined : this.#indexes.get(clientId);
    return new StateArrivals(this, own, isSampled);
  }
}

/** At one participant. */
export class StateArrivals {
  /** States of others that came, or were superseded by one that came. */
  delivered = 0;
  /** Clients that it was told are gone. */
  departed = 0;
  /** What must not have come. */
  fault: string | undefined;
  readonly #ledger: AwarenessLedger;
  readonly #own: number | undefined;
  readonly #isSampled: boolean;
  /** By client: the clock it is known at, as y-protocols counts, and how many of its states that makes. */
  readonly #clocks: Float64Array;
  readonly #counts: Uint32Array;
  readonly #hasLeft: Uint8Array;

  constructor(ledger: AwarenessLedger, own: number | undefined, isSampled: boolean) {
    this.#ledger = ledger;
    this.#own = own;
    this.#isSampled = isSampled;
    this.#clocks = new Float64Array(ledger.logs.length);
    this.#counts = new Uint32Array(ledger.logs.length);
    this.#hasLeft = new Uint8Array(ledger.logs.length);
  }

  /** States of others that were sent and have not come, and clients that have left and are still there. */
  get missing(): number {
    const own = this.#own === undefined ? 0 : this.#ledger.logs[this.#own]!.sentCount;
    return this.#ledger.sentCount - own - this.delivered + this.#ledger.goneCount - this.departed;
  }

  take(entries: readonly StateEntry[], nowMs: number): void {
    for (const { client, clock, count } of entries) {
      if (client === this.#own || clock <= this.#clocks[client]!) continue;
      this.#clocks[client] = clock;
      this.#came(client, count, nowMs);
    }
  }

  /** Throws DeliveryError when something else came than was sent, MissingError when the last state of one has not. */
  verify(who: string): void {
    if (this.fault !== undefined) throw new DeliveryError(`${who}: ${this.fault}`);
    for (const [client, { clientId, sentCount }] of this.#ledger.logs.entries()) {
      const count = this.#counts[client]!;
      if (client !== this.#own && count < sentCount)
        throw new MissingError(`${who}: got state ${count} of client ${clientId}, which sent ${sentCount}`);
    }
  }

  #came(client: number, count: number | undefined, nowMs: number): void {
    const log = this.#ledger.logs[client]!;
    const had = this.#counts[client]!;
    if (count === gone) return this.#went(client);
    if (count === undefined || count > log.sentCount || count < had) {
      const what = count === undefined ? 'a state it never set' : `its state ${count} after ${had}`;
      this.fault ??= `client ${log.clientId} came with ${what}, and had sent ${log.sentCount}`;
      return;
    }
    this.#counts[client] = count;
    this.delivered += count - had;
    if (!this.#isSampled) return;
    for (let i = had; i < count; i++) this.#ledger.latency.add(nowMs - log.sentAt[i]!);
  }
  /** What it had not been told of the client before it left counts as superseded. */
  #went(client: number): void {
    const { clientId, isGone, sentCount } = this.#ledger.logs[client]!;
    if (!isGone) {
      this.fault ??= `client ${clientId} was said to be gone, and has not left`;
      return;
    }
    if (this.#hasLeft[client] === 1) return;
    this.#hasLeft[client] = 1;
    this.departed++;
    this.delivered += sentCount - this.#counts[client]!;
    this.#counts[client] = sentCount;
  }
}
