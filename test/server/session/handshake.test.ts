// From an upgrade to a document in sync.

import * as Y from 'yjs';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import { SyncError } from '../../../shared/errors.js';
import { frameOf } from '../../support/peer.js';
import { editor } from '../../support/room-watch.js';
import {
  createSessionServer,
  type SessionServer,
  type SessionServerOptions,
} from '../../support/session-server.js';

let server: SessionServer;

function start(options?: SessionServerOptions): void {
  server = createSessionServer(options);
}

afterEach(() => server.close());

async function seed(texts: readonly string[], path = 'doc'): Promise<Y.Doc> {
  const { doc, edit } = editor(77);
  const records = texts.map((text, i) => ({ offset: i + 1, time: 1, author: '', update: edit(text) }));
  await server.store.append([{ document: path as never, records }]);
  return doc;
}

describe('the handshake', () => {
  it('asks for what the server lacks first, then tells who is here, then answers', async () => {
    start();
    await seed(['a']);
    server.connect();
    await server.run(50);
    const second = server.connect();
    await server.run(50);
    expect(second.heard.slice(0, 3).map(({ type }) => type)).toEqual(['step1', 'awareness', 'step2']);
    expect(second.text).toBe('a');
    expect(second.others.size).toBe(1);
  });

  it('C1: a large document comes in parts, and step 2 comes last', async () => {
    start({ limits: { syncPartBytes: 2_000, softBufferedBytes: 4_000 } });
    const doc = new Y.Doc();
    const records = Array.from({ length: 40 }, (_, i) => {
      const author = new Y.Doc();
      author.clientID = i + 1;
      author.getArray('list').insert(0, [`${i}`.repeat(300)]);
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(author));
      return { offset: i + 1, time: 1, author: '', update: Y.encodeStateAsUpdate(author) };
    });
    await server.store.append([{ document: 'doc' as never, records }]);
    await server.store.replace('doc' as never, { offset: 40, time: 1, update: Y.encodeStateAsUpdate(doc) });
    server.store.batches.length = 0;
    const client = server.connect();
    await server.run(50);
    const kinds = client.heard
      .map(({ type }) => type)
      .filter((type) => type !== 'awareness' && type !== 'step1');
    expect(kinds.length).toBeGreaterThan(5);
    expect(kinds.lastIndexOf('step2')).toBe(kinds.length - 1);
    expect(kinds.indexOf('step2')).toBe(kinds.length - 1);
    expect(client.doc.getArray('list').length).toBe(40);
  });

  it('an empty document is in sync at once', async () => {
    start();
    const client = server.connect();
    await server.run(20);
    expect(client.heardOf('step2')).toEqual([Uint8Array.of(0, 0)]);
  });

  it('C1: what the client brings gets in, and to the others, and comes back as its ack', async () => {
    start();
    const other = server.connect();
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'offline');
    const client = server.connect({ doc });
    await server.run(50);
    expect(other.text).toBe('offline');
    expect(client.heardOf('update').length).toBe(1);
    client.insert('!');
    await server.run(50);
    expect(other.text).toBe('offline!');
    expect(client.heardOf('update').length).toBe(2);
  });

  it('C3: a reconnect that brings nothing new adds nothing', async () => {
    start();
    const client = server.connect();
    client.insert('a');
    await server.run(50);
    client.terminate();
    const again = server.connect({ doc: client.doc });
    await server.run(50);
    expect(again.isSynced).toBe(true);
    expect(server.store.batches.length).toBe(1);
    expect(again.heardOf('update')).toEqual([]);
  });

  it('several messages in one frame are handled in order', async () => {
    start();
    const client = server.connect({ greets: false });
    const { edit } = editor(5);
    const frames = [
      frameOf([0, 2], edit('a')),
      frameOf([0, 0], Uint8Array.of(0)),
      frameOf([0, 2], edit('b')),
    ];
    client.send(Uint8Array.from(frames.flatMap((frame) => [...frame])));
    await server.run(50);
    expect(client.heardOf('step2').length).toBe(1);
    expect(client.text).toBe('ab');
    expect(server.store.batches.flat().flatMap(({ records }) => records).length).toBe(2);
  });

  it('D1: the echo of an update comes only once the store has it', async () => {
    start();
    const client = server.connect();
    const other = server.connect();
    await server.run(50);
    server.store.hold('append');
    client.insert('a');
    await server.run(200);
    expect(other.text).toBe('a');
    expect(client.heardOf('update')).toEqual([]);
    server.store.release('append');
    await server.run(50);
    expect(client.heardOf('update').length).toBe(1);
  });

  it('D1: the answer to a sync request says nothing of own deletes that are not durable', async () => {
    start();
    const client = server.connect();
    client.insert('abc');
    await server.run(50);
    server.store.hold('append');
    client.doc.getText('text').delete(0, 3);
    client.step1();
    await server.run(50);
    const deletes = client.heardOf('step2').at(-1)!;
    expect(Y.decodeUpdate(deletes).ds.clients.size).toBe(0);
    server.store.release('append');
    await server.run(50);
  });
});

describe('before the document is loaded', () => {
  it('D2: nothing of it is said, and messages wait in order', async () => {
    start();
    await seed(['stored ']);
    server.store.hold('load');
    const client = server.connect();
    client.insert('new');
    client.insert('er');
    await server.run(20_000, 1_000);
    expect(client.heardOf('step1')).toEqual([]);
    expect(client.heardOf('step2')).toEqual([]);
    expect(client.isSynced).toBe(false);
    server.store.release('load');
    await server.run(50);
    expect(client.isSynced).toBe(true);
    expect(client.doc.getText('text').toString()).toContain('newer');
    const stored = await server.store.kept.load('doc' as never);
    expect(stored?.records.length).toBe(3);
  });

  it('O2: what waits is bounded', async () => {
    start({ limits: { maxWaitingBytes: 10_000 } });
    server.store.hold('load');
    const client = server.connect({ greets: false });
    const greedy = server.connect({ greets: false });
    for (let i = 0; i < 9; i++) client.send(frameOf([0, 2], new Uint8Array(1_000)));
    for (let i = 0; i < 200; i++) greedy.send(Uint8Array.of(3));
    await server.run(50);
    expect(client.closed).toBeUndefined();
    expect(greedy.closed).toMatchObject({ code: 4529 });
    client.send(frameOf([0, 2], new Uint8Array(1_000)));
    await server.run(50);
    expect(client.closed).toMatchObject({ code: 4529 });
    server.store.release('load');
  });

  it('D2: one that cannot be loaded ends with a typed error, and clients with edits do not overwrite it', async () => {
    start();
    server.store.loadInstead = () => ({
      epoch: 'e',
      records: [{ offset: 1, time: 1, author: '', update: Uint8Array.of(1, 2) }],
    });
    const client = server.connect();
    client.insert('edits');
    await server.run(100);
    expect(client.closed).toEqual({ code: 4420, reason: 'DOCUMENT_CORRUPT' });
    expect(client.heard).toEqual([]);
    expect(server.store.batches).toEqual([]);
  });

  it('D2: a store that is down for a moment asks to come back, and the next time it is all there', async () => {
    start();
    await seed(['all of it']);
    server.store.failures.set('load', new StoreError('STORE_IO', 'down'));
    const client = server.connect();
    await server.run(50);
    expect(client.closed).toMatchObject({ code: 4503 });
    const again = server.connect();
    await server.run(50);
    expect(again.text).toBe('all of it');
  });
});

describe('who comes and goes', () => {
  it('is told to the hooks, once each', async () => {
    start();
    const client = server.connect({ token: 'other' });
    await server.run(50);
    expect(server.visitors.came.map(({ document, claims }) => [document, claims.sub])).toEqual([
      ['doc', 'other'],
    ]);
    client.terminate();
    await server.run(50);
    expect(server.visitors.went).toEqual(server.visitors.came);
    expect(server.sessions.size).toBe(0);
  });

  it('one whose connection is refused by a hook never came', async () => {
    start({ gateway: { connected: () => Promise.reject(new SyncError('FORBIDDEN', 'not today')) } });
    const client = server.connect();
    await server.run(50);
    expect(client.closed).toEqual({ code: 4403, reason: 'FORBIDDEN: not today' });
    expect(server.visitors.went).toEqual([]);
    expect(server.store.loads).toEqual([]);
  });

  it('one that leaves while the hook still thinks is told as gone, too', async () => {
    let admit = (): void => {};
    const came: unknown[] = [];
    start({
      gateway: {
        connected: (visitor) =>
          new Promise<void>((resolve) => {
            admit = () => {
              came.push(visitor);
              resolve();
            };
          }),
      },
    });
    const client = server.connect();
    await server.run(50);
    client.terminate();
    await server.run(50);
    admit();
    await server.run(50);
    expect(came.length).toBe(1);
    expect(server.visitors.went).toEqual(came);
    expect(server.store.loads, 'no document is loaded for it').toEqual([]);
  });

  it('leaves nothing of itself in the room', async () => {
    start({ limits: { maxIdleBytes: 0 } });
    const client = server.connect();
    await server.run(50);
    const room = await server.registry.open('doc' as never);
    expect([room.memberCount, room.presence?.size, room.fanout.readerCount]).toEqual([1, 1, 1]);
    client.terminate();
    await server.run(50);
    expect([room.memberCount, room.presence?.size, room.fanout.readerCount]).toEqual([0, 0, 0]);
    await server.run(1_000, 100);
    expect(server.registry.size).toBe(0);
  });
});

describe('refusals before the upgrade', () => {
  it('O2: too many connections', async () => {
    start({ limits: { maxConnections: 2 } });
    const two = [server.connect(), server.connect()];
    await server.run(20);
    const third = server.connect();
    await server.run(20);
    expect(third.end.refusal).toEqual({ status: 503, body: 'too many connections' });
    two[0]!.terminate();
    await server.run(20);
    const fourth = server.connect();
    await server.run(20);
    expect(fourth.isSynced).toBe(true);
  });

  it('a bad name, and a page that may not', async () => {
    start({
      gateway: {
        checkOrigin: ({ header }) => {
          if (header('origin') === 'https://evil.example') throw new SyncError('FORBIDDEN', 'origin');
        },
      },
    });
    const bad = server.connect({ path: '/a/../b' });
    const evil = server.connect({ headers: { Origin: 'https://evil.example' } });
    const good = server.connect({ headers: { Origin: 'https://good.example' } });
    await server.run(20);
    expect(bad.end.refusal?.status).toBe(400);
    expect(evil.end.refusal?.status).toBe(403);
    expect(good.isSynced).toBe(true);
  });

  it('O3: a server that is shutting down, and one that begins to while the token is looked at', async () => {
    start();
    let open = (): void => {};
    server.bearers.gate = new Promise((resolve) => {
      open = resolve;
    });
    const waiting = server.connect();
    await server.settle();
    server.gateway.stopAdmission();
    const late = server.connect();
    open();
    await server.run(20);
    expect(late.end.refusal?.status).toBe(503);
    expect(waiting.end.closed?.code).toBe(1012);
  });
});
