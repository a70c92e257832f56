// Who had a message over the limit of the binary. The binary ends such a connection without a word, as it does not read
// the message to its end. So its client is told FRAME_TOO_LARGE when it comes back (T18).

import { hash } from 'node:crypto';

import type { Clock } from '../../shared/clock.js';
import type { UpgradeRequest } from './transport.js';

/** A client that comes back later is not told any more, ms: it may be another one that looks the same from here. */
const tellWithinMs = 5_000;
/** Large messages of a client are counted over so long, ms. */
const rememberedMs = 60_000;
/** From the second time on within a minute it is told so late, ms: older stock clients do not stop when they are told. */
const delayMs = 10_000;
const maxRemembered = 1_000;

interface Entry {
  readonly at: number;
  readonly count: number;
  readonly isTold: boolean;
}

export class OversizeMemory {
  readonly #clock: Clock;
  /** By client, the last one last. */
  readonly #entries = new Map<string, Entry>();
  /** Monotonic time of the last of them. */
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The name of a client here. It says who the client is as well as an upgrade request can: where the request comes from,
   * what it asks for, and with which token. Short, as each connection whose messages may be large keeps its client's.
   */
  clientOf(request: UpgradeRequest): string {
    const { remoteAddress, path, query } = request;
    const said = ['authorization', 'sec-websocket-protocol', 'user-agent'].map((name) =>
      request.header(name),
    );
    // None of them can hold a line break.
    const parts = [remoteAddress, path, query, ...said].join('\n');
    return hash('sha256', parts, 'base64url').slice(0, 22);
  }

  /** A message of this client was too large. */
  note(client: string): void {
    const count = (this.#recent(client)?.count ?? 0) + 1;
    this.#notedAt = this.#clock.monotonic();
    this.#entries.delete(client);
    this.#entries.set(client, { at: this.#notedAt, count, isTold: false });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxRemembered && oldest !== undefined) this.#entries.delete(oldest);
  }

  /**
   * How long to wait until the client that asks is told, ms; undefined when there is nothing to tell. It is told once each
   * time. The client is named only while there is somebody to be told.
   */
  tellAfterMs(request: UpgradeRequest): number | undefined {
    if (this.#clock.monotonic() - this.#notedAt > tellWithinMs) return undefined;
    const client = this.clientOf(request);
    const entry = this.#recent(client);
    if (entry === undefined || entry.isTold || this.#clock.monotonic() - entry.at > tellWithinMs)
      return undefined;
    this.#entries.set(client, { ...entry, isTold: true });
    return entry.count === 1 ? 0 : delayMs;
  }

  #recent(client: string): Entry | undefined {
    const entry = this.#entries.get(client);
    return entry !== undefined && this.#clock.monotonic() - entry.at < rememberedMs ? entry : undefined;
  }
}
