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
}

export class AwarenessLedger {
  readonly logs: readonly StateLog[];
  /** ms, of sampled participants. */
  readonly latency = new Histogram();
  readonly payloads = new SharedPayloads<readonly Content[]>();
  sentCount = 0;
  readonly #indexes = new Map<number, number>();

  constructor(scripts: readonly StateScript[]) {
    this.logs = scripts.map(({ clientId, states }) => ({
      clientId,
      counts: new Map(states.map((state, i) => [state, i + 1])),
      sentAt: new Float64Array(states.length),
      sentCount: 0,
    }));
    for (const [i, { clientId }] of scripts.entries()) this.#indexes.set(clientId, i);
  }

  /** Notes that the next state of the client with this index is being sent. */
  sent(client: number, atMs: number): void {
    const log = this.logs[client]!;
    log.sentAt[log.sentCount++] = atMs;
    this.sentCount++;
  }

  /** What an awareness update says of this ledger's clients. */
  entriesOf(update: Uint8Array): readonly StateEntry[] {
    return readAwareness(update).flatMap(({ clientId, clock, state }) => {
      const client = this.#indexes.get(clientId);
      if (client === undefined) return [];
      return [{ client, clock, count: this.logs[client]!.counts.get(state) }];
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
  /** What must not have come. */
  fault: string | undefined;
  readonly #ledger: AwarenessLedger;
  readonly #own: number | undefined;
  readonly #isSampled: boolean;
  /** By client: the clock it is known at, as y-protocols counts, and how many of its states that makes. */
  readonly #clocks: Float64Array;
  readonly #counts: Uint32Array;

  constructor(ledger: AwarenessLedger, own: number | undefined, isSampled: boolean) {
    this.#ledger = ledger;
    this.#own = own;
    this.#isSampled = isSampled;
    this.#clocks = new Float64Array(ledger.logs.length);
    this.#counts = new Uint32Array(ledger.logs.length);
  }

  /** States of others that were sent and have not come. */
  get missing(): number {
    const own = this.#own === undefined ? 0 : this.#ledger.logs[this.#own]!.sentCount;
    return this.#ledger.sentCount - own - this.delivered;
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
}
