// What an application does with the server that it runs: its documents, its connections, and a backup while it runs.

import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { restoreArchive } from '../../server/store/archive.js';
import { openLevelStore } from '../../server/store/level-store.js';
import { systemClock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { until } from '../support/peer.js';
import {
  directoryForTest,
  serverForTest,
  storedDocument,
  testSecret,
  tokenFor,
} from '../support/test-server.js';
import { open, textOf, type } from '../client/provider/users.js';
import { stockProvider, stockVersions, untilSynced } from '../interop/stock-providers.js';

function docWith(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return doc;
}

const updateWith = (text: string): Uint8Array => Y.encodeStateAsUpdate(docWith(text));

function textIn(update: Uint8Array | undefined): string | undefined {
  if (update === undefined) return undefined;
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return doc.getText('text').toJSON();
}

describe('server.documents', () => {
  test('U23 imports, lists and exports documents, which clients see at once', async () => {
    const { server, url } = await serverForTest();
    const { documents } = server;
    expect(await documents.list()).toEqual([]);
    expect(await documents.export('notes/a')).toBeUndefined();
    const client = open(url, 'notes/a', {});
    await client.whenSynced;
    expect(await documents.import('notes/a', updateWith('hello'))).toBe(true);
    await until(() => textOf(client) === 'hello', 'the client has it');
    await documents.import('notes/b', updateWith('other'));
    expect((await documents.list({ prefix: 'notes/' })).map(({ document }) => document)).toEqual([
      'notes/a',
      'notes/b',
    ]);
    expect((await documents.list({ prefix: 'notes/', after: 'notes/a', limit: 1 })).length).toBe(1);
    type(client, '!');
    await client.sync();
    expect(textIn(await documents.export('notes/a'))).toBe('!hello');
    const whole = (await documents.export('notes/a'))!;
    expect(await documents.import('notes/a', whole)).toBe(false);
  });

  test('U23 export leaves out deleted content, and keeps it where that is asked for', async () => {
    const { server } = await serverForTest();
    const doc = docWith('secret word');
    const ytext = doc.getText('text');
    const before = Y.encodeStateAsUpdate(doc);
    ytext.delete(0, 6);
    await server.documents.import('a', before);
    await server.documents.import('a', Y.encodeStateAsUpdate(doc));
    const without = Buffer.from((await server.documents.export('a'))!);
    const within = Buffer.from((await server.documents.export('a', { gc: false }))!);
    expect([without.includes('secret'), within.includes('secret')]).toEqual([false, true]);
  });

  test('U23 import refuses what cannot be taken whole, and makes nothing', async () => {
    const { server } = await serverForTest();
    const doc = docWith('first');
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(5, ' second');
    const rest = Y.encodeStateAsUpdate(doc, before);
    await expect(server.documents.import('a', rest)).rejects.toMatchObject({ code: 'UPDATE_INCOMPLETE' });
    await expect(server.documents.import('a', Buffer.from('none'))).rejects.toMatchObject({
      code: 'UPDATE_INVALID',
    });
    await expect(server.documents.import('../a', rest)).rejects.toMatchObject({ code: 'NAME_INVALID' });
    expect(await server.documents.list()).toEqual([]);
  });

  test('U23 looking for a document makes none, also where the application has a first content', async () => {
    const { server } = await serverForTest({ onLoad: () => updateWith('template') });
    expect(await server.documents.export('a')).toBeUndefined();
    expect(await server.documents.delete('a')).toBe(false);
    expect(await server.documents.list()).toEqual([]);
  });
});

describe('server.connections', () => {
  test('U24 lists who is connected, by which protocol, with which documents', async () => {
    const { server, url } = await serverForTest({ auth: { secret: testSecret } });
    const token = await tokenFor('ann');
    const ours = open(url, 'notes/a', { token });
    await ours.whenSynced;
    const stock = stockProvider(stockVersions.at(-1)!, url, 'notes/b', {
      protocols: ['heddle', await tokenFor('bob')],
    });
    await untilSynced(stock);
    const listed = server.connections.list().map(({ protocol, claims, documents, remoteAddress }) => ({
      protocol,
      sub: claims?.sub,
      documents,
      remoteAddress,
    }));
    expect(listed).toContainEqual({
      protocol: 'heddle',
      sub: 'ann',
      documents: ['notes/a'],
      remoteAddress: '127.0.0.1',
    });
    expect(listed).toContainEqual({
      protocol: 'y-websocket',
      sub: 'bob',
      documents: ['notes/b'],
      remoteAddress: '127.0.0.1',
    });
    const ids = server.connections.list().map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test('U24 ends one: its client asks for a new token, which the application may refuse', async () => {
    const { server, url } = await serverForTest({ auth: { secret: testSecret } });
    let isAllowed = true;
    let asked = 0;
    const token = async (): Promise<string> => {
      asked++;
      if (isAllowed) return tokenFor('ann');
      throw new SyncError('FORBIDDEN', 'not any more');
    };
    const client = open(url, 'a', { token });
    await client.whenSynced;
    const { id } = server.connections.list()[0]!;
    const before = asked;
    expect(server.connections.end(id)).toBe(true);
    await until(() => asked > before, 'a new token is asked for');
    await until(() => server.connections.list().some((one) => one.id !== id), 'it is back');
    isAllowed = false;
    for (const one of server.connections.list()) server.connections.end(one.id);
    await until(() => server.connections.list().length === 0, 'it stays away');
    expect(server.connections.end(id)).toBe(false);
  });

  test('U24 a connection that is ended with FORBIDDEN stays away', async () => {
    const { server, url } = await serverForTest();
    const client = open(url, 'a', {});
    await client.whenSynced;
    for (const { id } of server.connections.list())
      server.connections.end(id, new SyncError('FORBIDDEN', 'left the team'));
    await until(() => client.status.reason?.kind === 'forbidden', 'the client says why');
    expect(client.status.reason?.message).toContain('left the team');
  });
});

describe('server.backup', () => {
  test('U25 has everything that was acknowledged, as of one moment, while clients write', async () => {
    const data = await directoryForTest();
    const { server, url } = await serverForTest({ data: join(data, 'data') });
    const client = open(url, 'a', {});
    await client.whenSynced;
    for (let i = 0; i < 200; i++) await server.documents.import(`many/${i}`, updateWith(`${i}`));
    type(client, 'acknowledged');
    await client.sync();
    const file = join(data, 'backup');
    const progress = { isDone: false };
    const backup = server.backup(createWriteStream(file)).finally(() => (progress.isDone = true));
    // Two documents that are written one after the other: no moment has the second without the first.
    for (let i = 0; !progress.isDone; i++) {
      await server.documents.import(`pair/${i}/1`, updateWith('1'));
      await server.documents.import(`pair/${i}/2`, updateWith('2'));
    }
    const report = await backup;
    expect(report.problems).toEqual([]);
    const target = join(data, 'restored');
    await restoreArchive(file, target, systemClock);
    const store = await openLevelStore({ directory: target, durability: 'os', clock: systemClock });
    try {
      expect((await storedDocument(store, 'a')).getText('text').toJSON()).toBe('acknowledged');
      const names = new Set<string>((await store.list()).map(({ document }) => document));
      expect(names.size).toBe(report.documents);
      for (let i = 0; i < 200; i++) expect(names.has(`many/${i}`)).toBe(true);
      for (const name of names)
        if (/^pair\/.*\/2$/.test(name)) expect(names.has(name.replace(/2$/, '1'))).toBe(true);
    } finally {
      await store.close();
    }
  });

  test('U25 goes at the pace of its reader', async () => {
    const { server } = await serverForTest({ data: await directoryForTest() });
    await server.documents.import('large', updateWith('x'.repeat(6_000_000)));
    const stream = new PassThrough();
    let isDone = false;
    const backup = server.backup(stream).then(() => (isDone = true));
    await until(() => stream.writableNeedDrain, 'the stream is full');
    expect(isDone).toBe(false);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    await backup;
    expect(bytes).toBeGreaterThan(6_000_000);
  });

  test('U25 a reader that goes or fails ends it with an error, and what it has got restores to nothing', async () => {
    const directory = await directoryForTest();
    const { server } = await serverForTest({ data: join(directory, 'data') });
    await server.documents.import('large', updateWith('x'.repeat(6_000_000)));
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no more')) });
    await expect(server.backup(failing)).rejects.toThrow('no more');
    const gone = new PassThrough();
    const backup = server.backup(gone);
    await until(() => gone.writableNeedDrain, 'the stream is full');
    gone.destroy();
    await expect(backup).rejects.toThrow(/close/i);
    // The server goes on.
    expect(await server.documents.export('large')).toBeDefined();
    await expect(stat(join(directory, 'none'))).rejects.toThrow('ENOENT');
  });

  test('U25 a store that cannot be read as of one moment says so', async () => {
    const { server } = await serverForTest();
    await expect(server.backup(new PassThrough())).rejects.toThrow(/has no readAll/);
  });
});
