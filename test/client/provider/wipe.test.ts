// A logout that wipes this device, across pages: providers in one process are tabs of one browser.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider, listOfflineCopies } from '../../../client/index.js';
import { beginWipe, isWipeUnfinished } from '../../../client/offline/wipe.js';
import { until } from '../../support/peer.js';
import { serverForTest, storedDocument } from '../../support/test-server.js';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

const unsynced = { code: 'OFFLINE_UNSYNCED' };

function tab(url: string, name = 'notes'): HeddleProvider {
  const options = { WebSocketPolyfill: WebSocket, token: '' };
  const connection = new HeddleConnection(url, options);
  const provider = new HeddleProvider(url, name, new Y.Doc(), { ...options, connection, offline: true });
  onTestFinished(() => {
    provider.destroy();
    connection.destroy();
  });
  return provider;
}

const databases = async (): Promise<unknown> =>
  (await indexedDB.databases()).map(({ name }) => name).filter((name) => name !== './heddle');

async function saved(...tabs: HeddleProvider[]): Promise<void> {
  for (const one of tabs) {
    await one.whenSynced;
    one.doc.getText('text').insert(0, 'secret');
  }
  await until(
    () => tabs.every(({ status }) => status.savedLocally && status.phase === 'synced'),
    'all is saved',
  );
}

it('I20, I21: a wipe reaches the copies of every server, and every tab that has one open', async () => {
  const [first, second] = [await serverForTest(), await serverForTest()];
  const tabs = [tab(first.url), tab(first.url), tab(second.url, 'of another server')];
  await saved(...tabs);
  await tabs[0]!.connection.logout({ wipe: true });
  expect([await databases(), await listOfflineCopies(), isWipeUnfinished()]).toEqual([[], [], false]);
  await until(
    () => tabs.every(({ status }) => status.offlineError?.code === 'OFFLINE_DELETED'),
    'all are told',
  );
  tabs[2]!.doc.getText('text').insert(0, 'more');
  await tabs[2]!.sync();
  expect(await databases()).toEqual([]);
});

it('I20: a page that makes a connection finishes the wipe of one that has gone away', async () => {
  const { url } = await serverForTest();
  const one = tab(url);
  await saved(one);
  one.destroy();
  beginWipe(Date.now());
  const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket });
  onTestFinished(() => connection.destroy());
  await until(() => !isWipeUnfinished(), 'the wipe is finished');
  expect(await databases()).toEqual([]);
});

it('I23: one that is to refuse leaves everything as it is while the server lacks an edit', async () => {
  const { url } = await serverForTest();
  const [one, other] = [tab(url), tab(url, 'other')];
  await saved(one, other);
  // Closed, with an edit that only its copy has.
  other.disconnect();
  other.doc.getText('text').insert(0, 'only here');
  await until(() => other.status.savedLocally, 'it is saved');
  other.destroy();
  await expect(one.connection.logout({ wipe: true, unsynced: 'refuse' })).rejects.toMatchObject(unsynced);
  expect([one.connection.isLoggedOut, one.connection.connected, await databases()]).toEqual([
    false,
    true,
    ['notes', 'other'],
  ]);
  const again = tab(url, 'other');
  await again.whenSynced;
  await again.sync();
  expect(again.doc.getText('text').toJSON()).toContain('only here');
  await one.connection.logout({ wipe: true, unsynced: 'refuse' });
  expect([one.connection.isLoggedOut, await databases()]).toEqual([true, []]);
});

it('I24: one that is to wait begins when the server has the edits', async () => {
  const { url, store } = await serverForTest();
  const one = tab(url);
  await saved(one);
  one.doc.getText('text').insert(0, 'at the last moment ');
  expect(one.hasUnsyncedChanges).toBe(true);
  await one.connection.logout({ wipe: true, unsynced: 'wait' });
  expect([one.hasUnsyncedChanges, await databases()]).toEqual([false, []]);
  expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toBe('at the last moment secret');
});

it('I24: one that is to wait ends where the connection cannot go on', async () => {
  const { url } = await serverForTest();
  const one = tab(url);
  await saved(one);
  one.connection.disconnect();
  one.doc.getText('text').insert(0, 'only here ');
  await expect(one.connection.logout({ wipe: true, unsynced: 'wait' })).rejects.toMatchObject(unsynced);
  expect([one.connection.isLoggedOut, await databases()]).toEqual([false, ['notes']]);
});
