// What is here and does not get to the server: refused, too large, or of a user who may only read.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { DocumentReason } from '../../../client/document/document-reason.js';
import type { Limits } from '../../../shared/limits.js';
import { Network } from '../../support/client-sockets.js';
import { frameOf } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

function start(limits: Partial<Limits> = {}): void {
  server = createSessionServer({ limits });
  network = new Network(() => server.transport);
}

beforeEach(() => start());

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device({ on = network, ...options }: DeviceOptions & { on?: Network } = {}): Device {
  const one = openDevice(server, on, options);
  cleanup.push(() => one.destroy());
  return one;
}

/** How a promise has ended, once it has: the code of its error, or its words. */
function endOf(promise: Promise<void>): { was: string } {
  const end = { was: 'waiting' };
  promise.then(
    () => (end.was = 'resolved'),
    (error: unknown) => (end.was = String((error as { code?: string }).code ?? error)),
  );
  return end;
}

/** A document from elsewhere. */
function filled(fill: (doc: Y.Doc) => void): Y.Doc {
  const doc = new Y.Doc();
  fill(doc);
  return doc;
}

function copyOf(doc: Y.Doc): Y.Doc {
  return filled((copy) => Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc)));
}

const picture = (doc: Y.Doc): unknown => doc.getMap('map').set('picture', new Uint8Array(30_000));

const left = ({ sync }: Device): unknown => ({
  edits: sync.unsynced,
  bytes: sync.unsyncedBytes > 0,
  refused: sync.refusedBytes > 0,
  why: sync.refusal?.code,
});

const nothing = { edits: 0, bytes: false, refused: false, why: undefined };

describe('K42: what the server did not take', () => {
  beforeEach(() => start({ maxMessageBytes: 20_000 }));

  it('counts, also where it is no edit but was found by comparing', async () => {
    const one = device({ doc: filled(picture) });
    await server.run(1_000);
    expect(left(one)).toEqual({ edits: 0, bytes: false, refused: true, why: 'DOCUMENT_TOO_LARGE' });
    expect(one.sync.reason?.code).toBe('DOCUMENT_TOO_LARGE');
  });

  it('counts while the document is opened again, and there is no connection', async () => {
    const one = device({ doc: filled(picture) });
    await server.run(1_000);
    one.sync.compare();
    await server.run(1_000);
    expect(left(one)).toMatchObject({ refused: true, why: 'DOCUMENT_TOO_LARGE' });
    network.state = 'down';
    await server.run(1_000);
    expect([one.sync.refusedBytes > 0, one.sync.reason?.code]).toEqual([true, 'DOCUMENT_TOO_LARGE']);
  });

  it('does not count any more when it is taken on another connection', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'write' });
    server.bearers.byToken.set('ann-reads', { sub: 'ann', access: 'read' });
    const one = device({ token: 'ann' });
    await server.run(100);
    one.connection.renewed('ann-reads');
    one.text.insert(0, 'too late');
    await server.run(200);
    expect(left(one)).toEqual({ edits: 1, bytes: false, refused: true, why: 'READ_ONLY' });
    one.connection.renewed('ann');
    await server.run(300);
    expect(left(one)).toEqual(nothing);
  });
});

describe('K42: what a reader holds and the server lacks', () => {
  it('counts where it was found by comparing, also without a connection', async () => {
    const one = device({ token: 'read', doc: filled((doc) => doc.getText('text').insert(0, 'only here')) });
    await server.run(300);
    expect(left(one)).toEqual({ edits: 0, bytes: true, refused: false, why: 'READ_ONLY' });
    network.state = 'down';
    await server.run(100);
    expect(one.sync.unsyncedBytes).toBeGreaterThan(0);
  });

  it.each([
    ['a letter', (doc: Y.Doc) => doc.getText('text').delete(0, 1)],
    ['an element', (doc: Y.Doc) => doc.getArray('list').delete(0, 1)],
    ['a key', (doc: Y.Doc) => doc.getMap('map').delete('key')],
  ])('counts where it is a deletion: %s', async (_what, remove) => {
    const doc = filled((made) => {
      made.getText('text').insert(0, 'text');
      made.getArray('list').insert(0, [1, 2]);
      made.getMap('map').set('key', 'value');
    });
    device({ doc: copyOf(doc) });
    await server.run(300);
    remove(doc);
    const one = device({ token: 'read', doc, on: new Network(() => server.transport) });
    await server.run(300);
    expect(left(one)).toEqual({ edits: 0, bytes: true, refused: false, why: 'READ_ONLY' });
  });

  it('counts where it is an edit, until the user may write', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'read' });
    server.bearers.byToken.set('ann-writes', { sub: 'ann', access: 'write' });
    const one = device({ token: 'ann', doc: filled((doc) => doc.getText('text').insert(0, 'first ')) });
    await server.run(300);
    one.text.insert(0, 'typed ');
    await server.run(300);
    expect(left(one)).toEqual({ edits: 1, bytes: true, refused: false, why: 'READ_ONLY' });
    one.connection.renewed('ann-writes');
    await server.run(300);
    expect(left(one)).toEqual(nothing);
    expect((await server.connected({ path: '/doc' })).text).toBe('typed first ');
  });

  it('does not count when somebody else brings it, or has brought it before', async () => {
    const doc = filled((made) => made.getText('text').insert(0, 'of somebody else'));
    const update = Y.encodeStateAsUpdate(doc);
    const one = device({ token: 'read', doc });
    one.sync.restore(update);
    await server.run(300);
    expect(left(one)).toMatchObject({ edits: 1, why: 'READ_ONLY' });
    const other = device({ on: new Network(() => server.transport) });
    await server.run(300);
    Y.applyUpdate(other.doc, update);
    await server.run(500);
    expect(left(one)).toEqual(nothing);
    const late = device({ token: 'read', doc: copyOf(doc), on: new Network(() => server.transport) });
    late.sync.restore(update);
    await server.run(300);
    expect(left(late)).toEqual(nothing);
  });

  it('does not count where Yjs has tidied it, in this program or before', async () => {
    const base = filled((doc) => doc.getText('text').insert(0, 'some words of a text'));
    const updates = [Y.encodeStateAsUpdate(base)];
    for (let person = 0; person < 2; person++) {
      const doc = copyOf(base);
      doc.on('update', (update: Uint8Array) => updates.push(update));
      doc.getText('text').format(0, 4, { bold: true });
    }
    for (const update of updates) {
      const sender = server.connect({ path: '/doc', greets: false });
      await server.run(50);
      sender.send(frameOf([0, 2], update));
      await server.run(100);
      sender.destroy();
    }
    const doc = filled((tidied) => {
      for (const update of updates) Y.applyUpdate(tidied, update);
    });
    const ends: { was: string }[] = [];
    for (const from of [doc, copyOf(doc)]) {
      const one = device({ token: 'read', doc: from, on: new Network(() => server.transport) });
      await server.run(300);
      expect(left(one)).toEqual(nothing);
      ends.push(endOf(one.sync.synced()));
      one.sync.compare();
      await server.run(300);
      expect(left(one)).toEqual(nothing);
    }
    expect(ends.map(({ was }) => was)).toEqual(['resolved', 'resolved']);
    expect(server.store.batches.flat().flatMap(({ records }) => records).length).toBe(3);
  });
});

describe('K43: who waits for the sync', () => {
  it('is told why what is here was refused, whether it waited before that or asks later', async () => {
    start({ maxMessageBytes: 20_000 });
    const one = device();
    await server.run(100);
    const reasons: DocumentReason[] = [];
    one.sync.on('refused', (reason) => void reasons.push(reason));
    picture(one.doc);
    const before = endOf(one.sync.synced());
    await server.run(300);
    const after = endOf(one.sync.synced());
    one.text.insert(0, 'waits behind it');
    const later = endOf(one.sync.synced());
    await server.run(300);
    expect([before.was, after.was, later.was]).toEqual(Array(3).fill('DOCUMENT_TOO_LARGE'));
    expect(reasons.map(({ code }) => code)).toEqual(['DOCUMENT_TOO_LARGE']);
  });

  it('is told that the user may only read, where something waits that only who may write can bring', async () => {
    const one = device({ token: 'read' });
    const early = endOf(one.sync.synced());
    await server.run(300);
    expect(early.was).toBe('resolved');
    one.text.insert(0, 'kept here');
    const typed = endOf(one.sync.synced());
    await server.run(300);
    expect(typed.was).toBe('READ_ONLY');
  });

  it('is told when the right to write is lost meanwhile', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'write' });
    const one = device({ token: 'ann' });
    await server.run(100);
    server.store.hold('append');
    one.text.insert(0, 'on its way');
    await server.run(50);
    network.state = 'down';
    await server.run(50);
    one.text.insert(0, 'not on its way ');
    const waiting = endOf(one.sync.synced());
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'read' });
    network.state = 'up';
    server.store.release('append');
    one.connection.nudge();
    await server.run(1_000);
    expect(waiting.was).toBe('READ_ONLY');
  });

  it('is told when the document is let go of, before or after', async () => {
    network.state = 'down';
    const one = device();
    const before = endOf(one.sync.synced());
    one.destroy();
    const after = endOf(one.sync.synced());
    await server.run(10);
    expect([before.was, after.was]).toEqual(['CLOSED', 'CLOSED']);
  });
});
