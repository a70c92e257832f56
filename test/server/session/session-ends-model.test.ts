// P8, P9: what clients have asked for at their end, against a plain model, while they come and go in every order, renew their
// tokens, change their mind, and the server is killed at any write and fails for a while.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import type { Append, AppendOutcome } from '../../../server/store/store.js';
import { encodeOperation, type OperationRequest } from '../../../shared/operation.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { NativePeer } from '../../support/native-peer.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { chosenSeed } from '../../support/typist.js';

const root = 'marks';
const maxAwayMs = 2_000;

/** Counts what is written, and how often each key is set; dies after some writes more, or fails now and then. */
class MortalStore extends ControlledStore {
  writesLeft = Infinity;
  readonly timesSet: Map<string, number>;
  readonly #isFailing: () => boolean;

  constructor(before: MortalStore | undefined, isFailing: () => boolean) {
    super(...(before === undefined ? [] : [before.kept]));
    this.timesSet = before?.timesSet ?? new Map<string, number>();
    this.#isFailing = isFailing;
  }

  override async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    if (!this.#isAlive()) return new Promise(() => {});
    for (const { records } of batch) for (const { update } of records) this.#count(update);
    return super.append(batch);
  }

  override async setState(key: string, value: Uint8Array | undefined): Promise<void> {
    return this.setStates(new Map([[key, value]]));
  }

  override async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    if (!this.#isAlive()) return new Promise(() => {});
    if (this.#isFailing()) throw new StoreError('STORE_IO', 'the disk is away');
    return super.setStates(changes);
  }

  #isAlive(): boolean {
    return --this.writesLeft >= 0;
  }

  #count(update: Uint8Array): void {
    for (const struct of Y.decodeUpdate(update).structs)
      if (struct instanceof Y.Item && struct.parentSub !== null)
        this.timesSet.set(struct.parentSub, (this.timesSet.get(struct.parentSub) ?? 0) + 1);
  }
}

/** One running client: its session, its connection, and what it was promised. */
interface Client {
  readonly session: string;
  peer: NativePeer | undefined;
  /** Promised and not called off. */
  readonly promised: Set<string>;
  /** It asked for something and was not answered, or was told of a failure: that may happen or not. */
  readonly unsure: Set<string>;
  /** It was without a connection: its session may have ended, and what it calls off may have happened. */
  wasAway: boolean;
}

class World {
  readonly #random: SeededRandom;
  #server: SessionServer;
  #store: MortalStore;
  #isFailing = false;
  #keys = 0;
  readonly #clients = new Set<Client>();
  /** What must have happened once everything is over, and what may have. */
  readonly #due = new Set<string>();
  readonly #maybe = new Set<string>();

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#store = new MortalStore(undefined, () => this.#isFailing && random.chance(0.5));
    this.#server = this.#start();
  }

  async step(): Promise<void> {
    const what = this.#random.int(24);
    const client = this.#random.pick([...this.#clients, undefined]);
    this.#isFailing = this.#random.chance(0.1);
    if (client === undefined || what < 2) await this.#come();
    else if (what < 9) await this.#ask(client);
    else if (what < 11) await this.#cancel(client);
    else if (what < 14) this.#leave(client);
    else if (what < 16) client.peer?.terminate();
    else if (what < 19) await this.#connect(client);
    else if (what < 21) client.peer?.say({ type: 'token', token: 'write' });
    else if (what < 22) await this.#kill();
    await this.#server.run(this.#random.pick([5, 60, 500, 3_000]), 20);
    for (const one of this.#clients) this.#lookAt(one);
  }

  /** Everybody goes, and everything that is due happens. Returns what is wrong. */
  async end(): Promise<string[]> {
    this.#isFailing = false;
    for (const client of this.#clients) await this.#connect(client);
    for (const client of this.#clients) this.#leave(client);
    await this.#server.run(200_000, 1_000);
    const { timesSet } = this.#store;
    const faults = [...this.#due]
      .filter((key) => timesSet.get(key) !== 1)
      .map((key) => `${key}: ${timesSet.get(key)} times`);
    for (const [key, times] of timesSet)
      if (!this.#due.has(key) && (!this.#maybe.has(key) || times > 1))
        faults.push(`${key}: ${times} times, and was called off`);
    for await (const [key] of this.#store.listState('on-disconnect/')) faults.push(`${key} is still kept`);
    await this.#server.close();
    return faults;
  }

  #start(): SessionServer {
    return createSessionServer({ store: this.#store, limits: { maxAwayMs } });
  }

  async #come(): Promise<void> {
    const session = `a client with number ${++this.#keys}`;
    const client = {
      session,
      peer: undefined,
      promised: new Set<string>(),
      unsure: new Set<string>(),
      wasAway: false,
    };
    this.#clients.add(client);
    await this.#connect(client);
  }

  /** The client comes back, or moves to another connection. */
  async #connect(client: Client): Promise<void> {
    client.peer = new NativePeer(this.#server.transport, { session: client.session });
    await this.#server.run(20);
    client.peer.open('doc');
    await this.#server.run(60);
  }

  async #ask(client: Client): Promise<void> {
    const key = `k${++this.#keys}`;
    client.unsure.add(key);
    const code = await this.#operate(client, { do: 'set', path: [root, key], value: 1 });
    if (code !== '') return;
    client.unsure.delete(key);
    client.promised.add(key);
  }

  async #cancel(client: Client): Promise<void> {
    const key = this.#random.pick([...client.promised, undefined]);
    if (key === undefined) return;
    client.promised.delete(key);
    client.unsure.add(key);
    const code = await this.#operate(client, { do: 'cancel', path: [root, key] });
    if (code !== '') return;
    client.unsure.delete(key);
    if (client.wasAway) this.#maybe.add(key);
  }

  async #operate({ peer }: Client, request: OperationRequest): Promise<string | undefined> {
    const document = peer?.documents[0]?.number ?? 0;
    if (peer === undefined || peer.closed !== undefined || document === 0) return undefined;
    const id = ++this.#keys;
    peer.say({ type: 'operate', document, id, isAtEnd: true, operation: encodeOperation(request) });
    await this.#server.run(40);
    return peer.heardOf('result').find((result) => result.id === id)?.code;
  }

  #leave(client: Client): void {
    if (client.peer === undefined || client.peer.closed !== undefined) return;
    client.peer.say({ type: 'leave' });
    client.peer.end.close(1000, '');
    this.#over(client);
  }

  /** A client whose connection is lost may have been given up by the server. */
  #lookAt(client: Client): void {
    if (client.peer?.closed === undefined) return;
    client.peer = undefined;
    client.wasAway = true;
  }

  /** The client's next session is another one. */
  #over(client: Client): void {
    for (const key of client.promised) this.#due.add(key);
    for (const key of client.unsure) this.#maybe.add(key);
    this.#clients.delete(client);
  }

  async #kill(): Promise<void> {
    this.#store.writesLeft = this.#random.int(4);
    await this.#server.run(this.#random.pick([5, 100, 1_000]), 20);
    this.#store = new MortalStore(this.#store, () => this.#isFailing && this.#random.chance(0.5));
    this.#server = this.#start();
    await this.#server.gateway.resume();
    for (const client of this.#clients) {
      client.peer = undefined;
      client.wasAway = true;
    }
  }
}

const seed = chosenSeed();

describe('what is to change when sessions end', () => {
  it(`P8, P9: happens once, and nothing else does (HEDDLE_SEED=${seed}, 40 worlds)`, async () => {
    for (let run = 0; run < 40; run++) {
      const world = new World(new SeededRandom(seed + run));
      for (let step = 0; step < 40; step++) await world.step();
      expect(await world.end(), `HEDDLE_SEED=${seed + run}`).toEqual([]);
    }
  }, 120_000);
});
