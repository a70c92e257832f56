// What the server says when its store lets it down, and when it is told to stop.

import { expect, onTestFinished, test } from 'vitest';
import * as Y from 'yjs';
import { StoreError } from '../../server/errors.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { parseDocumentName } from '../../shared/document-name.js';
import { FaultyStore } from '../fuzz/faulty-store.js';
import { stockProvider, stockVersions, textOf, untilSynced } from '../interop/stock-providers.js';
import { Peer, until } from '../support/peer.js';
import { connectRaw, Coverage } from '../support/raw-client.js';
import { serverForTest, startServer, storedDocument } from '../support/test-server.js';

const name = parseDocumentName('doc');

function docWith(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return doc;
}

async function storeWith(update: Uint8Array): Promise<ReturnType<typeof createMemoryStore>> {
  const inner = createMemoryStore();
  await inner.append([{ document: name, records: [{ offset: 1, time: 0, author: '', update }] }]);
  return inner;
}

test('D2: a load that fails is told, serves nothing, and nothing is written over what is stored', async () => {
  const inner = await storeWith(Y.encodeStateAsUpdate(docWith('stored')));
  const store = new FaultyStore(inner);
  store.failingLoads = 1;
  const { url } = await serverForTest({ store });
  const first = new Peer(`${url}/doc`, { doc: docWith('mine') });
  expect(await first.end()).toMatchObject({ code: 4503, reason: 'STORE_UNAVAILABLE' });
  expect(first.heard).toEqual([]);
  expect(store.appends).toBe(0);
  const again = await new Peer(`${url}/doc`, { doc: first.doc }).synced();
  expect(again.text).toMatch(/^(storedmine|minestored)$/);
  await until(() => again.heardOf('update').length > 0, 'what it brought is stored');
  expect((await storedDocument(inner, 'doc')).getText('text').toString()).toBe(again.text);
});

test('D2: stock clients come back by themselves after a load that failed', async () => {
  const store = new FaultyStore(await storeWith(Y.encodeStateAsUpdate(docWith('stored'))));
  store.failingLoads = 2;
  const { url } = await serverForTest({ store });
  for (const version of stockVersions) {
    const provider = await untilSynced(stockProvider(version, url, 'doc'));
    expect(textOf(provider)).toBe('stored');
  }
});

test.each([
  { what: 'a record of garbage', update: Uint8Array.of(1, 2, 3) },
  {
    what: 'a record that depends on a missing one',
    update: (() => {
      const doc = docWith('first');
      const before = Y.encodeStateVector(doc);
      doc.getText('text').insert(5, ' second');
      return Y.encodeStateAsUpdate(doc, before);
    })(),
  },
])('D2: $what closes the document, and only that, and stays as it is', async ({ update }) => {
  const inner = await storeWith(update);
  const store = new FaultyStore(inner);
  const { url } = await serverForTest({ store });
  for (let tries = 0; tries < 2; tries++) {
    const peer = new Peer(`${url}/doc`, { doc: docWith('mine') });
    expect(await peer.end()).toMatchObject({ code: 4420, reason: 'DOCUMENT_CORRUPT' });
    expect(peer.heard).toEqual([]);
  }
  await new Peer(`${url}/other`).synced();
  expect(store.appends + store.checkpoints).toBe(0);
  expect((await inner.load(name))?.records.map((record) => record.update)).toEqual([update]);
});

test('D1: a store that stops writing: nothing more is acknowledged, everybody is sent away with their edits', async () => {
  const inner = createMemoryStore();
  const store = new FaultyStore(inner);
  const failures: Error[] = [];
  const { url, server } = await serverForTest({ store, onFailure: (error) => failures.push(error) });
  const writer = await new Peer(`${url}/doc`).synced();
  const watcher = await new Peer(`${url}/doc`).synced();
  writer.doc.getText('text').insert(0, 'durable');
  await until(() => writer.heardOf('update').length === 1, 'the first edit is acknowledged');
  store.append = () => Promise.reject(new StoreError('STORE_FULL', 'no space left'));
  writer.doc.getText('text').insert(0, 'not ');
  expect(await writer.end()).toMatchObject({ code: 4503 });
  expect(await watcher.end()).toMatchObject({ code: 4503 });
  expect(writer.heardOf('update')).toHaveLength(1);
  expect(failures).toHaveLength(1);
  await expect(server.close()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect((await storedDocument(inner, 'doc')).getText('text').toString()).toBe('durable');
});

test('O2: a store that does not keep up: writers are sent away for a while, before memory fills', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ store, limits: { maxUncommittedBytes: 100_000 } });
  const writer = await new Peer(`${url}/doc`).synced();
  store.hold();
  for (let i = 0; i < 20; i++) writer.doc.getText('text').insert(0, 'x'.repeat(10_000));
  expect(await writer.end()).toMatchObject({ code: 4503 });
  store.release();
  const back = await new Peer(`${url}/doc`, { doc: writer.doc }).synced();
  const reader = await new Peer(`${url}/doc`).synced();
  await until(() => reader.text.length === 200_000, 'all of it has arrived');
  expect(back.closed).toBeUndefined();
});

test('O3: a server closed under load loses nothing that it acknowledged', async () => {
  const inner = createMemoryStore();
  const { url, server } = await startServer({ store: new FaultyStore(inner, () => 5) });
  const writers = await Promise.all(Array.from({ length: 20 }, () => new Peer(`${url}/doc`).synced()));
  const sent = new Map(writers.map((writer) => [writer, [] as Uint8Array[]]));
  for (const writer of writers) {
    writer.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== writer) sent.get(writer)!.push(update);
    });
  }
  const load = { isOn: true };
  const writing = (async () => {
    while (load.isOn) {
      for (const writer of writers) if (writer.isOpen) writer.doc.getText('text').insert(0, 'x');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  await until(() => writers.every((writer) => writer.heardOf('update').length > 20), 'it is under load');
  await server.close();
  const closings = await Promise.all(writers.map((writer) => writer.end()));
  load.isOn = false;
  await writing;
  expect(new Set(closings.map(({ code }) => code))).toEqual(new Set([1012]));
  const stored = Y.decodeStateVector(Y.encodeStateVector(await storedDocument(inner, 'doc')));
  for (const writer of writers) {
    // Everything a client heard had been accepted, and a server that drains makes that durable.
    const seen = new Y.Doc();
    for (const message of writer.heard) {
      if (message.type === 'update' || message.type === 'step2') Y.applyUpdate(seen, message.bytes);
    }
    for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(seen))) {
      expect(stored.get(client) ?? 0).toBeGreaterThanOrEqual(clock);
    }
  }
  const total = [...sent.values()].reduce((sum, updates) => sum + updates.length, 0);
  const next = await serverForTest({ store: inner });
  const back = await Promise.all(writers.map(({ doc }) => new Peer(`${next.url}/doc`, { doc }).synced()));
  await until(
    () => back.every((peer) => peer.text.length === total),
    'what was not acknowledged is offered again',
  );
});

test('O1: a hook that hears of a connection hears of its end, however early that comes', async () => {
  const open = new Set<string>();
  let ended = 0;
  let admit = (): void => {};
  const gate = new Promise<void>((resolve) => {
    admit = resolve;
  });
  const { url } = await serverForTest({
    onConnect: async ({ connectionId }) => {
      await gate;
      open.add(connectionId);
    },
    onDisconnect: ({ connectionId }) => {
      ended++;
      open.delete(connectionId);
    },
  });
  const gone = await new Peer(`${url}/doc`).opened();
  const stays = await new Peer(`${url}/doc`).opened();
  gone.terminate();
  await gone.end();
  // A later connection's refusal is answered after the server has seen the end of the first.
  expect(
    await new Peer(`${url}/doc`, { asks: false })
      .opened()
      .then(async (peer) => (peer.send('text'), peer.end())),
  ).toMatchObject({ code: 4400 });
  admit();
  await stays.synced();
  stays.close();
  await until(() => ended > 0 && open.size === 0, 'no connection counts as open', 3_000);
});

test('O3: a server whose writers never pause closes, over a store that takes 20 ms a commit, and tells them all', async () => {
  const inner = createMemoryStore();
  const { url, server } = await startServer({ store: new FaultyStore(inner, () => 20) });
  const writers = Array.from({ length: 60 }, (_, i) =>
    connectRaw({ url, document: `doc-${i % 10}`, ydoc: new Y.Doc() }),
  );
  onTestFinished(() => {
    for (const writer of writers) writer.terminate();
  });
  await until(() => writers.every(({ isSynced }) => isSynced), 'all are in sync');
  let turn = 0;
  // One group after the other, so that there is always something that is not durable.
  const typing = setInterval(() => {
    const group = ++turn % 10;
    for (const [i, writer] of writers.entries())
      if (i % 10 === group)
        writer.edit((ydoc) => ydoc.getArray(`w${i}`).push([ydoc.getArray(`w${i}`).length]));
  }, 5);
  onTestFinished(() => clearInterval(typing));
  await until(() => writers.every(({ acked }) => acked.length > 2), 'everybody writes');
  await server.close();
  clearInterval(typing);
  await until(() => writers.every(({ closed }) => closed !== undefined), 'everybody is gone');
  expect(new Set(writers.map(({ closed }) => closed?.code))).toEqual(new Set([1012]));
  for (const [i, writer] of writers.entries()) {
    const stored = new Coverage();
    stored.add(Y.encodeStateAsUpdate(await storedDocument(inner, `doc-${i % 10}`)));
    expect(writer.acked.filter((update) => !stored.covers(update))).toEqual([]);
  }
});
