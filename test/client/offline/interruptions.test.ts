// Tabs that come, go and are killed at any moment, transactions that fail, and a server beside them: what was said to be
// saved is there, and no edit stays behind unseen. HEDDLE_SEED replays one run.

import { forceCloseDatabase } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { PendingEdits } from '../../../client/offline/loaded-copy.js';
import type { Clock } from '../../../shared/clock.js';
import { Device, Tab } from '../../support/offline-device.js';
import { chooseSeed, withSeed, type SeededRandom } from '../../support/seeded-random.js';
import { settled } from '../../support/turns.js';

const runs = Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 60);
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const steps = 60;

type Tokens = ReadonlySet<string>;

const tokensOf = (doc: Y.Doc): Tokens => new Set(doc.getMap('edits').keys());

function tokensIn(updates: readonly (Uint8Array | undefined)[]): Tokens {
  const doc = new Y.Doc();
  for (const update of updates) if (update !== undefined) Y.applyUpdate(doc, update);
  return tokensOf(doc);
}

/** Throws when some of them are missing. */
function check(all: Tokens, some: Iterable<string>, what: string): void {
  const missing = [...some].filter((one) => !all.has(one));
  if (missing.length > 0) throw new Error(`${what}: ${missing.join(', ')}`);
}

/** What the server has, by offset. */
class Server {
  readonly doc = new Y.Doc();
  readonly log: Uint8Array[] = [];

  accept(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update);
    this.log.push(update);
  }
}

/** A tab with what its provider knows. */
class Client extends Tab {
  /** Edits that are not acknowledged, oldest first. */
  outbox: PendingEdits[] = [];
  offset = 0;
  /** All that the server may lack is in the outbox. */
  isComplete = false;
  readonly own = new Set<string>();
  readonly databases: IDBDatabase[];

  constructor(device: Device, random: SeededRandom) {
    let isDead = false;
    const databases: IDBDatabase[] = [];
    const locks = device.locks.tab();
    const holder: { doc?: Y.Doc } = {};
    super('doc', {
      ...device.deps,
      clock: mortal(device.clock, () => isDead),
      factory: watched(device.factory, databases),
      locks: {
        ...locks,
        kill: () => {
          isDead = true;
          locks.kill();
        },
      } as typeof locks,
      ...(random.chance(0.5) ? { encodeDocument: () => Y.encodeStateAsUpdate(holder.doc!) } : {}),
    });
    holder.doc = this.doc;
    this.databases = databases;
    this.doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (local) this.outbox.push({ update, edits: 1 });
    });
  }
}

function editsIn(pending: readonly PendingEdits[]): number {
  return pending.reduce((sum, { edits }) => sum + edits, 0);
}

/** A clock whose timers end with the tab. */
function mortal(clock: Clock, isDead: () => boolean): Clock {
  return {
    ...clock,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(delayMs, () => void (isDead() || run())),
  };
}

function watched(factory: IDBFactory, databases: IDBDatabase[]): IDBFactory {
  return {
    open: (name: string) => {
      const request = factory.open(name);
      request.addEventListener('success', () => databases.push(request.result));
      return request;
    },
    databases: () => factory.databases(),
  } as IDBFactory;
}

class Play {
  readonly #random: SeededRandom;
  readonly #device: Device;
  readonly #server = new Server();
  #clients: Client[] = [];
  /** What some tab said was saved. */
  readonly #saved = new Set<string>();
  #made = 0;
  readonly counts = { kills: 0, resumed: 0, compared: 0, pending: 0, failures: 0 };

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#device = new Device(random);
  }

  async step(): Promise<void> {
    const random = this.#random;
    if (this.#clients.length === 0) await this.#open();
    const client = random.pick(this.#clients);
    const action = random.int(100);
    if (action < 40) this.#edit(client);
    else if (action < 52) this.#send(client);
    else if (action < 64) this.#receive(client);
    else if (action < 74) this.#device.clock.advance(random.pick([20, 100, 1_000, 20_000]));
    else if (action < 80) this.#fail();
    else if (action < 84) void client.copy.flush().catch(() => {});
    else if (action < 90 && this.#clients.length < 3) await this.#open();
    else if (action < 94) this.#kill(client);
    else if (action < 96) this.#crash();
    else if (action < 98) await this.#close(client);
    if (random.chance(0.7)) await settled(random.int(12));
    this.#note();
  }

  /** The browser is gone; then somebody comes back. */
  async end(): Promise<void> {
    this.#crash();
    vi.restoreAllMocks();
    await settled(20);
    await this.#open();
    const [last] = this.#clients;
    this.#receive(last!);
    while (last!.outbox.length > 0) this.#send(last!);
    check(tokensOf(this.#server.doc), tokensOf(last!.doc), 'never sent');
    await this.#close(last!);
    check(new Set(), this.#device.locks.names, 'locks that are held still');
  }

  async #open(): Promise<void> {
    vi.restoreAllMocks();
    const client = new Client(this.#device, this.#random);
    const { update, position, pending } = await client.load();
    const found = tokensIn([update]);
    check(found, this.#saved, 'saved and not there');
    client.outbox = [...pending, ...client.outbox];
    if (pending.length > 0) this.counts.pending++;
    if (position === undefined) this.counts.compared++;
    else {
      this.counts.resumed++;
      client.isComplete = true;
      client.offset = position.offset;
      const sent = tokensIn(this.#server.log.slice(0, position.offset));
      check(found, sent, 'skipped by the position');
      const cared = this.#clients.flatMap((other) => [...tokensOf(other.doc)]);
      const sentOnReturn = tokensIn([
        Y.encodeStateAsUpdate(this.#server.doc),
        ...pending.map((one) => one.update),
      ]);
      const covered = new Set([...sentOnReturn, ...cared]);
      check(covered, found, 'neither pending nor on the server');
    }
    this.#clients.push(client);
  }

  #edit(client: Client): void {
    const token = `${this.#made++}`;
    client.own.add(token);
    const edit = (): unknown =>
      client.doc.getMap('edits').set(token, this.#random.pick(['x', 'y'.repeat(3_000)]));
    client.doc.once('update', (update: Uint8Array) => {
      // The channel between tabs is fast, or the other has not heard it yet.
      for (const other of this.#clients)
        if (other !== client && this.#random.chance(0.7)) other.receive(update);
    });
    edit();
  }

  #send(client: Client): void {
    if (!client.isComplete) return this.#compare(client);
    const count = Math.min(client.outbox.length, 1 + this.#random.int(3));
    const sent = client.outbox.splice(0, count);
    for (const { update } of sent) this.#server.accept(update);
    // The answer may be lost with the connection: then they are sent again.
    client.copy.durable(editsIn(sent));
  }

  #receive(client: Client): void {
    if (!client.isComplete) return this.#compare(client);
    for (const update of this.#server.log.slice(client.offset)) client.receive(update);
    client.offset = this.#server.log.length;
    client.copy.reached({ epoch: 'e', offset: client.offset });
  }

  #compare(client: Client): void {
    this.#server.accept(Y.encodeStateAsUpdate(client.doc));
    client.copy.durable(editsIn(client.outbox));
    client.outbox = [];
    client.isComplete = true;
    client.offset = 0;
    this.#receive(client);
  }

  /** Some of the next writes fail: refused, or aborted on their way. */
  #fail(): void {
    this.counts.failures++;
    const name = this.#random.pick(['add', 'put', 'delete'] as const);
    const isRefused = this.#random.chance(0.5);
    const original = IDBObjectStore.prototype[name] as (...args: unknown[]) => never;
    vi.spyOn(IDBObjectStore.prototype, name).mockImplementationOnce(function (
      this: IDBObjectStore,
      ...args: unknown[]
    ) {
      if (isRefused) throw new DOMException('full', 'QuotaExceededError');
      const request = original.apply(this, args);
      this.transaction.abort();
      return request;
    });
  }

  #kill(client: Client): void {
    this.counts.kills++;
    this.#clients = this.#clients.filter((other) => other !== client);
    client.kill();
    for (const database of client.databases) {
      // What was on its way may come to its end, or not.
      if (this.#random.chance(0.5)) forceCloseDatabase(database as never);
      else database.close();
    }
    // The others notice, and compare.
    for (const other of this.#clients) other.isComplete = false;
  }

  #crash(): void {
    for (const client of this.#clients) this.#kill(client);
  }

  async #close(client: Client): Promise<void> {
    this.#clients = this.#clients.filter((other) => other !== client);
    await client.copy.close();
    for (const other of this.#clients) other.isComplete = false;
  }

  #note(): void {
    for (const { copy, own } of this.#clients)
      if (copy.isSaved) for (const token of own) this.#saved.add(token);
  }
}

async function play(seed: number): Promise<Play['counts']> {
  return withSeed(seed, async (random) => {
    const world = new Play(random);
    for (let step = 0; step < steps; step++) await world.step();
    await world.end();
    return world.counts;
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

const seed = chooseSeed();

test(`I1, I3, I4, I8: tabs killed at any moment, from seed ${seed} on`, { timeout: 120_000 }, async () => {
  const sum = { kills: 0, resumed: 0, compared: 0, pending: 0, failures: 0 };
  for (let run = 0; run < (isReplay ? 1 : runs); run++) {
    const counts = await play(seed + run);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += counts[key];
  }
  console.info(`${runs} runs from seed ${seed}`, sum);
  if (!isReplay) expect(Math.min(...Object.values(sum))).toBeGreaterThan(0);
});
