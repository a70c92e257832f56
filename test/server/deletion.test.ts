// A document that the application deletes: who has it open is told, and nobody brings it back who was not asked to.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { HeddleProvider } from '../../client/index.js';
import { DeletedDocuments } from '../../server/room/deleted-content.js';
import { openLevelStore } from '../../server/store/level-store.js';
import { systemClock } from '../../shared/clock.js';
import { parseDocumentName } from '../../shared/document-name.js';
import { defaultLimits } from '../../shared/limits.js';
import { until } from '../support/peer.js';
import {
  directoryForTest,
  serverForTest,
  startServer,
  storedDocument,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';
import { open, pause, textOf, type } from '../client/provider/users.js';
import {
  stockProvider,
  stockVersions,
  textOf as stockText,
  untilSynced,
} from '../interop/stock-providers.js';

const name = parseDocumentName('doc');

/** What the server has of the document; undefined for nothing. */
async function served({ server }: TestServer): Promise<string | undefined> {
  const update = await server.documents.export(name);
  if (update === undefined) return undefined;
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return doc.getText('text').toJSON();
}

async function clientWith(url: string, text: string): Promise<HeddleProvider> {
  const client = open(url, name, {});
  await client.whenSynced;
  type(client, text);
  await client.sync();
  return client;
}

const isToldDeleted = (client: HeddleProvider): boolean => client.status.reason?.kind === 'deleted';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

describe('a document that was deleted', () => {
  test('U26, P8 is not made anew by what a client has asked for at its end', async () => {
    const server = await serverForTest({ limits: { maxAwayMs: 100 } });
    const client = await clientWith(server.url, 'text');
    await client.onDisconnect(['marks', 'gone']).set(true);
    expect(await server.server.documents.delete(name)).toBe(true);
    await until(() => isToldDeleted(client), 'it is told');
    client.destroy();
    await pause(500);
    expect(await served(server)).toBeUndefined();
  });

  test('U26 ends for our own client, which keeps what it has and sends nothing', async () => {
    const server = await serverForTest();
    const client = await clientWith(server.url, 'text');
    expect(await server.server.documents.delete(name)).toBe(true);
    await until(() => isToldDeleted(client), 'the client is told');
    expect(client.status.reason).toMatchObject({ code: 'DOCUMENT_DELETED', isFinal: true });
    type(client, 'more ');
    await expect(client.sync()).rejects.toMatchObject({ code: 'DOCUMENT_DELETED' });
    client.connection.disconnect();
    client.connection.connect();
    await until(() => isToldDeleted(client), 'it is told again');
    await pause(50);
    expect(textOf(client)).toBe('more text');
    expect([await served(server), await server.server.documents.list()]).toEqual([undefined, []]);
    expect(await server.server.documents.delete(name)).toBe(false);
  });

  test.each(stockVersions)('U26 is not brought back by y-websocket $version', async (version) => {
    const server = await serverForTest();
    const stock = stockProvider(version, server.url, name, { maxBackoffTime: 20 });
    await untilSynced(stock);
    stock.doc.getText('text').insert(0, 'text');
    while ((await served(server)) !== 'text') await pause(5);
    const codes: number[] = [];
    stock.on('connection-close', (event: { code?: number } | null) => codes.push(event?.code ?? 0));
    await server.server.documents.delete(name);
    await until(() => codes.includes(4410), 'it is told by close code');
    stock.doc.getText('text').insert(0, 'more ');
    // The older ones come back whatever they are told.
    stock.connect();
    await until(() => codes.filter((code) => code === 4410).length > 1, 'it is told again');
    expect([await served(server), await server.server.documents.list()]).toEqual([undefined, []]);
    expect(stockText(stock)).toBe('more text');
  });

  test('U26 is not brought back from an offline copy, by a client that was away, after a restart of the server', async () => {
    const data = await directoryForTest();
    const first = await startServer({ data });
    const { port, url } = first;
    const client = await clientWith(url, 'text');
    await until(() => client.status.savedLocally, 'the copy is complete');
    client.connection.disconnect();
    type(client, 'offline ');
    await until(() => client.status.savedLocally, 'the edit is in the copy');
    client.destroy();
    await pause(20);
    await first.server.documents.delete(name);
    await first.close();
    const second = await serverForTest({ data, port });
    const again = open(url, name, {});
    await again.whenLoaded;
    await until(() => isToldDeleted(again), 'it is told');
    expect([textOf(again), again.status.unsyncedChanges]).toEqual(['offline text', 1]);
    expect(await served(second)).toBeUndefined();
    // And again at the next start of the page.
    again.destroy();
    await pause(20);
    const third = open(url, name, {});
    await until(() => isToldDeleted(third), 'it is told at each start');
    expect(textOf(third)).toBe('offline text');
  });

  test('U26 is known by its content, where a client has no position in it', async () => {
    const server = await serverForTest();
    const client = await clientWith(server.url, 'text');
    const content = Y.encodeStateAsUpdate(client.doc);
    client.destroy();
    await server.server.documents.delete(name);
    const other = open(server.url, name, { connect: false });
    Y.applyUpdate(other.doc, content);
    type(other, 'own ');
    other.connect();
    await until(() => isToldDeleted(other), 'it is told');
    expect(await served(server)).toBeUndefined();
  });

  test('U26 leaves its name to a new document, which has nothing of it', async () => {
    const server = await serverForTest();
    const old = await clientWith(server.url, 'old');
    const stock = stockProvider(stockVersions[0]!, server.url, name, { maxBackoffTime: 20 });
    await untilSynced(stock);
    await server.server.documents.delete(name);
    await until(() => isToldDeleted(old), 'the client is told');
    const fresh = open(server.url, name, { offline: false });
    await fresh.whenSynced;
    type(fresh, 'new');
    await fresh.sync();
    old.connection.disconnect();
    old.connection.connect();
    await until(() => isToldDeleted(old), 'it is told again');
    stock.connect();
    await pause(200);
    expect([await served(server), textOf(fresh)]).toEqual(['new', 'new']);
    // A second deletion forgets nothing of the first.
    await server.server.documents.delete(name);
    old.connection.disconnect();
    old.connection.connect();
    await until(() => isToldDeleted(old) && isToldDeleted(fresh), 'both are told');
    expect(await served(server)).toBeUndefined();
  });

  test('U26 stays deleted whatever is being written while it is', async () => {
    const server = await serverForTest({ data: await directoryForTest(), commitIntervalMs: 1 });
    for (let round = 0; round < 15; round++) {
      const clients = [
        open(server.url, name, { offline: false }),
        open(server.url, name, { offline: false }),
      ];
      await Promise.all(clients.map((client) => client.whenSynced));
      for (let i = 0; i < 30; i++) for (const client of clients) type(client, 'x');
      if (round % 3 > 0) await pause(round);
      const edit = server.server
        .withDocument(name, (doc) => doc.getText('text').insert(0, 'server'))
        .catch((error: unknown) => error);
      await server.server.documents.delete(name);
      await edit;
      // The edit of the server itself is a new document where it came after the deletion.
      await server.server.documents.delete(name);
      for (const client of clients) type(client, 'y');
      await until(() => clients.every(isToldDeleted), 'both are told');
      expect([round, await served(server)]).toEqual([round, undefined]);
      for (const client of clients) client.destroy();
    }
  });

  test('U26 is gone from the store, with its owners', async () => {
    const data = await directoryForTest();
    const first = await startServer({ data, auth: { secret: testSecret } });
    const client = open(first.url, name, { token: await tokenFor('ann-of-the-tests'), offline: false });
    await client.whenSynced;
    type(client, 'a very secret text');
    await client.sync();
    await first.server.documents.delete(name);
    await until(() => isToldDeleted(client), 'it is told');
    await first.close();
    const store = await openLevelStore({ directory: data, durability: 'os', clock: systemClock });
    try {
      const kept: string[] = [];
      for await (const item of store.readAll())
        kept.push(
          item.kind === 'state' ? `${item.key} ${Buffer.from(item.value).toString()}` : JSON.stringify(item),
        );
      expect(kept.some((one) => one.startsWith('deleted/doc'))).toBe(true);
      // When somebody was last connected is no matter of a document.
      const ofDocuments = kept.filter((one) => !one.startsWith('seen/\n'));
      expect(ofDocuments.join('\n')).not.toContain('ann-of-the-tests');
      expect(kept.join('\n')).not.toContain('secret text');
    } finally {
      await store.close();
    }
  });

  test('U26 is deleted to the end when the server was killed while it was', async () => {
    const data = await directoryForTest();
    const first = await startServer({ data });
    const client = await clientWith(first.url, 'text');
    client.destroy();
    await first.close();
    const store = await openLevelStore({ directory: data, durability: 'fsync', clock: systemClock });
    const { epoch } = (await store.load(name))!;
    const stateVector = Y.encodeStateVector(await storedDocument(store, name));
    await new DeletedDocuments(store).add(name, { epoch, stateVector }, defaultLimits);
    await store.close();
    const second = await serverForTest({ data });
    const other = open(second.url, name, { offline: false });
    await other.whenSynced;
    expect(textOf(other)).toBe('');
    expect(await served(second)).toBeUndefined();
  });

  test('U26 brings no hook to make it anew', async () => {
    const seen: string[] = [];
    const server = await serverForTest({
      changeDebounceMs: 30,
      onChange: async ({ document }) => void seen.push((await document()).getText('text').toJSON()),
    });
    await clientWith(server.url, 'text');
    await server.server.documents.delete(name);
    await pause(80);
    expect([seen, await server.server.documents.list()]).toEqual([[], []]);
  });
});

describe('a document that is to be again', () => {
  test('U27 comes back with all that is here when the application says so, and for the others too', async () => {
    const server = await serverForTest();
    const [client, other] = [
      await clientWith(server.url, 'text'),
      open(server.url, name, { offline: false }),
    ];
    await other.whenSynced;
    await server.server.documents.delete(name);
    await until(() => isToldDeleted(client) && isToldDeleted(other), 'both are told');
    type(client, 'later ');
    client.revive();
    await client.sync();
    expect(await served(server)).toBe('later text');
    expect(client.status.reason).toBeUndefined();
    other.connect();
    await until(() => textOf(other) === 'later text', 'the other has it too');
  });

  test('U27 does not for who may only read', async () => {
    const server = await serverForTest({ auth: { secret: testSecret } });
    const token = await tokenFor('ann', [{ pattern: '**', access: 'read' }]);
    await server.server.documents.import(name, Y.encodeStateAsUpdate(textDoc('text')));
    const reader = open(server.url, name, { token, offline: false });
    await until(() => textOf(reader) === 'text', 'the reader has it');
    await server.server.documents.delete(name);
    await until(() => isToldDeleted(reader), 'it is told');
    reader.revive();
    await pause(50);
    await until(() => isToldDeleted(reader), 'it is told again');
    expect(await served(server)).toBeUndefined();
  });

  test('U27 does when the application imports what it had exported', async () => {
    const server = await serverForTest();
    const client = await clientWith(server.url, 'text');
    const exported = (await server.server.documents.export(name))!;
    await server.server.documents.delete(name);
    await until(() => isToldDeleted(client), 'it is told');
    await server.server.documents.import(name, exported);
    client.connect();
    await client.sync();
    expect([await served(server), textOf(client)]).toEqual(['text', 'text']);
  });
});

function textDoc(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return doc;
}
