// The names that applications bring along from y-websocket and Hocuspocus: against a real server.

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import {
  estimateStorage,
  HeddleConnection,
  HeddleProvider,
  requestPersistentStorage,
  type HeddleProviderOptions,
} from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest } from '../../support/test-server.js';

function open(url: string, options: HeddleProviderOptions = {}): HeddleProvider {
  const made = new HeddleProvider(url, 'notes', new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    tabs: false,
    ...options,
  });
  onTestFinished(() => made.destroy());
  return made;
}

describe('K14 options of other providers', () => {
  it.each([
    ['params', { token: 'jwt' }, /has no option `params`: hand the token in as `token`/],
    ['protocols', ['heddle', 'jwt'], /has no option `protocols`: hand the token in as `token`/],
    ['maxBackoffTime', 1000, /has no option `maxBackoffTime`: .*connection\.connect\(\)/],
    ['resyncInterval', 1000, /has no option `resyncInterval`: .*sync\(\)/],
    ['shouldReconnect', () => true, /has no option `shouldReconnect`: the close code decides/],
    ['ws', WebSocket, /has no option `ws`: .*`WebSocketPolyfill`/],
    ['websocketProvider', {}, /has no option `websocketProvider`: .*`connection`/],
    ['onStateless', () => {}, /has no option `onStateless`: .*`connection\.call`/],
    ['tokn', 'jwt', /has no option `tokn`$/],
  ])('K14 that would do nothing are refused by name: %s', (name, value, message) => {
    const make = (): HeddleProvider => open('ws://127.0.0.1:1', { connect: false, [name]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  it('K14 are refused by a connection as well', () => {
    const make = (): HeddleConnection => new HeddleConnection('ws://127.0.0.1:1', { params: {} } as object);
    expect(make).toThrow(/HeddleConnection has no option `params`: hand the token in as `token`/);
  });

  it('K14 in one object, as Hocuspocus takes them, are refused in words', () => {
    const make = HeddleProvider as unknown as new (options: object) => HeddleProvider;
    expect(() => new make({ url: 'ws://127.0.0.1:1', name: 'notes' })).toThrow(
      /takes its arguments apart: new HeddleProvider\(url, name, doc, options\)/,
    );
  });

  it('K14 that are undefined, or say what is the case anyway, are no fault', () => {
    const options = { connect: false, resyncInterval: -1, params: undefined } as HeddleProviderOptions;
    expect(() => open('ws://127.0.0.1:1', options)).not.toThrow();
  });

  it('K14 disableBc is the opposite of tabs, and bcconnected says whether tabs are talked to', async () => {
    const { url } = await serverForTest();
    const alone = new HeddleProvider(url, 'notes', new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      disableBc: true,
    });
    const among = new HeddleProvider(url, 'notes', new Y.Doc(), { WebSocketPolyfill: WebSocket });
    onTestFinished(() => [alone, among].forEach((one) => one.destroy()));
    await Promise.all([alone.whenSynced, among.whenSynced]);
    expect([alone.bcconnected, among.bcconnected]).toEqual([false, true]);
  });
});

describe('K15 callbacks and events of Hocuspocus', () => {
  it('K15 callbacks that are options are called with its arguments', async () => {
    const { url } = await serverForTest();
    const told: unknown[] = [];
    const one = open(url, {
      onStatus: (event) => void told.push(['status', event]),
      onConnect: () => void told.push(['connect']),
      onAuthenticated: (event) => void told.push(['authenticated', event]),
      onSynced: (event) => void told.push(['synced', event]),
      onUnsyncedChanges: (event) => void told.push(['unsynced', event]),
      onDestroy: () => void told.push(['destroy']),
    });
    await one.whenSynced;
    expect(told).toEqual([
      ['status', { status: 'connecting' }],
      ['status', { status: 'connected' }],
      ['connect'],
      ['authenticated', { scope: 'read-write' }],
      ['synced', { state: true }],
    ]);
    one.doc.getText('text').insert(0, 'a');
    await one.sync();
    expect(told).toContainEqual(['unsynced', { number: 1 }]);
    one.destroy();
    expect(told.at(-1)).toEqual(['destroy']);
  });

  it('K15 callbacks do not keep documents from sharing a connection, and are no subdocument’s', async () => {
    const { url } = await serverForTest();
    const synced = vi.fn<() => void>();
    const one = open(url, { onSynced: synced });
    const two = new HeddleProvider(url, 'other', new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      onSynced: () => {},
    });
    onTestFinished(() => two.destroy());
    expect(two.connection).toBe(one.connection);
    const chapter = new Y.Doc({ guid: 'one' });
    one.doc.getMap('chapters').set('1', chapter);
    await one.sync();
    await until(() => one.connection.names.has('notes/~one'), 'the chapter is opened');
    expect(synced).toHaveBeenCalledOnce();
  });

  it('K15 the end of a connection is told with its event', async () => {
    const { url, server } = await serverForTest();
    const ended = vi.fn<(data: { event: { code: number } }) => void>();
    const one = open(url, { onDisconnect: ended, onClose: ended });
    await one.whenSynced;
    await server.close();
    await until(() => ended.mock.calls.length >= 2, 'it is told');
    expect(ended.mock.calls[0]?.[0]).toEqual({
      event: expect.objectContaining({ code: expect.any(Number) }),
    });
  });

  it('K15 awareness is told with everybody’s states, and set field by field', async () => {
    const { url } = await serverForTest();
    const seen: unknown[][] = [];
    const one = open(url, { onAwarenessChange: ({ states }) => void seen.push(states) });
    const two = open(url);
    two.setAwarenessField('user', 'Ben');
    await until(() => JSON.stringify(seen.at(-1) ?? []).includes('"Ben"'), 'Ben is seen');
    expect(seen.at(-1)).toContainEqual({ clientId: two.doc.clientID, user: 'Ben' });
    const updates = vi.fn<(data: { states: unknown[] }) => void>();
    one.on('awarenessUpdate', updates);
    one.setAwarenessField('user', 'Ann');
    expect(updates.mock.lastCall?.[0].states).toContainEqual({ clientId: one.doc.clientID, user: 'Ann' });
  });

  it('K15 forceSync ends in the status, also where there is no server', async () => {
    const one = open('ws://127.0.0.1:1');
    one.forceSync();
    one.destroy();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(one.status.phase).not.toBe('synced');
  });
});

describe('K16 what an application may ask about connection and device', () => {
  it('K16 the connection tells that it is there, and that it is lost', async () => {
    const { url } = await serverForTest();
    const one = open(url, { connect: false });
    const told: boolean[] = [];
    one.connection.on('connected', (isConnected) => void told.push(isConnected));
    one.connect();
    await one.whenSynced;
    one.connection.disconnect();
    expect(told).toEqual([true, false]);
  });

  it('K16 the room on the device is told, and asked to be kept; where the browser says nothing, nothing is made up', async () => {
    expect([await requestPersistentStorage(), await estimateStorage()]).toEqual([false, undefined]);
    let isPersistent = false;
    const storage = {
      persist: async () => (isPersistent = true),
      persisted: async () => isPersistent,
      estimate: async () => ({ usage: 10, quota: 100 }),
    };
    vi.stubGlobal('navigator', { storage });
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(await estimateStorage()).toEqual({ usedBytes: 10, quotaBytes: 100, isPersistent: false });
    expect(await requestPersistentStorage()).toBe(true);
    expect(await estimateStorage()).toMatchObject({ isPersistent: true });
  });
});
