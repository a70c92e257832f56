// Documents that nobody has open: against a real server.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  ClosedError,
  HeddleConnection,
  listOfflineCopies,
  type HeddleConnectionOptions,
} from '../../../client/index.js';
import type { LockOptions } from '../../../client/platform/locks.js';
import { MemoryLocks } from '../../support/memory-locks.js';
import { until } from '../../support/peer.js';
import { serverForTest, storedDocument, tokenFor } from '../../support/test-server.js';
import { locked, open, pause, textOf, type } from './users.js';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

function connect(url: string, options: HeddleConnectionOptions): HeddleConnection {
  const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket, ...options });
  onTestFinished(() => connection.destroy());
  return connection;
}

/** Written by this user without a connection, saved, and closed. */
async function leftOffline(url: string, name: string, text: string, user = 'ann'): Promise<void> {
  const made = open(url, name, { token: await tokenFor(user) });
  await made.whenSynced;
  made.connection.disconnect();
  type(made, text);
  await until(() => made.status.savedLocally, 'it is saved');
  made.destroy();
  await pause(20);
}

/** Web Locks, as a page sees them. */
function lockManager(locks = new MemoryLocks()): object {
  const { request } = locks.tab();
  return {
    request: (name: string, options: LockOptions, run: (lock: object | null) => Promise<void>) =>
      request(name, options, (isHeld) => run(isHeld ? {} : null)),
    query: async () => ({ held: locks.names.map((name) => ({ name })) }),
  };
}

describe('K57: a document that nobody has open', () => {
  it('is made the same on both sides: what was never sent arrives, and what is missing here is stored', async () => {
    const { url, store } = await serverForTest(locked);
    const token = await tokenFor('ann');
    await leftOffline(url, 'notes', 'mine ');
    const other = open(url, 'notes', { token: await tokenFor('bob'), offline: false });
    await other.whenSynced;
    type(other, 'theirs ');
    await other.sync();
    const connection = connect(url, { token });
    expect((await listOfflineCopies()).map(({ hasUnsynced }) => hasUnsynced)).toEqual([true]);
    await connection.keep('notes');
    expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toContain('mine ');
    await vi.waitFor(async () =>
      expect((await listOfflineCopies()).map(({ hasUnsynced }) => hasUnsynced)).toEqual([false]),
    );
    expect(connection.names.size).toBe(0);
    await until(() => connection.state === 'idle', 'the connection is not needed any more');
    const offline = open(url, 'notes', { token, connect: false });
    await offline.whenLoaded;
    expect(textOf(offline)).toBe(textOf(other));
    expect(textOf(other)).toHaveLength('mine theirs '.length);
    expect(offline.unsyncedChanges).toBe(0);
  });

  it('is fetched ahead, and a second time costs an answer and no content', async () => {
    const { url } = await serverForTest(locked);
    const token = await tokenFor('ann');
    const other = open(url, 'notes', { token: await tokenFor('bob'), offline: false });
    await other.whenSynced;
    type(other, 'text '.repeat(1_000));
    await other.sync();
    const connection = connect(url, { token });
    await connection.keep('notes');
    let heard = 0;
    class Counting extends WebSocket {
      constructor(address: string) {
        super(address);
        this.on('message', (data: ArrayBuffer) => (heard += data.byteLength));
      }
    }
    const again = connect(url, { token, WebSocketPolyfill: Counting });
    await again.keep('notes');
    expect(heard).toBeGreaterThan(0);
    expect(heard).toBeLessThan(1_000);
    const offline = open(url, 'notes', { token, connect: false });
    await offline.whenLoaded;
    expect(textOf(offline)).toBe(textOf(other));
  });

  it('goes on after it was opened, and several go at once over one connection', async () => {
    const { url, store } = await serverForTest(locked);
    const names = ['one', 'two', 'three'];
    for (const name of names) await leftOffline(url, name, name);
    const connection = connect(url, { token: await tokenFor('ann') });
    await Promise.all(names.map((name) => connection.keep(name)));
    for (const name of names)
      expect((await storedDocument(store!, name)).getText('text').toJSON()).toBe(name);
    const opened = open(url, 'one', { connection });
    await opened.whenSynced;
    type(opened, 'and ');
    await opened.sync();
    opened.destroy();
    await connection.keep('one');
    expect((await storedDocument(store!, 'one')).getText('text').toJSON()).toBe('and one');
  });

  it('rejects what the server refuses, and frees the name', async () => {
    const { url } = await serverForTest(locked);
    await leftOffline(url, 'notes', 'mine ');
    const mayRead = await tokenFor('ann', [{ pattern: 'notes', access: 'read' }]);
    const reader = connect(url, { token: mayRead });
    await expect(reader.keep('notes')).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(reader.keep('plans')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(reader.names.size).toBe(0);
    expect((await listOfflineCopies()).find(({ name }) => name === 'notes')?.hasUnsynced).toBe(true);
    await connect(url, { token: await tokenFor('ann') }).keep('notes');
  });

  it('rejects while it is open, when it is called off, after a logout, and where nothing can be stored', async () => {
    const { url } = await serverForTest(locked);
    const connection = connect(url, { token: await tokenFor('ann') });
    const opened = open(url, 'notes', { connection });
    await expect(connection.keep('notes')).rejects.toThrow('open on this connection');
    opened.destroy();
    const aborted = new AbortController();
    connection.disconnect();
    const kept = connection.keep('notes', { signal: aborted.signal });
    await pause(30);
    aborted.abort();
    expect(connection.names.size).toBe(0);
    await expect(kept).rejects.toThrow('aborted');
    const waiting = connection.keep('notes');
    await pause(30);
    await connection.logout();
    await expect(waiting).rejects.toMatchObject({ code: expect.stringContaining('TOKEN') as string });
    const another = connect(url, { token: await tokenFor('ann') });
    another.disconnect();
    const cutOff = another.keep('plans');
    another.destroy();
    await expect(cutOff).rejects.toThrow('let go of');
    vi.unstubAllGlobals();
    await expect(connect(url, {}).keep('notes')).rejects.toMatchObject({ code: 'OFFLINE_UNAVAILABLE' });
  });

  it('gives way to who opens it on the same connection meanwhile', async () => {
    const { url } = await serverForTest(locked);
    await leftOffline(url, 'notes', 'mine ');
    const connection = connect(url, { token: await tokenFor('ann') });
    const other = open(url, 'other', { connection, offline: false });
    await other.whenSynced;
    for (let turns = 0; turns < 12; turns++) {
      const kept = connection.keep('notes').then(
        () => 'kept',
        (error: Error) => error.message,
      );
      await pause(turns);
      const opened = open(url, 'notes', { connection });
      await opened.whenSynced;
      expect(['kept', 'the document was let go of']).toContain(await kept);
      expect([connection.names.has('notes'), textOf(opened)]).toEqual([true, 'mine ']);
      opened.destroy();
    }
  });

  it('is not kept while another tab of this device has edits in it that the server lacks', async () => {
    const { url, store } = await serverForTest(locked);
    const token = await tokenFor('ann');
    vi.stubGlobal('navigator', { locks: lockManager() });
    const tab = open(url, 'notes', { token });
    await tab.whenSynced;
    type(tab, 'first ');
    await tab.sync();
    await vi.waitFor(() => expect(tab.status.savedLocally).toBe(true));
    await pause(1_200);
    tab.connection.disconnect();
    type(tab, 'unsent ');
    await vi.waitFor(() => expect(tab.status.savedLocally).toBe(true));
    await connect(url, { token, user: 'another page' }).keep('notes');
    expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toBe('unsent first ');
  });

  it('K61: gives way to who opens it with the same options, on the same connection', async () => {
    const { url } = await serverForTest(locked);
    const token = await tokenFor('ann');
    await leftOffline(url, 'notes', 'mine ');
    const other = open(url, 'other', { token, offline: false });
    await other.whenSynced;
    const kept = other.connection.keep('notes').catch((error: unknown) => error);
    const opened = open(url, 'notes', { token });
    expect(opened.connection).toBe(other.connection);
    await opened.whenSynced;
    expect([await kept, textOf(opened)]).toEqual([expect.any(ClosedError), 'mine ']);
  });

  it('K60: that is called off while nobody gives a token is free for others at once', async () => {
    const { url } = await serverForTest(locked);
    const letGo = new AbortController();
    const connection = connect(url, { token: () => new Promise<string>(() => {}) });
    const kept = connection.keep('notes', { signal: letGo.signal });
    await pause(20);
    letGo.abort();
    await expect(kept).rejects.toThrow('aborted');
    const opened = open(url, 'notes', { token: await tokenFor('ann') });
    await opened.whenLoaded;
    type(opened, 'mine ');
    await until(() => opened.status.savedLocally, 'it is saved');
  });

  it('K61, K53, I31: is let go of when the page is put away: no lock is held then', async () => {
    const { url } = await serverForTest(locked);
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const locks = new MemoryLocks();
    vi.stubGlobal('navigator', { locks: lockManager(locks) });
    const connection = connect(url, { token: await tokenFor('ann') });
    connection.disconnect();
    const kept = connection.keep('notes').catch((error: unknown) => error);
    await until(() => locks.names.length === 3, 'its copy is open');
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
    expect(await kept).toBeInstanceOf(ClosedError);
    await until(() => locks.names.length === 0, 'it holds nothing');
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    connection.connect();
    await connection.keep('notes');
    await until(() => locks.names.length === 0, 'it is done');
    connection.destroy();
  });

  it('brings nothing of another user', async () => {
    const { url, store } = await serverForTest(locked);
    await leftOffline(url, 'notes', 'of ann ', 'ann');
    await connect(url, { token: await tokenFor('bob') }).keep('notes');
    expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toBe('');
    await connect(url, { token: await tokenFor('ann') }).keep('notes');
    expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toBe('of ann ');
  });
});
