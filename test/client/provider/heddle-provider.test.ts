// The provider as an application uses it: against a real server, over real sockets.

import { createRequire } from 'node:module';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { IndexeddbPersistence } from 'y-indexeddb';
import * as Y from 'yjs';
import {
  HeddleProvider,
  listOfflineCopies,
  type HeddleProviderOptions,
  type SyncStatus,
} from '../../../client/index.js';
import { until } from '../../support/peer.js';
import {
  serverForTest,
  startServer,
  storedDocument,
  testSecret,
  tokenFor,
} from '../../support/test-server.js';

function provider(url: string, name = 'notes', options: HeddleProviderOptions = {}): HeddleProvider {
  const made = new HeddleProvider(url, name, new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    // Node has what tabs talk through, and these are to meet on the server.
    tabs: false,
    ...options,
  });
  onTestFinished(() => made.destroy());
  return made;
}

const textOf = ({ doc }: HeddleProvider): string => doc.getText('text').toString();

describe('K1: the shape that editors and applications know', () => {
  it('events of y-websocket and Hocuspocus, in order', async () => {
    const { url } = await serverForTest();
    const events: unknown[] = [];
    const one = provider(url);
    one.on('status', ({ status }) => void events.push(status));
    one.on('sync', (isSynced) => void events.push(isSynced));
    one.on('authenticated', ({ scope }) => void events.push(scope));
    await one.whenLoaded;
    await one.whenSynced;
    expect(events).toEqual(['connected', 'read-write', true]);
    one.disconnect();
    expect(events.slice(3)).toEqual([false, 'disconnected']);
    expect([one.synced, one.wsconnected, one.shouldConnect]).toEqual([false, false, false]);
    one.connect();
    one.connect();
    await until(() => one.synced, 'it is back');
    expect(events.filter((event) => event === 'connected').length).toBe(2);
  });

  it('the awareness of others is there, and gone with them', async () => {
    const { url } = await serverForTest();
    const [one, two] = [provider(url), provider(url)];
    one.awareness.setLocalStateField('user', { name: 'Ann' });
    const ann = (): unknown => two.awareness.getStates().get(one.doc.clientID)?.['user'];
    await until(() => ann() !== undefined, 'Ann is seen');
    expect(ann()).toEqual({ name: 'Ann' });
    for (let round = 0; round < 3; round++) {
      one.disconnect();
      expect(one.awareness.getStates().has(two.doc.clientID)).toBe(false);
      await until(() => ann() === undefined, 'Ann is gone');
      one.connect();
      await until(() => ann() !== undefined, 'Ann is seen again');
      await until(() => one.awareness.getStates().has(two.doc.clientID), 'and sees the other');
    }
  });
});

describe('awareness that is not taken', () => {
  it('P4: is told with its reason, while edits and the rest of awareness go on', async () => {
    const { url } = await serverForTest();
    const [one, two] = [provider(url), provider(url)];
    const refusals: (string | undefined)[] = [];
    one.on('awareness-refused', ({ code }) => void refusals.push(code));
    await one.whenSynced;
    one.awareness.setLocalState({ user: 'Ann', image: 'x'.repeat(100_000) });
    one.doc.getText('text').insert(0, 'typed');
    await one.sync();
    await until(() => refusals.length > 0, 'it is told');
    expect(refusals).toEqual(['AWARENESS_INVALID']);
    expect([one.synced, one.status.phase, one.status.reason]).toEqual([true, 'synced', undefined]);
    one.awareness.setLocalState({ user: 'Ann' });
    await until(() => textOf(two) === 'typed', 'the edit arrives');
    await until(() => two.awareness.getStates().get(one.doc.clientID)?.['user'] === 'Ann', 'Ann is seen');
  });
});

describe('an edit that the server does not take', () => {
  it('K52: is shown as the reason, taken out by rebase and told, and the document goes on', async () => {
    const { url } = await serverForTest();
    const [one, two] = [provider(url), provider(url)];
    const told: unknown[] = [];
    one.on('rebased', (lost) => void told.push(lost));
    await one.whenSynced;
    one.doc.getMap('map').set('k'.repeat(1_025), 'value');
    one.doc.getText('text').insert(0, 'typed after');
    expect(one.status).toMatchObject({ unsyncedChanges: 2, reason: { kind: 'invalid', isFinal: true } });
    await expect(one.sync()).rejects.toThrow('a key or a name has more than 1024 bytes');
    const lost = one.rebase();
    expect(lost?.values).toEqual([{ root: 'map', key: 'k'.repeat(1_025), value: ['value'] }]);
    expect(told).toEqual([lost]);
    await until(() => textOf(two) === 'typed after', 'the rest arrives');
    await one.sync();
    expect(one.status).toMatchObject({ phase: 'synced', unsyncedChanges: 0, reason: undefined });
    expect(one.rebase()).toBeUndefined();
  });
});

describe('when both sides were last the same', () => {
  it('I30: outlives a reload, and is shown before there is a connection', async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { url } = await serverForTest();
    const one = provider(url);
    await one.whenSynced;
    one.doc.getText('text').insert(0, 'text');
    await one.sync();
    one.destroy();
    const { lastSyncedAt } = one.status;
    expect(lastSyncedAt).toBeGreaterThan(0);
    const again = provider(url, 'notes', { connect: false });
    expect(again.status.lastSyncedAt).toBeUndefined();
    await again.whenLoaded;
    expect(textOf(again)).toBe('text');
    expect(again.status).toMatchObject({ phase: 'offline', lastSyncedAt });
  });
});

describe('values beside the document', () => {
  it('I29: are kept by the provider, and refused in typed errors where there is no copy', async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { url } = await serverForTest();
    const one = provider(url);
    await one.set('scroll', 7);
    expect(await one.get('scroll')).toBe(7);
    await one.del('scroll');
    expect(await one.get('scroll')).toBeUndefined();
    await expect(one.set('heddle', 1)).rejects.toThrow(TypeError);
    const without = provider(url, 'notes', { offline: false });
    await expect(without.get('scroll')).rejects.toMatchObject({ code: 'OFFLINE_UNAVAILABLE' });
  });
});

describe('a Y.Doc that goes on under another user', () => {
  const secret = 'a secret of this device that nobody guesses';
  const signIn = async (doc: Y.Doc, url: string, sub: string, device: string): Promise<HeddleProvider> => {
    const token = await tokenFor(sub);
    const made = new HeddleProvider(url, 'notes', doc, {
      token,
      device,
      WebSocketPolyfill: WebSocket,
      tabs: false,
      offline: false,
    });
    onTestFinished(() => made.destroy());
    return made;
  };

  it('C7: is taken from the same device: guest, then member', async () => {
    const { url } = await serverForTest({ auth: { secret: testSecret } });
    const doc = new Y.Doc();
    const guest = await signIn(doc, url, 'guest-1', secret);
    doc.getText('text').insert(0, 'as a guest');
    await guest.sync();
    guest.destroy();
    const member = await signIn(doc, url, 'ann', secret);
    doc.getText('text').insert(0, 'as ann, ');
    await member.sync();
    expect(member.unsyncedChanges).toBe(0);
    const other = await signIn(new Y.Doc(), url, 'bob', `${secret}, another one`);
    await other.whenSynced;
    expect(textOf(other)).toBe('as ann, as a guest');
  });

  it('C7, K3: from another device ends with a reason to act on, and nothing is tried again', async () => {
    const { url } = await serverForTest({ auth: { secret: testSecret }, limits: { maxHeldMs: 100 } });
    const doc = new Y.Doc();
    const guest = await signIn(doc, url, 'guest-1', secret);
    doc.getText('text').insert(0, 'as a guest');
    await guest.sync();
    guest.destroy();
    const member = await signIn(doc, url, 'ann', `${secret}, another one`);
    const closed = vi.fn<(event: { code: number }) => void>();
    member.on('closed', closed);
    await member.whenSynced;
    doc.getText('text').insert(0, 'as ann, ');
    await until(() => member.status.reason !== undefined, 'it is told', 5_000);
    expect(member.status.reason).toMatchObject({
      kind: 'other-user',
      code: 'CLIENT_ID_FOREIGN',
      isFinal: true,
    });
    expect(closed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 4409 }), member);
    expect(member.unsyncedChanges).toBeGreaterThan(0);
    await expect(member.sync()).rejects.toMatchObject({ code: 'CLIENT_ID_FOREIGN' });
  });
});

describe('K2: one socket', () => {
  it('for all documents with the same server and token', async () => {
    const { url, server } = await serverForTest();
    const all = Array.from({ length: 20 }, (_, i) => provider(url, `doc-${i}`));
    await Promise.all(all.map(({ whenSynced }) => whenSynced));
    expect(new Set(all.map(({ connection }) => connection)).size).toBe(1);
    expect(server.port).toBeGreaterThan(0);
    for (const one of all.slice(1)) one.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(all[0]!.synced).toBe(true);
  });

  it('is let go of with the last, and kept by whoever opens another in the same turn', async () => {
    const { url } = await serverForTest();
    const one = provider(url);
    await one.whenSynced;
    const { connection } = one;
    one.destroy();
    const two = provider(url);
    expect(two.connection).toBe(connection);
    await two.whenSynced;
    two.destroy();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(connection.state).toBe('idle');
  });
});

describe('K3: the status is one honest value', () => {
  it('from the start, through the loss of the server, to the end', async () => {
    const first = await startServer();
    const { port } = first;
    const one = provider(`ws://127.0.0.1:${port}`);
    const seen: SyncStatus[] = [one.status];
    one.on('sync-status', (status) => void seen.push(status));
    await one.whenSynced;
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(['connecting', 'syncing', 'synced']);
    expect(one.status).toMatchObject({ access: 'write', transport: 'websocket', unsyncedChanges: 0 });
    one.doc.getText('text').insert(0, 'a');
    expect(one.status).toMatchObject({ phase: 'syncing', unsyncedChanges: 1 });
    await one.sync();
    expect(one.status).toMatchObject({ phase: 'synced', unsyncedChanges: 0 });
    await first.close();
    await until(() => one.status.phase === 'offline', 'the loss is noticed');
    one.doc.getText('text').insert(0, 'b');
    expect(one.status).toMatchObject({ unsyncedChanges: 1, transport: undefined });
    expect(Math.abs(one.status.lastSyncedAt! - Date.now())).toBeLessThan(10_000);
    const second = await startServer({ port });
    onTestFinished(() => second.close());
    one.connection.connect();
    await until(() => one.status.phase === 'synced', 'it is back');
    expect(one.status.reason).toBeUndefined();
  });

  it('says why it cannot go on', async () => {
    const { url } = await serverForTest({ auth: { secret: testSecret } });
    const none = provider(url);
    const closed: number[] = [];
    const failed: string[] = [];
    none.on('closed', ({ code }) => void closed.push(code));
    none.on('authenticationFailed', ({ reason }) => void failed.push(reason));
    await expect(none.whenSynced).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    expect(none.status).toMatchObject({ phase: 'offline', reason: { kind: 'token-missing', isFinal: true } });
    expect([closed, failed.length]).toEqual([[4401], 1]);
    const token = await tokenFor('ann', [{ pattern: 'notes', access: 'read' }]);
    const other = provider(url, 'elsewhere', { token });
    await expect(other.whenSynced).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(other.status).toMatchObject({ phase: 'offline', reason: { kind: 'forbidden', isFinal: true } });
    const reader = provider(url, 'notes', { token });
    await reader.whenSynced;
    expect([reader.authorizedScope, reader.status.reason]).toEqual(['readonly', undefined]);
    reader.doc.getText('text').insert(0, 'kept here');
    expect(reader.status).toMatchObject({
      phase: 'syncing',
      unsyncedChanges: 1,
      reason: { kind: 'read-only' },
    });
    expect(reader.connection).toBe(other.connection);
  });
});

describe('K4: subdocuments', () => {
  it('A1: load as documents of their own, under the rights of their parent', async () => {
    const { url } = await serverForTest({ auth: { secret: testSecret } });
    const token = await tokenFor('ann', [{ pattern: 'book', access: 'write' }]);
    const one = provider(url, 'book', { token });
    const chapter = new Y.Doc({ guid: 'chapter one' });
    one.doc.getMap('chapters').set('1', chapter);
    chapter.getText('text').insert(0, 'Call me');
    await one.sync();
    const two = provider(url, 'book', { token });
    await two.whenSynced;
    const found = two.doc.getMap('chapters').get('1') as Y.Doc;
    expect(found.getText('text').toString()).toBe('');
    found.load();
    await until(() => found.getText('text').toString() === 'Call me', 'the chapter is loaded');
    const stranger = provider(url, 'book/~chapter%20one', {
      token: await tokenFor('ann', [{ pattern: 'book/**', access: 'write' }]),
    });
    await expect(stranger.whenSynced).rejects.toMatchObject({ code: 'FORBIDDEN' });
    two.doc.getMap('chapters').delete('1');
    two.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(two.connection.connected).toBe(false);
  });
});

it('K4 I14: subdocuments are kept on the device beside their parent', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  onTestFinished(() => void vi.unstubAllGlobals());
  const { url } = await serverForTest();
  const one = provider(url, 'book', { offline: { name: 'my book' } });
  const chapter = new Y.Doc({ guid: 'one' });
  one.doc.getMap('chapters').set('1', chapter);
  chapter.getText('text').insert(0, 'Call me');
  await until(() => one.status.savedLocally, 'it is saved');
  const names = async (): Promise<string[]> => (await listOfflineCopies()).map(({ name }) => name).sort();
  await vi.waitFor(async () => expect(await names()).toEqual(['my book', 'my book/~one']), 5_000);
});

it('K25: is synced for the first time when the server has what an earlier copy on this device held', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { url, store } = await serverForTest();
  const earlier = new Y.Doc();
  const persistence = new IndexeddbPersistence('notes', earlier);
  await persistence.whenSynced;
  earlier.getText('text').insert(0, 'written earlier '.repeat(10_000));
  await persistence.destroy();
  const one = provider(url, 'notes', { offline: true });
  let isSynced = false;
  const phases: string[] = [];
  one.on('sync-status', ({ phase, unsyncedBytes }) => {
    if (unsyncedBytes > 0 && !isSynced) phases.push(phase);
  });
  await one.whenSynced;
  isSynced = true;
  expect(phases).toContain('syncing');
  expect(phases).not.toContain('synced');
  expect(one.hasUnsyncedChanges).toBe(false);
  expect((await storedDocument(store!, 'notes')).getText('text').toString()).toBe(textOf(one));
  expect(textOf(one).length).toBe(160_000);
});

it('K33: a document of another copy of Yjs is refused in words that name the cause', () => {
  const { Doc } = createRequire(import.meta.url)('yjs') as typeof Y;
  expect(Doc).not.toBe(Y.Doc);
  const open = (doc: unknown) => (): unknown => new HeddleProvider('ws://127.0.0.1:1', 'notes', doc as Y.Doc);
  expect(open(new Doc())).toThrow(/^this Y.Doc is of another copy of Yjs/);
  expect(open({})).toThrow(new TypeError('the document is to be a Y.Doc: new Y.Doc(), of the package yjs'));
});

describe('K5: the end', () => {
  it('of the document is the end of its provider', async () => {
    const { url } = await serverForTest();
    const one = provider(url);
    await one.whenSynced;
    const { connection } = one;
    one.doc.destroy();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(connection.state).toBe('idle');
    one.connect();
    expect(connection.state).toBe('idle');
  });

  it('leaves nothing behind where the address is none', () => {
    const before = process.getActiveResourcesInfo().length;
    for (let i = 0; i < 10; i++)
      expect(() => new HeddleProvider('http://[', 'notes', new Y.Doc())).toThrow(
        'is not the address of a server',
      );
    expect(process.getActiveResourcesInfo().length).toBe(before);
  });

  it('rejects what waits', async () => {
    const one = provider('ws://127.0.0.1:1');
    const synced = one.sync();
    one.destroy();
    await expect(one.whenSynced).rejects.toThrow('destroyed');
    await expect(synced).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' });
  });
});

it('D1: what two write at once is the same for both', async () => {
  const { url } = await serverForTest();
  const [one, two] = [provider(url), provider(url)];
  for (let i = 0; i < 50; i++) {
    one.doc.getText('text').insert(0, '1');
    two.doc.getText('text').insert(0, '2');
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all([one.sync(), two.sync()]);
  await Promise.all([one.sync(), two.sync()]);
  expect(textOf(one)).toBe(textOf(two));
  expect(textOf(one).length).toBe(100);
});
