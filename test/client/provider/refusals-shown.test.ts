// What a provider says, and who waits for it, when something that is here does not get to the server: against a real server.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider, type HeddleProviderOptions } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, testSecret, tokenFor } from '../../support/test-server.js';

const locked = { auth: { secret: testSecret } };
const small = { limits: { maxMessageBytes: 20_000 } };
const toRead = (sub: string): Promise<string> => tokenFor(sub, [{ pattern: '**', access: 'read' }]);

function open(url: string, options: HeddleProviderOptions = {}, fill?: (doc: Y.Doc) => void): HeddleProvider {
  const doc = new Y.Doc();
  fill?.(doc);
  const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket, ...options });
  const one = new HeddleProvider(url, 'notes', doc, { tabs: false, offline: false, ...options, connection });
  onTestFinished(() => {
    one.destroy();
    connection.destroy();
  });
  return one;
}

function withDeviceStore(): void {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  onTestFinished(() => void vi.unstubAllGlobals());
}

const picture = (doc: Y.Doc): void => void doc.getMap('map').set('picture', new Uint8Array(30_000));
const typed = (doc: Y.Doc): void => doc.getText('text').insert(0, 'typed');
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: { code?: string }) => error.code ?? error,
  );

describe('K42: the status', () => {
  it('is not `synced`, and says why, where a value is too large for the server', async () => {
    const { url } = await serverForTest(small);
    const one = open(url, {}, picture);
    expect(await codeOf(one.whenSynced)).toBe('DOCUMENT_TOO_LARGE');
    expect(one.status).toMatchObject({
      phase: 'syncing',
      refusedBytes: expect.any(Number) as number,
      reason: { kind: 'too-large', isFinal: true },
    });
    expect([one.status.refusedBytes > 30_000, one.hasUnsyncedChanges]).toEqual([true, true]);
  });

  it('is not `synced`, and says why, where a reader holds what the server lacks', async () => {
    const { url } = await serverForTest(locked);
    const one = open(url, { token: await toRead('ann') }, typed);
    expect(await codeOf(one.whenSynced)).toBe('READ_ONLY');
    expect(one.status).toMatchObject({
      phase: 'syncing',
      unsyncedChanges: 1,
      reason: { kind: 'read-only', isFinal: true },
    });
  });

  it('is `synced` for a reader who holds what the server has', async () => {
    const { url } = await serverForTest(locked);
    const writer = open(url, { token: await tokenFor('ann') }, typed);
    await writer.sync();
    const one = open(url, { token: await toRead('bob') }, (doc) =>
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(writer.doc)),
    );
    await one.whenSynced;
    await one.sync();
    expect(one.status).toMatchObject({ phase: 'synced', unsyncedChanges: 0, reason: undefined });
  });

  it('is not taken for `synced` while what was typed before the first sync is on its way', async () => {
    const { url } = await serverForTest(small);
    const one = open(url, { connect: false });
    picture(one.doc);
    one.connect();
    expect(await codeOf(one.whenSynced)).toBe('DOCUMENT_TOO_LARGE');
  });
});

describe('K43: who waits for the sync', () => {
  it('is told when somebody logs out, and may wait again when somebody logs in', async () => {
    const { url } = await serverForTest(locked);
    const one = open(url, { token: () => tokenFor('ann') });
    await one.whenSynced;
    one.connection.disconnect();
    const before = codeOf(one.sync());
    await one.connection.logout();
    expect([await before, await codeOf(one.sync())]).toEqual(['TOKEN_MISSING', 'TOKEN_MISSING']);
    one.connection.connect();
    expect(await codeOf(one.sync())).toBe('resolved');
  });

  it('is told when nobody can log in again', async () => {
    const { url } = await serverForTest(locked);
    let isGone = false;
    const one = open(url, {
      token: () => (isGone ? Promise.reject(new Error('signed out')) : tokenFor('ann')),
    });
    await one.whenSynced;
    await one.connection.logout();
    isGone = true;
    one.connection.connect();
    expect(await codeOf(one.sync())).toBe('TOKEN_MISSING');
  });

  it('is told when the connection cannot go on', async () => {
    const { url } = await serverForTest(locked);
    const one = open(url, { token: 'no token at all' });
    expect(await codeOf(one.sync())).toBe('TOKEN_INVALID');
    expect(await codeOf(one.sync())).toBe('TOKEN_INVALID');
  });

  it('is told when the document was loaded for somebody else', async () => {
    withDeviceStore();
    const { url } = await serverForTest(locked);
    const token = { value: await tokenFor('ann') };
    const one = open(url, { token: () => Promise.resolve(token.value), offline: true });
    await one.whenSynced;
    token.value = await tokenFor('bob');
    const waiting = codeOf(new Promise((resolve) => one.on('other-owner', resolve)));
    await one.connection.renewToken();
    await waiting;
    expect(await codeOf(one.sync())).toBe('FORBIDDEN');
  });
});

describe('K44: a wipe that is to refuse', () => {
  const unsynced = 'OFFLINE_UNSYNCED';

  it.each(['open', 'closed'])('leaves a copy with what the server did not take: %s', async (state) => {
    withDeviceStore();
    const { url } = await serverForTest(small);
    const one = open(url, { token: '', offline: true }, picture);
    await codeOf(one.whenSynced);
    await until(() => one.status.savedLocally, 'it is saved');
    if (state === 'closed') one.destroy();
    const wiped = one.connection.logout({ wipe: true, unsynced: 'refuse' });
    expect(await codeOf(wiped)).toBe(unsynced);
  });

  it.each(['open', 'closed'])('leaves a copy with what its reader may not bring: %s', async (state) => {
    withDeviceStore();
    const { url } = await serverForTest(locked);
    const one = open(url, { token: await toRead('ann'), offline: true }, typed);
    await codeOf(one.whenSynced);
    await until(() => one.status.savedLocally, 'it is saved');
    if (state === 'closed') one.destroy();
    const wiped = one.connection.logout({ wipe: true, unsynced: 'refuse' });
    expect(await codeOf(wiped)).toBe(unsynced);
    const waited = one.connection.logout({ wipe: true, unsynced: 'wait' });
    expect(await codeOf(waited)).toBe(unsynced);
  });

  it('takes the copy of a reader who holds what the server has', async () => {
    withDeviceStore();
    const { url } = await serverForTest(locked);
    const writer = open(url, { token: await tokenFor('ann') }, typed);
    await writer.sync();
    const one = open(url, { token: await toRead('bob'), offline: true }, (doc) =>
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(writer.doc)),
    );
    await one.whenSynced;
    await until(() => one.status.savedLocally, 'it is saved');
    await one.connection.logout({ wipe: true, unsynced: 'refuse' });
    expect(one.connection.isLoggedOut).toBe(true);
  });
});
