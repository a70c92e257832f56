// Whole editing histories over real sockets: everybody ends with the same text, also after a crash. Replays recorded
// traces where there are some (see support/traces.ts), and what the project's own typists write where there are none.

import { afterEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { connectRaw, type RawClient } from '../support/raw-client.js';
import { makeFolder, startServer, type ServerProcess } from '../support/server-process.js';
import { connectStock, synced, until, type StockClient } from '../support/stock-client.js';
import { loadTrace, textName, traceFiles, type Edit, type EditingHistory } from '../support/traces.js';
import { chosenSeed, typeHistory } from '../support/typist.js';

/** Updates an author may have under way: the speed of a pipeline, and bounded. */
const maxPending = 1_000;
/** Without any progress. */
const patienceMs = 30_000;

const seed = chosenSeed();
const files = traceFiles();
const histories: readonly (readonly [title: string, make: () => EditingHistory])[] =
  files.length > 0
    ? files.map((file) => [`trace ${file.split('/').at(-1)}`, () => loadTrace(file)] as const)
    : [1, 2, 8].map(
        (authors) =>
          [
            `no traces here: ${authors} generated typists, HEDDLE_SEED=${seed}`,
            () => typeHistory({ seed, authors, edits: authors === 1 ? 30_000 : 10_000 }),
          ] as const,
      );

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
});

async function startedServer(): Promise<ServerProcess> {
  const folder = await makeFolder();
  cleanup.push(folder.remove);
  const server = await startServer({ data: folder.path });
  cleanup.push(() => server.kill());
  return server;
}

function raw(server: ServerProcess, ydoc?: Y.Doc): RawClient {
  const client = connectRaw({ url: server.url, document: 'trace', ...(ydoc === undefined ? {} : { ydoc }) });
  cleanup.push(() => client.terminate());
  return client;
}

function stock(server: ServerProcess): StockClient {
  const client = connectStock({ url: server.url, document: 'trace' });
  cleanup.push(() => client.close());
  return client;
}

/** Sends an author's edits, each as soon as what it builds on has arrived: true concurrency, at full speed. */
class Author {
  readonly client: RawClient;
  readonly #edits: readonly Edit[];
  readonly #all: EditingHistory['authors'];
  /** By author, how many of the edits have come. */
  readonly #arrived: number[];
  #next = 0;

  constructor(client: RawClient, index: number, all: EditingHistory['authors']) {
    this.client = client;
    this.#all = all;
    this.#edits = all[index]!;
    this.#arrived = all.map((_, other) => (other === index ? Number.POSITIVE_INFINITY : 0));
    client.onProgress = () => this.send();
  }

  get progress(): number {
    return this.client.acked.length;
  }

  get isDone(): boolean {
    return this.progress === this.#edits.length;
  }

  send(): void {
    if (!this.client.isSynced) return;
    for (let edit = this.#edits[this.#next]; edit !== undefined; edit = this.#edits[this.#next]) {
      if (this.client.pending.length >= maxPending || !this.#hasSeen(edit.after)) return;
      this.client.send(edit.update);
      this.#next++;
    }
  }

  #hasSeen(after: Edit['after']): boolean {
    for (const [other, count = 0] of after.entries()) {
      while (this.#arrived[other]! < count) {
        if (!this.client.received.covers(this.#all[other]![this.#arrived[other]!]!.update)) return false;
        this.#arrived[other]!++;
      }
    }
    return true;
  }
}

/** Resolves when everything is acknowledged. Rejects when nothing moves for too long. */
async function replay(authors: readonly Author[]): Promise<void> {
  let last = -1;
  while (!authors.every(({ isDone }) => isDone)) {
    const progress = (): number => authors.reduce((sum, author) => sum + author.progress, 0);
    last = progress();
    await until(
      () => progress() > last,
      () => `an ack, after ${last}; ${JSON.stringify(authors.map(({ client }) => client.closed))}`,
      patienceMs,
    );
  }
}

/** As text, because a difference of two long texts takes a test runner longer to print than the test takes. */
function firstDifference(found: string, expected: string): string {
  if (found === expected) return 'none';
  let at = 0;
  while (found[at] === expected[at]) at++;
  return `at ${at}: found ${JSON.stringify(found.slice(at, at + 40))}, expected ${JSON.stringify(expected.slice(at, at + 40))}`;
}

async function expectText(ydoc: Y.Doc, history: EditingHistory): Promise<void> {
  const last = history.authors.flatMap((edits) => edits.slice(-1));
  const ends = last.flatMap(({ update }) => [...Y.parseUpdateMeta(update).to]);
  const ytext = ydoc.getText(textName);
  await until(
    () =>
      ends.every(([clientId, end]) => Y.getState(ydoc.store, clientId) >= end) &&
      ytext.length === history.endContent.length,
    () => `the reader has everything: ${firstDifference(ytext.toString(), history.endContent)}`,
    patienceMs,
  );
  expect(firstDifference(ytext.toString(), history.endContent)).toBe('none');
}

describe('editing histories over the wire', () => {
  test.each(histories)(
    'C1 C4 D1 everybody ends with the same text, also after kill -9: %s',
    async (_, make) => {
      const history = make();
      console.log(
        `${history.name}: ${history.authors.map(({ length }) => length).join(' + ')} edits` +
          (history.isSourceContent
            ? ''
            : '; Yjs orders concurrent inserts otherwise than the source: compared with Yjs'),
      );
      const server = await startedServer();
      const readers = [raw(server, new Y.Doc()), raw(server, new Y.Doc())];
      const stockReader = stock(server);
      await synced(stockReader);
      await until(() => readers.every(({ isSynced }) => isSynced), 'the readers are synced');

      const authors = history.authors.map((_, index) => new Author(raw(server), index, history.authors));
      await replay(authors);
      for (const { ydoc } of [...readers, stockReader]) await expectText(ydoc!, history);

      // Everything has been acknowledged, and nobody who is left can bring it back.
      await server.kill();
      for (const { client } of authors) client.terminate();
      for (const reader of readers) reader.terminate();
      stockReader.close();
      await server.start();
      const fresh = raw(server, new Y.Doc());
      const freshStock = stock(server);
      await synced(freshStock);
      await until(() => fresh.isSynced, 'the fresh reader is synced');
      for (const { ydoc } of [fresh, freshStock]) await expectText(ydoc!, history);
      for (const { client } of authors) {
        const lost = client.acked.filter((update) => !fresh.received.covers(update));
        expect(lost.length).toBe(0);
      }
    },
  );
});
