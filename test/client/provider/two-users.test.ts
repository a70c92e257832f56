// Two users on one page, against a real server: neither acts as the other, nor sends the other's edits.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider, SyncError } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, storedDocument, tokenFor } from '../../support/test-server.js';
import { allSynced, connectionsOf, locked, open, openFor, pause, textOf, type, userOf } from './users.js';

describe('K47: two users at once on one page, each with a function of its own', () => {
  it('K47: never act under the name of the other', async () => {
    const { url } = await serverForTest(locked);
    const ann = openFor(url, 'of ann', () => 'ann');
    const bob = openFor(url, 'of bob', () => 'bob');
    await allSynced([ann, bob]);
    expect([ann, bob].map(userOf)).toEqual(['ann', 'bob']);
    await ann.connection.renewToken();
    await bob.connection.renewToken();
    await until(() => ann.synced && bob.synced, 'both go on');
    expect([ann, bob].map(userOf)).toEqual(['ann', 'bob']);
  });

  it('K47: who comes later is asked before its document is opened', async () => {
    const { url, server } = await serverForTest(locked);
    const ann = openFor(url, 'of ann', () => 'ann');
    await ann.whenSynced;
    const opened: (string | undefined)[] = [];
    const listening = new HeddleProvider(url, 'of bob', new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      token: async () => {
        await pause(30);
        return tokenFor('bob');
      },
    });
    onTestFinished(() => listening.destroy());
    listening.on('authenticated', () => void opened.push(userOf(listening)));
    await listening.whenSynced;
    expect([opened, userOf(ann), ann.synced]).toEqual([['bob'], 'ann', true]);
    expect(server.port).toBeGreaterThan(0);
  });

  it('K47: share one connection for each user, however many documents', async () => {
    const { url } = await serverForTest(locked);
    const names = ['one', 'two', 'three', 'four', 'five'];
    const all = ['ann', 'bob'].map((user) =>
      names.map((name) => openFor(url, `${user} ${name}`, () => user)),
    );
    await allSynced(all.flat());
    expect(all.map(connectionsOf)).toEqual([1, 1]);
    expect(all.map((those) => new Set(those.map(userOf)))).toEqual([new Set(['ann']), new Set(['bob'])]);
  });

  it('K47: subdocuments go where their parent goes', async () => {
    const { url } = await serverForTest(locked);
    const ann = openFor(url, 'of ann', () => 'ann');
    await ann.whenSynced;
    const bob = openFor(url, 'book', () => 'bob');
    const chapter = new Y.Doc({ guid: 'one' });
    bob.doc.getMap('chapters').set('1', chapter);
    chapter.getText('text').insert(0, 'Call me');
    await bob.whenSynced;
    await until(() => bob.connection.names.size === 2, 'the chapter is opened');
    expect([...ann.connection.names]).toEqual(['of ann']);
  });

  it('K47: tokens that do not say whose they are share a connection where they are the same text', async () => {
    const { url } = await serverForTest();
    const all = ['same', 'same', 'another'].map((token, i) => open(url, `${i}`, { token: () => token }));
    await allSynced(all);
    expect([connectionsOf(all.slice(0, 2)), connectionsOf(all)]).toEqual([1, 2]);
  });

  it('K47: whose function gives no token goes on alone, with the reason', async () => {
    const { url } = await serverForTest(locked);
    const ann = openFor(url, 'of ann', () => 'ann');
    await ann.whenSynced;
    const other = open(url, 'of nobody', {
      token: () => Promise.reject(new SyncError('TOKEN_MISSING', 'nobody is signed in')),
    });
    await until(() => other.status.reason?.kind === 'token-missing', 'it is told');
    expect([ann.status.phase, other.connection === ann.connection]).toEqual(['synced', false]);
  });

  it('K47: whose function answers late does not wait for one that is gone', async () => {
    const { url } = await serverForTest(locked);
    const never = open(url, 'of ann', { token: () => new Promise<string>(() => {}) });
    const bob = openFor(url, 'of bob', () => 'bob');
    await pause(20);
    never.destroy();
    await bob.whenSynced;
    expect(userOf(bob)).toBe('bob');
  });
});

describe('K48: the user of a shared connection changes', () => {
  it('K48: each function is asked again, and who is still the user before goes on alone', async () => {
    const { url } = await serverForTest(locked);
    let [first, second] = ['ann', 'ann'];
    const one = openFor(url, 'one', () => first);
    const two = openFor(url, 'two', () => second);
    await allSynced([one, two]);
    expect(connectionsOf([one, two])).toBe(1);
    // Of both only the function that came last is asked.
    second = 'bob';
    await two.connection.renewToken();
    await until(() => userOf(two) === 'bob' && two.synced && one.synced, 'both go on');
    expect([userOf(one), connectionsOf([one, two])]).toEqual(['ann', 2]);
    first = 'bob';
    await one.connection.renewToken();
    await until(() => userOf(one) === 'bob' && one.synced, 'the other has changed too');
  });

  it('K48: those who have changed too stay on one socket', async () => {
    const { url } = await serverForTest(locked);
    let user = 'guest';
    const all = ['one', 'two', 'three'].map((name) => openFor(url, name, () => user));
    await allSynced(all);
    user = 'member';
    await all[0]!.connection.renewToken();
    await until(() => all.every((one) => userOf(one) === 'member' && one.synced), 'all go on');
    expect(connectionsOf(all)).toBe(1);
  });

  it('K48: so too after a logout and a login of another user', async () => {
    const { url } = await serverForTest(locked);
    let second = 'ann';
    const one = openFor(url, 'one', () => 'ann');
    const two = openFor(url, 'two', () => second);
    await allSynced([one, two]);
    await two.connection.logout();
    second = 'bob';
    two.connect();
    await until(() => userOf(two) === 'bob' && two.synced && one.synced, 'both go on');
    expect(userOf(one)).toBe('ann');
  });
});

describe('K49: edits that were not sent when the user changed', () => {
  const changed = async (): Promise<{
    one: HeddleProvider;
    told: unknown[];
    store: Parameters<typeof storedDocument>[0];
    be: (user: string) => Promise<void>;
    url: string;
  }> => {
    const { url, store } = await serverForTest(locked);
    let user = 'ann';
    const one = openFor(url, 'notes', () => user);
    const told: unknown[] = [];
    one.on('other-owner', (event) => void told.push(event));
    await one.whenSynced;
    const be = async (next: string): Promise<void> => {
      user = next;
      one.connect();
      await until(() => userOf(one) === next && one.connection.connected, 'the user is believed');
    };
    return { one, told, store: store!, be, url };
  };

  it('K49: do not go up as those of the next one, and do when the first is back', async () => {
    const { one, told, store, be } = await changed();
    one.connection.disconnect();
    type(one, 'of ann');
    await one.connection.logout();
    await be('bob');
    await pause(50);
    expect(one.status).toMatchObject({
      phase: 'syncing',
      unsyncedChanges: 1,
      reason: { kind: 'other-user', isFinal: true },
    });
    expect(told).toEqual([one]);
    expect((await storedDocument(store, 'notes')).getText('text').toJSON()).toBe('');
    await one.connection.logout();
    await be('ann');
    await one.sync();
    expect([one.status.reason, (await storedDocument(store, 'notes')).getText('text').toJSON()]).toEqual([
      undefined,
      'of ann',
    ]);
  });

  it('K49: what was typed while nobody was logged in belongs to who was', async () => {
    const { one, be } = await changed();
    await one.connection.logout();
    type(one, 'after the logout');
    await be('bob');
    await until(() => one.status.reason?.kind === 'other-user', 'it is told');
    expect(one.unsyncedChanges).toBe(1);
  });

  it('K49: what was refused to one user does not go up when another may write', async () => {
    const { url, store } = await serverForTest(locked);
    let token = (): Promise<string> => tokenFor('ann', [{ pattern: 'notes', access: 'read' }]);
    const one = open(url, 'notes', { token: () => token() });
    await one.whenSynced;
    type(one, 'not allowed');
    await until(() => one.status.reason?.kind === 'read-only', 'it is refused');
    token = () => tokenFor('bob');
    await one.connection.renewToken();
    await until(() => one.status.reason?.kind === 'other-user', 'it is told');
    expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toBe('');
  });

  it('K49: what came from another tab of the user before is not brought up either', async () => {
    const { url, store } = await serverForTest(locked);
    let user = 'ann';
    const tab = (): HeddleProvider => {
      const connection = new HeddleConnection(url, {
        WebSocketPolyfill: WebSocket,
        token: () => tokenFor(user),
      });
      onTestFinished(() => connection.destroy());
      return open(url, 'notes', { connection, tabs: true });
    };
    const [one, two] = [tab(), tab()];
    await allSynced([one, two]);
    for (const { connection } of [one, two]) connection.disconnect();
    type(one, 'of ann');
    await until(() => textOf(two) === 'of ann', 'the other tab has it');
    await two.connection.logout();
    one.destroy();
    user = 'bob';
    two.connect();
    await until(() => two.status.reason?.kind === 'other-user', 'it is told');
    expect((await storedDocument(store!, 'notes')).getText('text').toJSON()).toBe('');
  });

  it('K50: go along where the application hands the Y.Doc to a new provider: guest, then member', async () => {
    const { one, store, be, url } = await changed();
    one.connection.disconnect();
    type(one, 'as a guest');
    await one.connection.logout();
    await be('member');
    one.destroy();
    const member = new HeddleProvider(url, 'notes', one.doc, {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      token: () => tokenFor('member'),
    });
    onTestFinished(() => member.destroy());
    await member.sync();
    expect((await storedDocument(store, 'notes')).getText('text').toJSON()).toBe('as a guest');
  });

  it('K49: a Y.Doc that holds nothing unsent goes on under the next user', async () => {
    const { one, told, be } = await changed();
    type(one, 'of ann');
    await one.sync();
    await one.connection.logout();
    await be('bob');
    await until(() => one.synced, 'it goes on');
    type(one, 'and bob ');
    await one.sync();
    expect([told, one.status.phase]).toEqual([[], 'synced']);
  });
});
