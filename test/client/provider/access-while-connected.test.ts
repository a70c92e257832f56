// What an application sees of refreshes, revocations and changes of access, with the real client against a real server.

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import {
  HeddleConnection,
  HeddleProvider,
  LoginRequired,
  type ConnectionReason,
  type HeddleConnectionOptions,
} from '../../../client/index.js';
import type { Access } from '../../../shared/permission.js';
import { until } from '../../support/peer.js';
import { serverForTest, testSecret, tokenFor } from '../../support/test-server.js';

const auth = { secret: testSecret };

interface Page {
  readonly connection: HeddleConnection;
  readonly provider: HeddleProvider;
  readonly ended: ConnectionReason[];
}

function page(url: string, token: HeddleConnectionOptions['token'], name = 'doc'): Page {
  const connection = new HeddleConnection(url, { token, WebSocketPolyfill: WebSocket });
  const ended: ConnectionReason[] = [];
  connection.on('ended', (reason) => void ended.push(reason));
  const provider = new HeddleProvider(url, name, new Y.Doc(), { connection, offline: false, tabs: false });
  onTestFinished(() => {
    provider.destroy();
    connection.destroy();
  });
  return { connection, provider, ended };
}

const textOf = ({ provider }: Page): string => provider.doc.getText('text').toString();
const docs = (access: 'read' | 'write'): Parameters<typeof tokenFor>[1] => [{ pattern: '**', access }];

it('A9, K69, K70: a refresh changes rights, claims and events on the open connection', async () => {
  const { url, server } = await serverForTest({ auth });
  let access: 'read' | 'write' = 'read';
  const asked: string[] = [];
  const ada = page(url, ({ reason }) => {
    asked.push(reason);
    return tokenFor('ada', docs(access));
  });
  await until(() => ada.provider.synced, 'synced');
  expect(ada.connection.claims).toMatchObject({ sub: 'ada', docs: docs('read') });
  const scopes: string[] = [];
  ada.provider.on('authenticated', ({ scope }) => void scopes.push(scope));
  ada.provider.doc.getText('text').insert(0, 'held');
  await until(() => ada.provider.status.reason?.kind === 'read-only', 'the application is told');
  access = 'write';
  expect(await server.users.refresh('ada')).toEqual({ sessions: 1 });
  await until(() => scopes.includes('read-write'), 'the right is told');
  await ada.provider.sync();
  expect(ada.connection.claims).toMatchObject({ docs: docs('write') });
  expect([asked, ada.ended]).toEqual([['first', 'stale'], []]);
  const bob = page(url, () => tokenFor('bob'));
  await until(() => textOf(bob) === 'held', 'what was held is there');
});

it('N30, A7: a downgrade keeps edits here and tells the application; an upgrade sends them, once', async () => {
  const { url, server } = await serverForTest({ auth });
  const ada = page(url, () => tokenFor('ada'));
  const bob = page(url, () => tokenFor('bob'));
  await Promise.all([ada.provider.whenSynced, bob.provider.whenSynced]);
  ada.provider.doc.getText('text').insert(0, 'a');
  await until(() => textOf(bob) === 'a', 'it writes');
  const set = (access: Access | null): Promise<unknown> => server.users.setAccess('ada', 'doc', access);
  await set('read');
  await until(() => ada.provider.status.access === 'read', 'the right is shown');
  ada.provider.doc.getText('text').insert(1, 'b');
  bob.provider.doc.getText('text').insert(0, '_');
  await until(() => ada.provider.status.reason?.kind === 'read-only', 'the application is told');
  await until(() => textOf(ada) === '_ab', 'it goes on reading');
  expect(textOf(bob)).toBe('_a');
  await set(null);
  await until(() => textOf(bob) === '_ab', 'what was held is there, once');
  await set('none');
  await until(() => ada.provider.status.reason?.kind === 'forbidden', 'the application is told');
  ada.provider.doc.getText('text').insert(3, 'c');
  bob.provider.doc.getText('text').insert(0, '_');
  await bob.provider.sync();
  await set('write');
  await until(() => textOf(bob) === '__abc' && textOf(ada) === '__abc', 'it is open again by itself');
  await ada.provider.sync();
  expect([ada.ended, bob.ended]).toEqual([[], []]);
});

it('A6, K66: who is revoked and has to log in again is told so, keeps the edits, and goes on after it', async () => {
  const { url, server } = await serverForTest({ auth });
  let isLoggedIn = true;
  const ada = page(url, () => {
    if (!isLoggedIn) throw new LoginRequired();
    return tokenFor('ada');
  });
  await ada.provider.whenSynced;
  isLoggedIn = false;
  await server.users.revoke({ user: 'ada' });
  await until(() => ada.provider.status.reason?.kind === 'login-required', 'the application is told');
  expect(ada.provider.status.reason).toMatchObject({ isFinal: true, code: 'TOKEN_MISSING' });
  expect(ada.ended[0]).toMatchObject({ code: 'TOKEN_REVOKED', closeCode: 4401 });
  ada.provider.doc.getText('text').insert(0, 'kept');
  isLoggedIn = true;
  // A token of the same second as the revocation is over, too.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  ada.provider.connect();
  await ada.provider.sync();
  expect(ada.provider.status.reason).toBeUndefined();
});

it('N6: a token of another user ends the session, and the connection is made anew for that user', async () => {
  const { url } = await serverForTest({ auth });
  const ada = page(url, await tokenFor('ada'));
  await ada.provider.whenSynced;
  expect(ada.connection.claims).toMatchObject({ sub: 'ada' });
  ada.connection.useToken(await tokenFor('bob'));
  await until(
    () => ada.connection.connected && ada.connection.claims?.['sub'] === 'bob',
    'it is the session of the other',
  );
});
