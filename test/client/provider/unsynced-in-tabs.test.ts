// What a tab says of edits that other tabs of the browser have not brought to the server: against a real server. Node has
// BroadcastChannel as a browser has, so providers in one process are tabs of one.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider, type HeddleProviderOptions } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, storedDocument, type TestServer } from '../../support/test-server.js';
import { pause, textOf, type } from './users.js';

function tab(url: string, options: HeddleProviderOptions = {}): HeddleProvider {
  // A connection of its own, as every tab has.
  const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket });
  const provider = new HeddleProvider(url, 'notes', new Y.Doc(), { offline: false, ...options, connection });
  onTestFinished(() => {
    provider.destroy();
    connection.destroy();
  });
  return provider;
}

/** What the server has stored whenever the provider begins to say that it is in sync, from now on. */
function storedWhenSynced(provider: HeddleProvider, { store }: TestServer): string[] {
  const found: string[] = [];
  provider.on('sync-status', ({ phase }) => {
    if (phase !== 'synced') return;
    void storedDocument(store!, 'notes').then((doc) => found.push(doc.getText('text').toJSON()));
  });
  return found;
}

describe('K58: edits that another tab has not brought to the server', () => {
  it('count in the tab that shows them, until they are there', async () => {
    const server = await serverForTest();
    const [one, two] = [tab(server.url), tab(server.url)];
    await Promise.all([one.whenSynced, two.whenSynced]);
    one.connection.disconnect();
    type(one, 'unsent');
    await until(() => textOf(two) === 'unsent', 'the other shows it');
    expect(two.status).toMatchObject({ phase: 'syncing', unsyncedChanges: 0, unsyncedInTabs: true });
    expect([two.hasUnsyncedChanges, two.unsyncedChanges]).toEqual([true, 0]);
    let isSynced = false;
    const synced = two.sync().then(() => (isSynced = true));
    const late = tab(server.url);
    await until(() => textOf(late) === 'unsent', 'who comes later shows it too');
    expect(late.status.phase).not.toBe('synced');
    await pause(50);
    expect(isSynced).toBe(false);
    const found = storedWhenSynced(two, server);
    one.connection.connect();
    await Promise.all([synced, late.whenSynced, one.sync()]);
    expect((await storedDocument(server.store!, 'notes')).getText('text').toJSON()).toBe('unsent');
    await until(() => two.status.phase === 'synced', 'it says so');
    expect([two.status.unsyncedInTabs, two.hasUnsyncedChanges]).toEqual([false, false]);
    await until(() => found.length > 0, 'the store was looked at');
    expect(new Set(found)).toEqual(new Set(['unsent']));
  });

  it('count when that tab is gone, until this one has brought them', async () => {
    const server = await serverForTest();
    const [one, two] = [tab(server.url), tab(server.url)];
    await Promise.all([one.whenSynced, two.whenSynced]);
    for (const { connection } of [one, two]) connection.disconnect();
    type(one, 'left behind');
    await until(() => textOf(two) === 'left behind', 'the other shows it');
    one.destroy();
    await pause(50);
    expect(two.status).toMatchObject({ phase: 'offline', unsyncedInTabs: true });
    expect(two.hasUnsyncedChanges).toBe(true);
    const found = storedWhenSynced(two, server);
    two.connection.connect();
    await two.sync();
    expect(two.status).toMatchObject({ phase: 'synced', unsyncedInTabs: false });
    await until(() => found.length > 0, 'the store was looked at');
    expect(new Set(found)).toEqual(new Set(['left behind']));
  });
});
