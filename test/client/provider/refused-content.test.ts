// What the server does not take of a document, and how the document goes on.

import { afterEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { DocumentReason } from '../../../client/document/document-reason.js';
import { statusReason } from '../../../client/provider/status-reason.js';
import type { Limits } from '../../../shared/limits.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

function start(limits: Partial<Limits> = {}): void {
  server = createSessionServer({ limits });
  network = new Network(() => server.transport);
}

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device(options: DeviceOptions = {}): Device & { readonly reasons: DocumentReason[] } {
  const one = openDevice(server, network, options);
  const reasons: DocumentReason[] = [];
  one.sync.on('refused', (reason) => reasons.push(reason));
  cleanup.push(() => one.destroy());
  return Object.assign(one, { reasons });
}

async function syncedNow({ sync }: Device): Promise<void> {
  const synced = sync.synced();
  await server.run(100);
  return synced;
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

const refusedByLimits: Readonly<Record<string, (doc: Y.Doc) => void>> = {
  'a long key': (doc) => doc.getMap('map').set('k'.repeat(1_025), 1),
  'a deep value': (doc) => doc.getMap('map').set('deep', nested(101)),
  'a value that is too large': (doc) => doc.getMap('map').set('large', new Uint8Array(60_000)),
  'a value with too many others': (doc) =>
    doc.getMap('map').set(
      'many',
      Array.from({ length: 1_100 }, () => 1),
    ),
};
const limits = { maxMessageBytes: 50_000, maxValuesPerUpdate: 1_000 };

describe('K51: an edit beyond the limits of the server', () => {
  it.each(Object.entries(refusedByLimits))('is told, and not sent: %s', async (_name, edit) => {
    start(limits);
    const one = device();
    await server.run(100);
    one.text.insert(0, 'before');
    await server.run(100);
    const sent = network.sentBytes;
    edit(one.doc);
    one.text.insert(6, ' and after');
    await server.run(100);
    expect(network.sentBytes).toBe(sent);
    expect(one.reasons).toHaveLength(1);
    expect(statusReason(one.reasons[0]!)).toMatchObject({ isFinal: true });
    expect(['invalid', 'too-large']).toContain(statusReason(one.reasons[0]!).kind);
    expect(one.sync.unsynced).toBe(2);
    await expect(one.sync.synced()).rejects.toThrow(/does not take/);
  });

  it('does not keep back what was written before it', async () => {
    start();
    const one = device();
    one.text.insert(0, 'written before it was connected');
    one.doc.getMap('map').set('k'.repeat(2_000), 1);
    await server.run(100);
    expect((await server.connected({ path: '/doc' })).text).toBe('written before it was connected');
    expect(one.sync.unsynced).toBe(1);
  });

  it.each(Object.entries(refusedByLimits))('goes on when it is undone: %s', async (_name, edit) => {
    start(limits);
    const one = device();
    const undo = new Y.UndoManager(one.doc.getMap('map'));
    await server.run(100);
    edit(one.doc);
    one.text.insert(0, 'typed on');
    await server.run(100);
    undo.undo();
    await server.run(200);
    expect([one.sync.unsynced, one.sync.unsyncedBytes, one.sync.reason]).toEqual([0, 0, undefined]);
    await expect(syncedNow(one)).resolves.toBeUndefined();
    expect((await server.connected({ path: '/doc' })).text).toBe('typed on');
  });
});

describe('K52: rebase', () => {
  it.each(Object.entries(refusedByLimits))(
    'takes it out, and everything else arrives: %s',
    async (_name, edit) => {
      start(limits);
      const one = device();
      await server.run(100);
      edit(one.doc);
      one.text.insert(0, 'typed after');
      edit(one.doc);
      one.doc.getMap('map').set('fine', true);
      await server.run(100);
      expect(one.sync.unsynced).toBe(4);
      const before = one.doc.getMap('map').toJSON();
      const lost = one.sync.rebase();
      await server.run(200);
      expect([one.sync.unsynced, one.sync.unsyncedBytes, one.sync.reason]).toEqual([0, 0, undefined]);
      expect(one.doc.getMap('map').toJSON()).toEqual({ fine: true });
      const { root, key, value } = lost!.values[0]!;
      expect(root).toBe('map');
      expect(value).toEqual([before[key!]]);
      expect(lost!.update.length).toBeGreaterThan(2);
      const other = await server.connected({ path: '/doc' });
      expect(other.text).toBe('typed after');
      expect(other.doc.getMap('map').toJSON()).toEqual({ fine: true });
      // And the document goes on under the same client id.
      one.text.insert(0, 'and ');
      await server.run(100);
      expect(other.text).toBe('and typed after');
      // Of the second edit it was told when that had taken the place of the first.
      expect(one.reasons).toHaveLength(2);
    },
  );

  it('takes no more out of what waits than what would be refused', async () => {
    start(limits);
    const one = device();
    await server.run(100);
    one.doc.getMap('map').set('k'.repeat(1_025), 1);
    one.text.insert(0, '.'.repeat(60_000));
    await server.run(100);
    expect(one.sync.rebase()?.values).toHaveLength(1);
    await server.run(500);
    expect((await server.connected({ path: '/doc' })).text).toHaveLength(60_000);
  });

  it('goes on over a restart of the page, and whoever has the document beside', async () => {
    start();
    const one = device();
    await server.run(100);
    const edits: Uint8Array[] = [];
    one.doc.on('update', (update: Uint8Array) => edits.push(update));
    one.doc.getMap('map').set('k'.repeat(1_025), 1);
    one.text.insert(0, 'typed after');
    await server.run(100);
    network.state = 'down';
    await server.run(10);
    one.sync.destroy();
    // The same document from a copy, in which the content is taken out, and nothing of it is with the server.
    const copy = new Y.Doc();
    for (const edit of edits) Y.applyUpdate(copy, edit);
    copy.getMap('map').delete('k'.repeat(1_025));
    network.state = 'up';
    const again = device({ doc: copy, isEdit: (origin) => origin !== 'copy' });
    for (const edit of edits) again.sync.restore(edit);
    await server.run(200);
    expect([again.sync.unsynced, again.reasons]).toEqual([0, []]);
    expect((await server.connected({ path: '/doc' })).text).toBe('typed after');
  });

  it('takes out what only the server could refuse, with what was in the same update', async () => {
    start({ maxRootTypes: 2 });
    const one = device();
    await server.run(100);
    one.text.insert(0, 'text');
    await server.run(100);
    one.doc.getMap('second').set('k', 1);
    await server.run(100);
    one.doc.getMap('third').set('k', 'lost');
    await server.run(100);
    one.text.insert(4, ' goes on');
    await server.run(100);
    expect(one.reasons.map(({ code }) => code)).toEqual(['DOCUMENT_TOO_LARGE']);
    const lost = one.sync.rebase();
    expect(lost?.values).toEqual([{ root: 'third', key: 'k', value: ['lost'] }]);
    await server.run(200);
    // Its place is a root type too many, whatever stands there.
    expect(one.sync.reason?.code).toBe('DOCUMENT_TOO_LARGE');
    expect(one.doc.getMap('third').toJSON()).toEqual({});
  });

  it('does nothing where nothing was refused', async () => {
    start();
    const one = device();
    one.text.insert(0, 'text');
    await server.run(100);
    expect(one.sync.rebase()).toBeUndefined();
    expect(one.text.toString()).toBe('text');
  });
});
