// A client of ours, and a stock one, of a user who may comment: what gets to the server, what stays, and how rights change.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { DocumentReason } from '../../../client/document/document-reason.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  server = createSessionServer({ registry: { commentRoots: ['comments'] } });
  server.bearers.byToken.set('comment', { sub: 'carl', access: 'comment' });
  network = new Network(() => server.transport);
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

async function device(token: string): Promise<Device & { readonly reasons: DocumentReason[] }> {
  const one = openDevice(server, network, { token });
  const reasons: DocumentReason[] = [];
  one.sync.on('refused', (reason) => reasons.push(reason));
  cleanup.push(() => one.destroy());
  await server.run(200);
  return Object.assign(one, { reasons });
}

function thread(body: string): Y.Map<unknown> {
  return new Y.Map<unknown>([
    ['body', body],
    ['replies', new Y.Array()],
  ]);
}

function shown({ doc }: { doc: Y.Doc }): unknown {
  return [doc.getText('text').toJSON(), doc.getMap('comments').toJSON()];
}

function change(access: 'read' | 'comment' | 'write', token = 'comment'): void {
  server.bearers.byToken.set(token, { sub: 'carl', access });
  for (const session of server.sessions.all()) session.recheck();
}

describe('A22: our own client of a commenter', () => {
  it('is told so; comments get to the others, also deletions and undone ones, and nothing is refused', async () => {
    const ann = await device('write');
    const carl = await device('comment');
    ann.text.insert(0, 'a text');
    await server.run(200);
    expect(carl.sync.access).toBe('comment');
    const comments = carl.doc.getMap<Y.Map<unknown>>('comments');
    comments.set('a', thread('why?'));
    const undo = new Y.UndoManager(comments);
    comments.set('b', thread('what?'));
    (comments.get('b')!.get('replies') as Y.Array<unknown>).push(['that', new Y.Map([['c', 1]])]);
    undo.undo();
    comments.delete('a');
    comments.set('c', thread('how?'));
    await server.run(200);
    expect(shown(ann)).toEqual(['a text', { c: { body: 'how?', replies: [] } }]);
    expect([carl.sync.unsynced, carl.sync.refusedBytes, carl.reasons]).toEqual([0, 0, []]);
    // Compared anew, nothing is missing either.
    carl.sync.compare();
    await server.run(200);
    expect([carl.sync.phase, carl.sync.unsynced, carl.sync.refusedBytes, carl.reasons]).toEqual([
      'synced',
      0,
      0,
      [],
    ]);
  });

  it('keeps an edit elsewhere, says why, and goes on when it is taken out of the document', async () => {
    const ann = await device('write');
    const carl = await device('comment');
    ann.text.insert(0, 'a text');
    await server.run(200);
    carl.text.insert(2, 'longer ');
    carl.doc.getMap('comments').set('a', 'after it');
    await server.run(200);
    expect(carl.reasons.map(({ code }) => code)).toEqual(['COMMENT_ONLY']);
    expect([carl.sync.unsynced > 0, carl.sync.refusedBytes > 0]).toEqual([true, true]);
    expect(shown(ann)).toEqual(['a text', {}]);
    expect(carl.sync.rebase()?.values).toEqual([{ root: 'text', key: undefined, value: 'longer ' }]);
    await server.run(400);
    expect(shown(ann)).toEqual(['a text', { a: 'after it' }]);
    expect(shown(carl)).toEqual(shown(ann));
    expect([carl.sync.unsynced, carl.sync.refusedBytes]).toEqual([0, 0]);
    // What it was is deleted content for everybody, so a text that is written there later has its place.
    change('write');
    await server.run(200);
    carl.text.insert(2, 'good ');
    await server.run(200);
    expect(shown(ann)).toEqual(['a good text', { a: 'after it' }]);
    expect(shown(carl)).toEqual(shown(ann));
  });

  it('keeps a deletion elsewhere, and its comments get to the others all the same', async () => {
    const ann = await device('write');
    ann.text.insert(0, 'a text');
    const carl = await device('comment');
    carl.text.delete(0, 2);
    carl.doc.getMap('comments').set('a', 1);
    await server.run(200);
    expect(shown(ann)).toEqual(['a text', { a: 1 }]);
    expect(carl.reasons.map(({ code }) => code)).toEqual(['COMMENT_ONLY']);
    expect(carl.sync.refusedBytes).toBeGreaterThan(0);
    await expect(carl.sync.synced()).rejects.toMatchObject({ code: 'COMMENT_ONLY' });
  });

  it('K10: holds back what Yjs tidies in the text, which is never counted nor shown, and blocks no comment', async () => {
    const base = new Y.Doc();
    base.getText('text').insert(0, 'some words of a text');
    const bold = [1002, 1003].map((id) => {
      const doc = new Y.Doc();
      doc.clientID = id;
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(base));
      const before = Y.encodeStateVector(doc);
      doc.getText('text').format(0, 4, { bold: true });
      return Y.encodeStateAsUpdate(doc, before);
    });
    const carl = await device('comment');
    let tidied = 0;
    carl.doc.on('update', (_update: Uint8Array, origin: unknown) => void (origin === null && tidied++));
    for (const update of [Y.encodeStateAsUpdate(base), ...bold]) {
      const sender = server.connect({ path: '/doc', greets: false });
      await server.run(50);
      sender.update(update);
      await server.run(100);
      sender.destroy();
    }
    await server.run(100);
    expect(tidied).toBeGreaterThan(0);
    carl.doc.getMap('comments').set('a', 1);
    await server.run(200);
    carl.sync.compare();
    carl.doc.getMap('comments').set('b', 2);
    await server.run(300);
    const ann = await device('write');
    expect(shown(ann)).toEqual(['some words of a text', { a: 1, b: 2 }]);
    expect([carl.sync.unsynced, carl.sync.refusedBytes, carl.reasons]).toEqual([0, 0, []]);
  });
});

describe('A21: a stock client of a commenter', () => {
  it('is told at most once in ten seconds what is not taken, and stays connected', async () => {
    const ann = await device('write');
    ann.text.insert(0, 'a text');
    await server.run(200);
    const stan = await server.connected({ token: 'comment' });
    for (let i = 0; i < 3; i++) stan.doc.getText('text').delete(0, 1);
    stan.doc.getMap('comments').set('a', 1);
    await server.run(100);
    expect(shown(ann)).toEqual(['a text', { a: 1 }]);
    stan.step2(Y.encodeStateAsUpdate(stan.doc));
    await server.run(100);
    expect(stan.heardOf('denied').length).toBe(1);
    expect(new TextDecoder().decode(stan.heardOf('denied')[0])).toContain('COMMENT_ONLY');
    expect(stan.closed).toBeUndefined();
    expect(shown(ann)).toEqual(['a text', { a: 1 }]);
  });

  it('of whom a document has no comment roots is a reader', async () => {
    await server.close();
    server = createSessionServer();
    server.bearers.byToken.set('comment', { sub: 'carl', access: 'comment' });
    network = new Network(() => server.transport);
    expect((await device('comment')).sync.access).toBe('read');
  });
});

describe('A23: rights that change while connected', () => {
  it('write, comment, read and back: what was held is sent when it is allowed, once', async () => {
    const ann = await device('write');
    const carl = await device('comment');
    change('write');
    await server.run(200);
    carl.text.insert(0, 'one ');
    await server.run(200);
    change('comment');
    await server.run(200);
    expect(carl.sync.access).toBe('comment');
    carl.doc.getMap('comments').set('a', 1);
    carl.text.insert(4, 'two ');
    await server.run(200);
    expect(shown(ann)).toEqual(['one ', { a: 1 }]);
    change('read');
    await server.run(200);
    carl.doc.getMap('comments').set('b', 2);
    await server.run(200);
    expect([shown(ann), carl.sync.access]).toEqual([['one ', { a: 1 }], 'read']);
    change('write');
    await server.run(400);
    expect(shown(ann)).toEqual(['one two ', { a: 1, b: 2 }]);
    expect([shown(carl), carl.sync.unsynced, carl.sync.refusedBytes]).toEqual([shown(ann), 0, 0]);
  });
});
