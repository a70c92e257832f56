// Our own client beside a server that is killed again and again: what it has called synced is there afterwards, and in the
// end every edit is there exactly once. HEDDLE_SEED repeats a run as far as chance goes, HEDDLE_CYCLES sets its length.

import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../client/index.js';
import { Random } from '../support/histories.js';
import { connectRaw } from '../support/raw-client.js';
import { makeFolder, startServer, type ServerProcess } from '../support/server-process.js';
import { until } from '../support/stock-client.js';
import { chosenSeed } from '../support/typist.js';

const cycles = Number(process.env['HEDDLE_CYCLES'] ?? '') || 20;
const seed = chosenSeed();
const editEveryMs = 5;

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Types into two documents over one connection: a counter into a list of its own, and letters into a text of all. */
class Author {
  readonly name: string;
  readonly connection: HeddleConnection;
  readonly providers: readonly HeddleProvider[];
  /** Of each document: how many edits were made, and how many of them the client has called synced. */
  readonly made = [0, 0];
  readonly synced = [0, 0];
  readonly #random: Random;

  constructor(url: string, name: string, random: Random) {
    this.name = name;
    this.#random = random;
    this.connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket });
    this.providers = ['one', 'two'].map(
      (document) =>
        new HeddleProvider(url, document, new Y.Doc(), { connection: this.connection, tabs: false }),
    );
    for (const [index, provider] of this.providers.entries())
      provider.on('sync-status', ({ unsyncedChanges }) => {
        this.synced[index] = Math.max(this.synced[index]!, this.made[index]! - unsyncedChanges);
      });
  }

  type(): void {
    const index = this.#random.int(2);
    const { doc } = this.providers[index]!;
    const number = this.made[index]!;
    this.made[index] = number + 1;
    doc.transact(() => {
      doc.getArray<number>(this.name).push([number]);
      const shared = doc.getText('shared');
      shared.insert(this.#random.int(shared.length + 1), this.name);
    });
  }

  destroy(): void {
    for (const provider of this.providers) provider.destroy();
    this.connection.destroy();
  }
}

async function stored(server: ServerProcess, document: string): Promise<Y.Doc> {
  const ydoc = new Y.Doc();
  const reader = connectRaw({ url: server.url, document, ydoc });
  await until(
    () => reader.isSynced,
    () => `${document} loads: ${JSON.stringify(reader.closed)}`,
  );
  reader.close();
  expect(ydoc.store.pendingStructs).toBeNull();
  return ydoc;
}

/** Until the author's client says of some edit that it is durable: the hardest instant to die at. */
function nextSynced(author: Author, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const [provider] = author.providers;
    const timer = setTimeout(done, patienceMs);
    function done(): void {
      clearTimeout(timer);
      provider!.off('unsyncedChanges', look);
      resolve();
    }
    let last = provider!.unsyncedChanges;
    function look(count: number): void {
      if (count < last) done();
      last = count;
    }
    provider!.on('unsyncedChanges', look);
  });
}

test(`D1 K3 our client never calls synced what a killed server loses, ${cycles} times (HEDDLE_SEED=${seed})`, async () => {
  const random = new Random(seed);
  const folder = await makeFolder();
  cleanup.push(folder.remove);
  const server = await startServer({ data: folder.path });
  cleanup.push(() => server.kill());
  const authors = ['a', 'b', 'c'].map((name) => new Author(server.url, name, random));
  const typing = setInterval(() => random.pick(authors).type(), editEveryMs);
  cleanup.push(
    () => authors.forEach((author) => author.destroy()),
    () => clearInterval(typing),
  );
  let promised = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (const { connection } of authors) connection.connect();
    await pause(random.int(random.chance(0.3) ? 100 : 1_200));
    if (random.chance(0.6)) await nextSynced(random.pick(authors), 500);
    server.signal('SIGKILL');
    const synced = authors.map((author) => [...author.synced]);
    await server.kill();
    await server.start();
    const documents = [await stored(server, 'one'), await stored(server, 'two')];
    for (const [who, { name }] of authors.entries())
      for (const [index, ydoc] of documents.entries()) {
        const found = ydoc.getArray<number>(name).toArray();
        expect(found, `${name} in order`).toEqual(found.map((_, at) => at));
        expect(found.length, `what ${name} was told is synced`).toBeGreaterThanOrEqual(synced[who]![index]!);
        promised += synced[who]![index]!;
      }
  }
  clearInterval(typing);
  for (const { connection } of authors) connection.connect();
  const everything = authors.flatMap(({ providers }) => providers);
  await Promise.all(everything.map((provider) => provider.sync()));
  await Promise.all(everything.map((provider) => provider.sync()));
  for (const [index, document] of ['one', 'two'].entries()) {
    const ydoc = await stored(server, document);
    for (const { name, made } of authors)
      expect(ydoc.getArray(name).toArray()).toEqual(Array.from({ length: made[index]! }, (_, at) => at));
    for (const { providers } of authors) {
      const { doc, status } = providers[index]!;
      expect(doc.getText('shared').toString()).toBe(ydoc.getText('shared').toString());
      expect(status).toMatchObject({ phase: 'synced', unsyncedChanges: 0 });
    }
  }
  const made = authors.flatMap((author) => author.made).reduce((sum, count) => sum + count, 0);
  console.log(
    `${cycles} kills, seed ${seed}: ${made} edits, each there once; promises kept in all cycles: ${promised}`,
  );
  expect(promised).toBeGreaterThan(0);
});
