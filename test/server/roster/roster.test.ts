// Who is in a document, told by a real server to clients of our own, with stock clients beside them.

import { WebSocket } from 'ws';
import { afterEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { HeddleProvider } from '../../../client/provider/heddle-provider.js';
import { openRoster, type Roster } from '../../../client/provider/roster.js';
import { createToken } from '../../../token/index.js';
import type { ServerOptions } from '../../../server/options.js';
import { openLevelStore } from '../../../server/store/level-store.js';
import { systemClock } from '../../../shared/clock.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { SyncError } from '../../../shared/errors.js';
import { connectStock, until, type StockClient } from '../../support/stock-client.js';
import { directoryForTest, serverForTest, testSecret, type TestServer } from '../../support/test-server.js';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanUps.splice(0)) clean();
});

const auth = { secret: testSecret, adminClaim: 'admin' };

function start(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  return serverForTest({ auth, rosterVisible: 'everybody', ...options });
}

function token(
  sub: string,
  { name, sid, isAdmin = false }: { name?: string; sid?: string; isAdmin?: boolean } = {},
): Promise<string> {
  const docs = [{ pattern: '**', access: 'write' }] as const;
  return createToken({
    secret: testSecret,
    sub,
    docs,
    ttlS: 600,
    name,
    sid,
    ...(isAdmin ? { claims: { admin: true } } : {}),
  });
}

function native({ url }: TestServer, jwt: string | (() => Promise<string>), document = 'a'): HeddleProvider {
  const provider = new HeddleProvider(url, document, new Y.Doc(), {
    token: jwt,
    offline: false,
    tabs: false,
    WebSocketPolyfill: WebSocket,
  });
  cleanUps.push(() => provider.destroy());
  return provider;
}

function stock({ url }: TestServer, jwt: string, document = 'a'): StockClient {
  const client = connectStock({ url, document, params: { token: jwt } });
  cleanUps.push(() => client.close());
  return client;
}

/** `ada` here once, `bob!2` here on two devices, `eve?` gone. */
function shown({ people }: Roster): string {
  return people
    .map(({ user, isHere, devices }) => `${user}${isHere ? (devices > 1 ? `!${devices}` : '') : '?'}`)
    .sort()
    .join(' ');
}

function shows(roster: Roster, wanted: string): Promise<void> {
  return until(
    () => shown(roster) === wanted,
    () => `${shown(roster)} is ${wanted}`,
    5_000,
  );
}

describe('the roster of a document', () => {
  test('P12, P14: native and stock clients beside each other, by the users of their tokens', async () => {
    const server = await start();
    const ada = native(server, await token('ada', { name: 'Ada' }));
    const roster = openRoster(ada);
    await shows(roster, 'ada');
    expect(roster.status).toBe('told');
    const bob = stock(server, await token('bob', { name: 'Bob', sid: 'laptop' }));
    await shows(roster, 'ada bob');
    expect(roster.get('bob')?.claims).toEqual({ name: 'Bob' });
    expect(roster.get('ada')?.isSelf).toBe(true);
    const again = native(server, await token('bob', { name: 'Bob', sid: 'phone' }));
    await shows(roster, 'ada bob!2');
    bob.close();
    await shows(roster, 'ada bob');
    ada.doc.getMap('m').set('a', 1);
    await ada.sync();
    const before = Date.now();
    again.destroy();
    await shows(roster, 'ada bob?');
    expect(Math.abs((roster.get('bob')?.lastSeen ?? 0) - before)).toBeLessThan(5_000);
    const late = openRoster(native(server, await token('eve')));
    await shows(late, 'ada bob? eve');
    expect(await server.server.presence.document('a')).toMatchObject([
      { user: 'bob', isHere: false, devices: [], claims: { name: 'Bob' } },
      { user: 'ada', isHere: true },
      { user: 'eve', isHere: true },
    ]);
    expect(
      server.server.presence
        .online()
        .map(({ user }) => user)
        .sort(),
    ).toEqual(['ada', 'eve']);
    expect(await server.server.presence.user('bob')).toMatchObject({ isHere: false });
  });

  test('P15: is denied to who may not see it, and told with a token that says more', async () => {
    const server = await start({ rosterVisible: 'admins' });
    stock(server, await token('eve'));
    const tokens = [await token('ada')];
    const ada = native(server, async () => tokens.at(-1)!);
    const roster = openRoster(ada);
    await until(() => roster.status === 'denied', 'it is denied', 5_000);
    expect(roster.people).toEqual([]);
    tokens.push(await token('ada', { isAdmin: true }));
    await ada.connection.renewToken();
    await shows(roster, 'ada eve');
    tokens.push(await token('ada'));
    await ada.connection.renewToken();
    await until(() => roster.status === 'denied', 'it is denied again', 5_000);
    expect(roster.people).toEqual([]);
  });

  test('P15: nobody sees it unless the server is told so, and who does not ask hears nothing', async () => {
    const server = await start({ rosterVisible: 'nobody' });
    const roster = openRoster(native(server, await token('ada')));
    await until(() => roster.status === 'denied', 'it is denied', 5_000);
    const open = await start();
    const quiet = native(open, await token('ada'));
    await quiet.whenSynced;
    let heard = 0;
    (await quiet.kept.channel()).on('roster', () => heard++);
    const bob = openRoster(native(open, await token('bob')));
    await shows(bob, 'ada bob');
    await quiet.sync();
    expect(heard).toBe(0);
  });

  test('K82: one roster for all who ask for it, told until the last of them closes it', async () => {
    const server = await start();
    const ada = native(server, await token('ada'));
    const [one, two] = [openRoster(ada), openRoster(ada)];
    expect(two).toBe(one);
    await shows(one, 'ada');
    one.close();
    const bob = native(server, await token('bob'));
    await shows(two, 'ada bob');
    two.close();
    const again = openRoster(ada);
    expect(again).not.toBe(two);
    await shows(again, 'ada bob');
    bob.destroy();
    await shows(again, 'ada bob?');
    ada.destroy();
    expect(shown(two)).toBe('ada bob');
  });

  test('K82: one that is closed before it was told is told no more', async () => {
    const server = await start();
    const ada = native(server, await token('ada'));
    await ada.whenSynced;
    const channel = await ada.kept.channel();
    const heard: string[] = [];
    channel.on('roster', ({ kind }) => heard.push(kind));
    const roster = openRoster(ada);
    // It has asked by then, and no answer has come.
    await new Promise((resolve) => setImmediate(resolve));
    expect(roster.status).toBe('waiting');
    roster.close();
    const bob = openRoster(native(server, await token('bob')));
    await shows(bob, 'ada bob');
    await ada.sync();
    expect(heard.filter((kind) => kind === 'change')).toEqual([]);
  });

  test('K82: goes on over another connection; without one nobody is shown to be here', async () => {
    const server = await start();
    const ada = native(server, await token('ada'));
    const roster = openRoster(ada);
    const bob = stock(server, await token('bob'));
    await shows(roster, 'ada bob');
    const [connection] = server.server.connections.list().filter(({ protocol }) => protocol === 'heddle');
    const statuses: string[] = [];
    roster.on('change', () => void statuses.push(`${roster.status}: ${shown(roster)}`));
    server.server.connections.end(connection!.id, new SyncError('DRAINING'));
    await until(() => statuses.length > 0, 'the connection is lost', 5_000);
    expect(statuses[0]).toBe('waiting: ada? bob?');
    await shows(roster, 'ada bob');
    expect(roster.status).toBe('told');
    bob.close();
    await shows(roster, 'ada bob?');
  });
});

describe('presence of native and stock clients', () => {
  test.each([true, false])(
    'P11: nobody shows another name than that of the token (forged by a stock client: %s)',
    async (isStock) => {
      const server = await start({ stampUser: true });
      const ada = native(server, await token('ada', { name: 'Ada' }));
      const bob = stock(server, await token('bob', { name: 'Bob' }));
      const [forger, other] = isStock
        ? [bob.provider.awareness, ada.awareness]
        : [ada.awareness, bob.provider.awareness];
      const [id, name] = isStock ? ['bob', 'Bob'] : ['ada', 'Ada'];
      forger.setLocalState({ user: { id: 'root', name: 'The Boss', color: '#123456' }, cursor: 1 });
      const seen = (): unknown => other.getStates().get(forger.clientID);
      await until(() => seen() !== undefined, 'it is seen', 5_000);
      expect(seen()).toEqual({ user: { id, name, color: '#123456' }, cursor: 1 });
      forger.setLocalStateField('user', { name: 'The Boss' });
      forger.setLocalStateField('cursor', 2);
      await until(() => (seen() as { cursor: number }).cursor === 2, 'the cursor has moved', 5_000);
      expect(seen()).toEqual({ user: { id, name }, cursor: 2 });
    },
  );

  test('P11, P14: a token that comes while the document is being opened is what the others are shown', async () => {
    let isWaited = false;
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    const server = await start({
      stampUser: true,
      onConnect: async ({ claims }) => {
        if (claims.sub !== 'ada') return;
        isWaited = true;
        await gate;
      },
    });
    const bob = native(server, await token('bob'));
    const roster = openRoster(bob);
    await shows(roster, 'bob');
    const tokens = [await token('ada', { name: 'Ada' })];
    const ada = native(server, async () => tokens.at(-1)!);
    ada.awareness.setLocalState({ n: 1 });
    await until(() => isWaited, 'the hook is asked', 5_000);
    tokens.push(await token('ada', { name: 'Ada L.' }));
    await ada.connection.renewToken();
    await until(
      () => server.server.presence.online().some(({ claims }) => claims['name'] === 'Ada L.'),
      'the server has the other token',
      5_000,
    );
    go();
    await shows(roster, 'ada bob');
    expect(roster.get('ada')?.claims).toEqual({ name: 'Ada L.' });
    const seen = (): unknown => bob.awareness.getStates().get(ada.awareness.clientID);
    await until(() => seen() !== undefined, 'it is seen', 5_000);
    expect(seen()).toEqual({ n: 1, user: { name: 'Ada L.', id: 'ada' } });
  });

  test('P2: a killed and a returned client leave no ghost, nor does a client that outlives the server', async () => {
    const data = await directoryForTest();
    const options = { data, port: 0 };
    const server = await start(options);
    const ada = native(server, await token('ada'));
    ada.awareness.setLocalState({ n: 1 });
    const bob = stock(server, await token('bob'));
    bob.provider.awareness.setLocalState({ n: 2 });
    const ids = (): number[] => [...ada.awareness.getStates().keys()].sort((a, b) => a - b);
    const both = [ada.awareness.clientID, bob.provider.awareness.clientID].sort((a, b) => a - b);
    await until(() => ids().join() === both.join(), 'both are seen', 5_000);
    for (let turn = 0; turn < 3; turn++) {
      const [stockConnection] = server.server.connections
        .list()
        .filter(({ protocol }) => protocol !== 'heddle');
      server.server.connections.end(stockConnection!.id, new SyncError('DRAINING'));
      await until(() => ids().length === 1, 'it is gone at once', 5_000);
      await until(() => ids().join() === both.join(), 'it is back under its own id', 5_000);
    }
    const { port } = server;
    await server.close();
    await until(() => ids().length === 1, 'nobody is seen without a server', 5_000);
    const again = await start({ ...options, port });
    expect(again.port).toBe(port);
    await until(() => ids().join() === both.join(), 'both are seen again', 10_000);
    bob.close();
    await until(() => ids().length === 1, 'one is gone', 5_000);
    expect(
      (await again.server.presence.document('a')).filter(({ isHere }) => isHere).map(({ user }) => user),
    ).toEqual(['ada']);
  });

  test('P13: who was in a document is forgotten with it, also after a server was killed while it deleted it', async () => {
    const data = await directoryForTest();
    const server = await start({ data });
    const ada = native(server, await token('ada'));
    await ada.whenSynced;
    ada.doc.getMap('m').set('a', 1);
    await ada.sync();
    ada.destroy();
    await server.close();
    // As it is between the two: the content is gone, and the list of who was there is not.
    const store = await openLevelStore({ directory: data, durability: 'os', clock: systemClock });
    await store.delete(parseDocumentName('a'));
    await store.close();
    const again = await start({ data });
    const users = async (): Promise<string[]> =>
      (await again.server.presence.document('a')).map(({ user }) => user);
    expect(await users()).toEqual(['ada']);
    expect(await again.server.documents.delete('a')).toBe(false);
    expect(await users()).toEqual([]);
  });

  test('P12: the HTTP resources are for operators', async () => {
    const server = await start();
    const ada = native(server, await token('ada', { name: 'Ada' }));
    await ada.whenSynced;
    ada.doc.getMap('m').set('a', 1);
    await ada.sync();
    const get = async (path: string, bearer?: string): Promise<{ status: number; body: unknown }> => {
      const headers: Record<string, string> =
        bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
      const reply = await fetch(`http://127.0.0.1:${server.port}/api/v1/presence${path}`, { headers });
      return { status: reply.status, body: await reply.json() };
    };
    const admin = await token('op', { isAdmin: true });
    expect(await get('')).toMatchObject({ status: 401 });
    expect(await get('', await token('ada'))).toMatchObject({ status: 403 });
    const here = { user: 'ada', claims: { name: 'Ada' }, isHere: true };
    expect(await get('', admin)).toMatchObject({ status: 200, body: { users: [here] } });
    expect(await get('/document?name=a', admin)).toMatchObject({ status: 200, body: { users: [here] } });
    expect(await get('/user?user=ada', admin)).toMatchObject({ status: 200, body: { user: here } });
    expect(await get('/user?user=eve', admin)).toEqual({ status: 200, body: { user: null } });
    expect(await get('/document', admin)).toMatchObject({ status: 400 });
    expect(await get('/document?name=a&x=1', admin)).toMatchObject({ status: 400 });
  });
});
