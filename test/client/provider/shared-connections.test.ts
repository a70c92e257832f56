// Which documents share a socket, and whose token is asked for: against a real server.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import {
  HeddleConnection,
  HeddleProvider,
  type HeddleProviderOptions,
  type TokenWanted,
} from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, testSecret, tokenFor } from '../../support/test-server.js';

const locked = { auth: { secret: testSecret } };

function open(url: string, name: string, options: HeddleProviderOptions): HeddleProvider {
  const made = new HeddleProvider(url, name, new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    tabs: false,
    ...options,
  });
  onTestFinished(() => made.destroy());
  return made;
}

const allSynced = (providers: readonly HeddleProvider[]): Promise<unknown> =>
  Promise.all(providers.map(({ whenSynced }) => whenSynced));
const connectionsOf = (providers: readonly HeddleProvider[]): number =>
  new Set(providers.map(({ connection }) => connection)).size;
const writeTo = (...names: readonly string[]): Promise<string> =>
  tokenFor(
    'ann',
    names.map((pattern) => ({ pattern, access: 'write' as const })),
  );

describe('K12 documents whose tokens come from different functions', () => {
  it('K12 share one connection, however the address is written', async () => {
    const { url } = await serverForTest(locked);
    let asked = 0;
    // As README does it: a function of its own for each provider.
    const names = ['one', 'two', 'three', 'four', 'five'];
    const all = names.map((name, i) =>
      open(i === 2 ? `${url.replace('ws:', 'http:')}/` : url, name, {
        token: () => {
          asked++;
          return tokenFor('ann');
        },
      }),
    );
    await allSynced(all);
    // Each once: it could be another user's.
    expect([connectionsOf(all), asked]).toEqual([1, 5]);
  });

  it('K12 are asked for by one request where they have the same function, or say who the user is', async () => {
    const { url } = await serverForTest(locked);
    let asked = 0;
    const token = (): Promise<string> => {
      asked++;
      return tokenFor('ann');
    };
    const names = ['one', 'two', 'three', 'four', 'five'];
    const same = names.map((name) => open(url, name, { token }));
    await allSynced(same);
    expect([connectionsOf(same), asked]).toEqual([1, 1]);
    asked = 0;
    const named = names.map((name) => open(url, name, { token: () => token(), user: 'ann' }));
    await allSynced(named);
    expect([connectionsOf(named), asked]).toEqual([1, 1]);
  });

  it('K12 ask the function that came last, of those still in use', async () => {
    const { url } = await serverForTest(locked);
    const asked: string[] = [];
    const by = (name: string): HeddleProvider =>
      open(url, name, {
        token: () => {
          asked.push(name);
          return tokenFor('ann');
        },
      });
    const [one, two] = [by('one'), by('two')];
    await allSynced([one, two]);
    expect(asked.splice(0)).toEqual(['one', 'two']);
    await one.connection.renewToken();
    two.destroy();
    await one.connection.renewToken();
    expect(asked).toEqual(['two', 'one']);
  });

  it('K12 share none where the users, the devices or the texts of tokens differ', async () => {
    const { url } = await serverForTest();
    const token = (): string => '';
    const all = [
      open(url, 'one', { token }),
      open(url, 'two', { token, user: 'ann' }),
      open(url, 'three', { token, user: 'bob' }),
      open(url, 'four', { token, device: 'a secret of this device that nobody guesses' }),
      open(url, 'five', { token: '' }),
    ];
    expect(connectionsOf(all)).toBe(5);
    await allSynced(all);
  });

  it('K12 go on over a connection of their own where the token of another function does not allow them', async () => {
    const { url } = await serverForTest(locked);
    const told: unknown[] = [];
    const all = ['one', 'two', 'three'].map((name) => {
      const made = open(url, name, { token: () => writeTo(name) });
      made.on('authenticationFailed', (event) => void told.push(event));
      made.on('closed', (event) => void told.push(event));
      return made;
    });
    expect(connectionsOf(all)).toBe(1);
    await allSynced(all);
    for (const one of all) {
      one.doc.getText('text').insert(0, one.name);
      await one.sync();
      expect(one.status).toMatchObject({ phase: 'synced', access: 'write', reason: undefined });
    }
    expect([connectionsOf(all), told]).toEqual([3, []]);
    const stranger = open(url, 'elsewhere', { token: () => writeTo('one') });
    await expect(stranger.whenSynced).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('K12 who comes when others go', () => {
  it('K12 is not taken for the user who has gone, also in the same turn', async () => {
    const { url } = await serverForTest(locked);
    const ann = open(url, 'one', { token: () => tokenFor('ann') });
    await allSynced([ann]);
    ann.destroy();
    const bob = open(url, 'two', { token: () => tokenFor('bob') });
    await allSynced([bob]);
    expect(bob.connection.wire.welcome?.user).toBe('bob');
  });

  it('K12 does not wait on a connection that was logged out', async () => {
    const { url } = await serverForTest(locked);
    const ann = open(url, 'one', { token: () => tokenFor('ann') });
    await allSynced([ann]);
    await ann.connection.logout();
    ann.destroy();
    const bob = open(url, 'two', { token: () => tokenFor('bob') });
    await allSynced([bob]);
    expect(bob.connection.wire.welcome?.user).toBe('bob');
  });

  it('K12 goes on with its own token where the one in force was given by somebody who has gone', async () => {
    const { url } = await serverForTest(locked);
    const one = open(url, 'one', { token: () => writeTo('one') });
    await allSynced([one]);
    const two = open(url, 'two', { token: () => writeTo('two') });
    one.destroy();
    await allSynced([two]);
    expect(two.status.access).toBe('write');
  });

  it('K2 the same function goes on with the same socket', async () => {
    const { url } = await serverForTest(locked);
    const token = (): Promise<string> => tokenFor('ann');
    const one = open(url, 'one', { token });
    await allSynced([one]);
    const { connection } = one;
    one.destroy();
    expect(open(url, 'two', { token }).connection).toBe(connection);
  });
});

describe('N6 a new token of another user', () => {
  it('N6 is not handed in: the connection is made anew with it', async () => {
    const { url } = await serverForTest(locked);
    let user = 'guest';
    const one = open(url, 'one', { token: () => tokenFor(user) });
    await allSynced([one]);
    const { connection } = one;
    const ends: string[] = [];
    connection.on('token-failed', (error) => ends.push(error.message));
    user = 'member';
    await connection.renewToken();
    await until(() => connection.wire.welcome?.user === 'member', 'the other user is believed');
    await until(() => one.status.phase === 'synced', 'the document goes on');
    expect(one.connection).toBe(connection);
    expect(ends).toEqual([]);
  });
});

describe('K13 a token function that takes an argument', () => {
  it('K13 is told of all documents, and asked again before another one is opened, on one socket', async () => {
    const { url } = await serverForTest(locked);
    const asked: TokenWanted[] = [];
    const forbidden: unknown[] = [];
    const by = (name: string): HeddleProvider => {
      const made = open(url, name, {
        token: (wanted) => {
          asked.push(wanted);
          return writeTo(...wanted.documents);
        },
      });
      made.on('authenticationFailed', (event) => void forbidden.push(event));
      return made;
    };
    const first = [by('one'), by('two')];
    await allSynced(first);
    const second = [by('three'), by('four')];
    await allSynced(second);
    const all = [...first, ...second];
    expect(connectionsOf(all)).toBe(1);
    const names = ['one', 'two', 'three', 'four'];
    expect(asked.map(({ documents, reason }) => [documents, reason])).toEqual([
      // The function of the first, which the connection asks, and that of the second, which says whose it is.
      [names.slice(0, 2), 'first'],
      [names.slice(0, 2), 'first'],
      // Those of the third and the fourth say whose they are; then the last is asked for all.
      [names, 'first'],
      [names, 'first'],
      [names, 'documents'],
    ]);
    expect(asked.every(({ signal }) => signal instanceof AbortSignal && !signal.aborted)).toBe(true);
    expect([forbidden, all.every(({ synced }) => synced)]).toEqual([[], true]);
  });

  it('K13 that has none for the new document leaves the others open, and the server says why', async () => {
    const { url } = await serverForTest(locked);
    const token = async ({ documents }: TokenWanted): Promise<string> => {
      if (documents.includes('two')) throw new Error('no token for that');
      return writeTo(...documents);
    };
    const one = open(url, 'one', { token });
    await one.whenSynced;
    const two = open(url, 'two', { token });
    await expect(two.whenSynced).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(one.synced).toBe(true);
  });

  it('K13 counts a subdocument as its parent', async () => {
    const { url } = await serverForTest(locked);
    const asked: (readonly string[])[] = [];
    const one = open(url, 'book', {
      token: ({ documents }) => {
        asked.push(documents);
        return writeTo(...documents);
      },
    });
    await one.whenSynced;
    const chapter = new Y.Doc({ guid: 'one' });
    one.doc.getMap('chapters').set('1', chapter);
    chapter.getText('text').insert(0, 'Call me');
    await until(() => one.connection.names.size === 2, 'the chapter is opened');
    await one.sync();
    expect(asked).toEqual([['book']]);
  });

  it('K13 is asked with the reason: renewed, refused', async () => {
    const { url } = await serverForTest(locked);
    const reasons: string[] = [];
    const one = open(url, 'one', {
      token: ({ documents, reason }) => {
        reasons.push(reason);
        return reasons.length === 1 ? 'no token at all' : writeTo(...documents);
      },
    });
    await one.whenSynced;
    await one.connection.renewToken();
    expect(reasons).toEqual(['first', 'refused', 'renewal']);
  });
});

it('K39: more documents than the server opens on one connection go over another one', async () => {
  const { url } = await serverForTest({ limits: { maxDocumentsPerConnection: 2 } });
  const first = open(url, 'one', {});
  await first.whenSynced;
  const all = [first, ...['two', 'three', 'four', 'five'].map((name) => open(url, name, {}))];
  await allSynced(all);
  expect(connectionsOf(all)).toBe(3);
});

describe('K45: more documents in one turn than the server opens on one connection', () => {
  const limits = { limits: { maxDocumentsPerConnection: 2 } };
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];

  it('go over further connections, before the server has said how many it takes', async () => {
    const { url } = await serverForTest(limits);
    const all = names.map((name) => open(url, name, {}));
    await allSynced(all);
    expect(connectionsOf(all)).toBe(4);
    for (const { doc } of all) doc.getText('text').insert(0, 'typed');
    await Promise.all(all.map((one) => one.sync()));
    expect(all.map(({ status }) => status.reason)).toEqual(names.map(() => undefined));
  });

  it('go over further connections also where they are subdocuments', async () => {
    const { url } = await serverForTest(limits);
    const parent = open(url, 'parent', {});
    const parts = names.map((name) => {
      const part = new Y.Doc({ guid: name, autoLoad: true });
      parent.doc.getMap('parts').set(name, part);
      return part;
    });
    await parent.sync();
    for (const part of parts) part.getText('text').insert(0, 'typed');
    const other = open(url, 'parent', {});
    await other.whenSynced;
    const seen = (): string[] =>
      [...other.doc.getMap<Y.Doc>('parts').values()].map((part) => part.getText('text').toJSON());
    await until(() => seen().every((text) => text === 'typed'), 'all parts have arrived');
    expect(seen().length).toBe(names.length);
  });

  it('wait on the connection of the application until there is room', async () => {
    const { url } = await serverForTest(limits);
    const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket });
    onTestFinished(() => connection.destroy());
    const all = names.slice(0, 3).map((name) => open(url, name, { connection }));
    await allSynced(all.slice(0, 2));
    await until(() => all[2]!.status.reason?.code === 'RATE_LIMITED', 'it is told to wait');
    expect(all[2]!.status.reason).toMatchObject({ kind: 'busy', isFinal: false });
    all[0]!.destroy();
    await all[2]!.sync();
    expect(all[2]!.status).toMatchObject({ phase: 'synced', reason: undefined });
  });
});
