// Commenters over real sockets: our own client and the stock one beside each other, a restart from a checkpoint, and rights that
// change meanwhile.

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../client/index.js';
import type { DocumentGrant } from '../../shared/permission.js';
import { connectStock, synced, until, type StockClient } from '../support/stock-client.js';
import {
  directoryForTest,
  startServer,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';

const options = { auth: { secret: testSecret }, commentRoots: ['comments'] };
const commenting: readonly DocumentGrant[] = [
  { pattern: '**', access: 'read' },
  { pattern: 'notes/*', access: 'comment' },
];

async function stock(
  { url }: TestServer,
  sub: string,
  docs?: readonly DocumentGrant[],
): Promise<StockClient> {
  const params = { token: await tokenFor(sub, docs) };
  const client = connectStock({ url, document: 'notes/a', params });
  onTestFinished(() => client.close());
  await synced(client);
  return client;
}

async function own(
  { url }: TestServer,
  sub: string,
  docs?: readonly DocumentGrant[],
): Promise<HeddleProvider> {
  const connection = new HeddleConnection(url, {
    token: () => tokenFor(sub, docs),
    WebSocketPolyfill: WebSocket,
  });
  const provider = new HeddleProvider(url, 'notes/a', new Y.Doc(), {
    connection,
    offline: false,
    tabs: false,
  });
  onTestFinished(() => {
    provider.destroy();
    connection.destroy();
  });
  await until(() => provider.synced, 'synced');
  return provider;
}

function thread(body: string): Y.Map<unknown> {
  return new Y.Map<unknown>([
    ['body', body],
    ['replies', new Y.Array<unknown>()],
  ]);
}

const commentsOf = (doc: Y.Doc): Y.Map<Y.Map<unknown>> => doc.getMap('comments');
const repliesOf = (doc: Y.Doc, key: string): Y.Array<unknown> =>
  commentsOf(doc).get(key)!.get('replies') as Y.Array<unknown>;

it('A20, A21, A22, A23: comments get through, the text stays as it is, also after a restart', async () => {
  const data = await directoryForTest();
  let server = await startServer({ ...options, data });
  onTestFinished(() => server.close());
  let ann = await own(server, 'ann');
  ann.doc.getText('text').insert(0, 'a text of ann');
  commentsOf(ann.doc).set('ann', thread('of ann'));
  await ann.sync();
  let carl = await own(server, 'carl', commenting);
  let stan = await stock(server, 'stan', commenting);
  expect([carl.status.access, carl.status.phase]).toEqual(['comment', 'synced']);
  commentsOf(carl.doc).set('carl', thread('of carl'));
  commentsOf(stan.ydoc).set('stan', thread('of stan'));
  await until(() => commentsOf(ann.doc).size === 3, 'comments of both');
  repliesOf(carl.doc, 'ann').push([new Y.Map([['by', 'carl']])]);
  repliesOf(stan.ydoc, 'stan').push(['by stan']);
  commentsOf(carl.doc).delete('carl');
  stan.ydoc.getText('text').delete(0, 2);
  await carl.sync();
  await until(() => commentsOf(ann.doc).size === 2 && repliesOf(ann.doc, 'stan').length === 1, 'replies');
  expect(ann.doc.getText('text').toJSON()).toBe('a text of ann');

  // What stood in the thread that is deleted is bare ids after a checkpoint.
  await ann.sync();
  await server.close();
  for (const client of [ann, carl]) client.destroy();
  stan.close();
  server = await startServer({ ...options, data });
  ann = await own(server, 'ann');
  carl = await own(server, 'carl', commenting);
  stan = connectStock({
    url: server.url,
    document: 'notes/a',
    ydoc: stan.ydoc,
    params: { token: await tokenFor('stan', commenting) },
  });
  const { provider } = stan;
  onTestFinished(() => provider.destroy());
  // The stock client tells in one update what it has written meanwhile, and what it has deleted in the text.
  commentsOf(stan.ydoc).set('later', thread('of stan'));
  await until(
    () => commentsOf(ann.doc).has('later') && commentsOf(carl.doc).has('later'),
    'what came in an offer',
  );
  expect(ann.doc.getText('text').toJSON()).toBe('a text of ann');

  carl.doc.getText('text').insert(0, 'refused ');
  await until(() => carl.status.reason?.kind === 'comment-only', 'the application is told');
  await server.server.users.setAccess('carl', '**', 'write');
  await until(() => ann.doc.getText('text').toJSON() === 'refused a text of ann', 'what was held');
  await server.server.users.setAccess('carl', '**', 'comment');
  await until(() => carl.status.access === 'comment', 'the right is told');
  repliesOf(carl.doc, 'later').push(['yes']);
  await until(() => repliesOf(ann.doc, 'later').length === 1, 'a reply');
  await server.server.users.setAccess('carl', '**', 'read');
  await until(() => carl.status.access === 'read', 'the right is told');
  repliesOf(carl.doc, 'later').push(['held']);
  await until(() => carl.status.reason?.kind === 'read-only', 'the application is told');
  await server.server.users.setAccess('carl', '**', 'comment');
  await until(() => repliesOf(ann.doc, 'later').length === 2, 'what was held');
  await carl.sync();
  expect(carl.status).toMatchObject({ phase: 'synced', unsyncedChanges: 0, refusedBytes: 0 });
});
