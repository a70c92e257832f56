// Kills a server that is being written to, at random instants, again and again: whatever a client was told is safe must
// be there afterwards. HEDDLE_SEED repeats a run as far as chance goes, HEDDLE_CYCLES sets its length.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { Random } from '../support/histories.js';
import { Coverage, connectRaw, RawClient } from '../support/raw-client.js';
import { openRawWebSocket } from '../support/raw-socket.js';
import { makeFolder, runHeddle, ServerProcess, startServer } from '../support/server-process.js';
import { until } from '../support/stock-client.js';
import { chosenSeed } from '../support/typist.js';

const cycles = Number(process.env['HEDDLE_CYCLES'] ?? '') || 14;
const seed = chosenSeed();

/** The hot document gets enough for checkpoints: see `pasted`. */
const documents = ['hot', 'warm', 'cold'];
const writersOf: Readonly<Record<string, number>> = { hot: 4, warm: 2, cold: 1 };
const editEveryMs = 20;
/** In some cycles the server lives long enough for a checkpoint: with so much to write one is due after 5 s. */
const checkpointAtMs = 6_000;
const pasted = 'warp and weft '.repeat(300);

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
});

async function newServer(): Promise<ServerProcess> {
  const folder = await makeFolder();
  cleanup.push(folder.remove);
  const server = await startServer({ data: folder.path });
  cleanup.push(() => server.kill());
  return server;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Writes a counter into a list of its own, and types into a text of its own and into one that all share. */
class Writer {
  readonly client: RawClient;
  readonly document: string;
  readonly name: string;
  readonly #random: Random;
  #count = 0;

  constructor(server: ServerProcess, document: string, index: number, random: Random) {
    this.document = document;
    this.name = `w${index}`;
    this.#random = random;
    this.client = new RawClient({ url: server.url, document, ydoc: new Y.Doc() });
  }

  edit(): void {
    this.client.edit((ydoc) => {
      const own = ydoc.getText(`text-${this.name}`);
      // Deletes only what is its own: the same deletion by two would look like an ack to both.
      if (own.length > 20 && this.#random.chance(0.2)) {
        own.delete(this.#random.int(own.length - 5), 1 + this.#random.int(5));
        return;
      }
      ydoc.getArray<number>(this.name).push([this.#count++]);
      own.insert(this.#random.int(own.length + 1), 'warp'.slice(this.#random.int(4)));
      if (this.document === 'hot' && this.#random.chance(0.4)) ydoc.getMap('pasted').set(this.name, pasted);
      const shared = ydoc.getText('shared');
      if (this.#random.chance(0.3)) shared.insert(this.#random.int(shared.length + 1), this.name);
    });
  }
}

/** Everything around the server: who writes, who watches, and what was found. */
class Crowd {
  readonly writers: Writer[] = [];
  readonly observers = new Map<string, RawClient>();
  readonly server: ServerProcess;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: ServerProcess, random: Random) {
    this.server = server;
    for (const document of documents) {
      for (let index = 0; index < writersOf[document]!; index++)
        this.writers.push(new Writer(server, document, index, random));
      this.observers.set(document, new RawClient({ url: server.url, document, ydoc: new Y.Doc() }));
    }
  }

  get clients(): RawClient[] {
    return [...this.writers.map(({ client }) => client), ...this.observers.values()];
  }

  startTyping(): void {
    this.#timer = setInterval(() => {
      for (const writer of this.writers) writer.edit();
    }, editEveryMs);
  }

  stopTyping(): void {
    clearInterval(this.#timer);
  }

  /**
   * Everybody comes back, one after the other: what somebody holds of others is offered too, and must be durable before
   * those others are there, who would take its arrival for an ack. Ends early when the server is gone again.
   */
  async reconnect(isOver: () => boolean): Promise<void> {
    for (const writer of this.writers) {
      writer.edit();
      const unsafe = writer.client.pending.at(-1)!;
      writer.client.connect();
      await until(
        () => isOver() || writer.client.acked.includes(unsafe),
        () => `${writer.document}/${writer.name} is acknowledged: ${JSON.stringify(writer.client.closed)}`,
      );
      if (isOver()) return;
    }
    for (const observer of this.observers.values()) observer.connect();
    await until(() => isOver() || this.clients.every(({ isSynced }) => isSynced), 'all are synced');
  }

  /** Kills the server while somebody takes an ack. Nobody has to write at the moment, so it does not wait for long. */
  async killAtAck(random: Random): Promise<void> {
    const { client } = random.pick(this.writers);
    const before = client.acked.length;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 500);
      client.onProgress = () => {
        if (client.acked.length === before) return;
        this.server.signal('SIGKILL');
        clearTimeout(timer);
        resolve();
      };
    });
    client.onProgress = undefined;
  }

  /** They notice, at the latest when the server is there again. */
  disconnect(): void {
    for (const client of this.clients) client.terminate();
  }
}

interface Stored {
  readonly ydoc: Y.Doc;
  readonly coverage: Coverage;
}

/** What a stranger gets. */
async function read(server: ServerProcess, document: string): Promise<Stored> {
  const reader = connectRaw({ url: server.url, document, ydoc: new Y.Doc() });
  await until(
    () => reader.isSynced,
    () => `${document} loads: ${JSON.stringify(reader.closed)}`,
  );
  reader.close();
  const ydoc = reader.ydoc!;
  expect(ydoc.store.pendingStructs).toBeNull();
  expect(ydoc.store.pendingDs).toBeNull();
  const coverage = new Coverage();
  coverage.add(Y.encodeStateAsUpdate(ydoc));
  return { ydoc, coverage };
}

/** D1: of every writer, all that was acknowledged is there, and what is there has no gap. */
function expectSafe(crowd: Crowd, stored: ReadonlyMap<string, Stored>): void {
  for (const { client, document, name } of crowd.writers) {
    const { ydoc, coverage } = stored.get(document)!;
    const lost = client.acked.flatMap((update, index) => (coverage.covers(update) ? [] : [index]));
    expect(lost, `acknowledged updates of ${document}/${name} that are lost`).toEqual([]);
    const counted = ydoc.getArray<number>(name).toArray();
    expect(counted, `${document}/${name} in order`).toEqual(counted.map((_, index) => index));
  }
}

/** Relayed before it was durable, and gone: allowed, but counted. */
function countUnsafe(crowd: Crowd, stored: ReadonlyMap<string, Stored>): number {
  let count = 0;
  for (const { document, name } of crowd.writers) {
    const seen = crowd.observers.get(document)!.ydoc!.getArray(name).length;
    count += Math.max(0, seen - stored.get(document)!.ydoc.getArray(name).length);
  }
  return count;
}

/** How many documents have had a checkpoint. Also: the store is as it was written, says `heddle verify`. */
async function inspect(data: string): Promise<number> {
  const verified = await runHeddle(['verify', '--data', data]);
  expect(verified, verified.stdout).toMatchObject({ code: 0, stderr: '' });
  const { stdout } = await runHeddle(['docs', '--json', '--data', data]);
  const lines = stdout.trim().split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as { records: number; lastOffset: number })
    .filter(({ records, lastOffset }) => records < lastOffset).length;
}

describe(`a server that is killed while it is written to (HEDDLE_SEED=${seed})`, () => {
  test(`D1 D2 D3 C1 every acknowledged update survives kill -9, ${cycles} times`, async () => {
    const random = new Random(seed);
    const server = await newServer();
    const crowd = new Crowd(server, random);
    cleanup.push(
      () => crowd.disconnect(),
      () => crowd.stopTyping(),
    );
    let [unsafe, checkpointed] = [0, 0];
    crowd.startTyping();
    for (let cycle = 0; cycle < cycles; cycle++) {
      const isLong = cycle % 7 === 3;
      // Some in the middle of everybody's return, most under load, some about when a checkpoint is made.
      // One is long enough for a checkpoint however slow the machine, so that what comes after it stands on one.
      const pastCheckpointMs = cycle === 10 ? 8_000 : random.int(250) - 50;
      const lifeMs = isLong
        ? checkpointAtMs + pastCheckpointMs
        : random.int(random.chance(0.3) ? 100 : 1_500);
      let isKilled = false;
      const returned = crowd.reconnect(() => isKilled);
      await pause(lifeMs);
      // The instant somebody is told that something is safe is the hardest for a server to die at.
      if (random.chance(0.6)) await crowd.killAtAck(random);
      isKilled = true;
      await server.kill();
      crowd.disconnect();
      await returned;
      if (isLong || cycle % 5 === 0) checkpointed += await inspect(server.data);
      await server.start();
      const stored = new Map<string, Stored>();
      for (const document of documents) stored.set(document, await read(server, document));
      expectSafe(crowd, stored);
      unsafe += countUnsafe(crowd, stored);
    }
    await crowd.reconnect(() => false);
    crowd.stopTyping();
    await until(
      () => crowd.writers.every(({ client }) => client.pending.length === 0),
      'everything is acknowledged',
    );

    await server.kill();
    crowd.disconnect();
    await inspect(server.data);
    await server.start();
    for (const document of documents) {
      const { ydoc } = await read(server, document);
      const content = contentOf(ydoc);
      const replicas = crowd.clients.filter(({ ydoc: own }, index) =>
        index < crowd.writers.length
          ? crowd.writers[index]!.document === document
          : own === crowd.observers.get(document)!.ydoc,
      );
      expect(replicas.length).toBe(writersOf[document]! + 1);
      for (const replica of replicas) expect(contentOf(replica.ydoc!)).toEqual(content);
    }
    const acked = crowd.writers.reduce((sum, { client }) => sum + client.acked.length, 0);
    console.log(
      `${cycles} kills, seed ${seed}: ${acked} updates acknowledged, 0 lost; ${unsafe} seen by an observer were not yet ` +
        `durable when the server died, and came back with their authors; ${checkpointed} times a checkpoint was found`,
    );
    if (cycles > 10) expect(checkpointed).toBeGreaterThan(0);
  });
});

/** Everything the writers made. */
function contentOf(ydoc: Y.Doc): Record<string, unknown> {
  const content: Record<string, unknown> = {
    shared: ydoc.getText('shared').toString(),
    pasted: ydoc.getMap('pasted').toJSON(),
  };
  for (let index = 0; index < writersOf['hot']!; index++) {
    content[`w${index}`] = ydoc.getArray(`w${index}`).toArray();
    content[`text-w${index}`] = ydoc.getText(`text-w${index}`).toString();
  }
  return content;
}

/** Another server on the same directory does not start, and says who is in the way. */
async function expectRefused(server: ServerProcess): Promise<void> {
  const second = await runHeddle(['serve', '--auth', 'none', '--port', '0', '--data', server.data]);
  expect(second.code).toBe(2);
  expect(second.stderr).toMatch(/^heddle: data directory .* is in use by process \d+ since [^\n]*\n$/);
  expect(second.stdout).not.toContain('listening');
}

describe('a server that is told to stop', () => {
  test('O3 D1 under load it flushes, sends 200 clients away with 1012, loses nothing and exits with 0', async () => {
    const server = await newServer();
    const clients = Array.from({ length: 200 }, (_, index) =>
      connectRaw({
        url: server.url,
        document: `room-${index % 20}`,
        ...(index < 40 ? { ydoc: new Y.Doc() } : {}),
      }),
    );
    cleanup.push(() => {
      for (const client of clients) client.terminate();
    });
    await until(() => clients.every(({ isSynced }) => isSynced), 'all are synced');
    const writers = clients.slice(0, 40);
    const typing = setInterval(() => {
      for (const [index, writer] of writers.entries())
        writer.edit((ydoc) => ydoc.getArray(`w${index}`).push([ydoc.getArray(`w${index}`).length]));
    }, editEveryMs);
    cleanup.push(() => clearInterval(typing));
    await until(() => writers.every(({ acked }) => acked.length > 10), 'everybody writes');
    const ending = await server.stop();
    clearInterval(typing);
    expect(ending).toEqual({ code: 0, signal: null });
    await until(() => clients.every(({ closed }) => closed !== undefined), 'all are disconnected');
    expect(new Set(clients.map(({ closed }) => closed!.code))).toEqual(new Set([1012]));

    await server.start();
    for (const [index, writer] of writers.entries()) {
      const { ydoc, coverage } = await read(server, `room-${index % 20}`);
      expect(writer.acked.filter((update) => !coverage.covers(update)).length).toBe(0);
      const counted = ydoc.getArray<number>(`w${index}`).toArray();
      expect(counted).toEqual(counted.map((_, at) => at));
    }
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await inspect(server.data);
  });

  test('O3 a second SIGTERM ends it at once', async () => {
    const server = await newServer();
    // This one never answers the closing handshake, so that the drain waits for it.
    const silent = await openRawWebSocket(server.port, '/room');
    cleanup.push(() => silent.destroy());
    const writer = connectRaw({ url: server.url, document: 'room', ydoc: new Y.Doc() });
    cleanup.push(() => writer.terminate());
    writer.edit((ydoc) => ydoc.getArray('list').push([1]));
    await until(() => writer.acked.length === 1, 'the update is acknowledged');
    const from = server.stdout.length;
    server.signal('SIGTERM');
    await server.untilLogged('stopping', from);
    server.signal('SIGTERM');
    expect(await server.ended()).toEqual({ code: 70, signal: null });
    expect(server.stdout.slice(from)).not.toContain('"stopped"');

    await server.start();
    const { ydoc } = await read(server, 'room');
    expect(ydoc.getArray('list').toArray()).toEqual([1]);
  });

  test("O1 D1 a second server on the same data directory is refused, even without LevelDB's lock file", async () => {
    const server = await newServer();
    const writer = connectRaw({ url: server.url, document: 'room', ydoc: new Y.Doc() });
    cleanup.push(() => writer.terminate());
    writer.edit((ydoc) => ydoc.getArray('list').push([1]));
    await until(() => writer.acked.length === 1, 'the update is acknowledged');
    await expectRefused(server);
    await rm(join(server.data, 'leveldb/LOCK'));
    await expectRefused(server);
    writer.edit((ydoc) => ydoc.getArray('list').push([2]));
    await until(() => writer.acked.length === 2, 'the first server goes on');
    await server.kill();
    await inspect(server.data);
    await server.start();
    expect((await read(server, 'room')).ydoc.getArray('list').toArray()).toEqual([1, 2]);
  });
});
