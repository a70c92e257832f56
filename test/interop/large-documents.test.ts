// Documents that are larger than what is sent at once, and readers that take their time.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { parseDocumentName } from '../../shared/document-name.js';
import { fragileDocument } from '../support/fragile-document.js';
import { Peer, until } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';
import { serverForTest } from '../support/test-server.js';
import { stockProvider, stockVersions, untilSynced } from './stock-providers.js';

const KiB = 1024;

/** A document of this many paragraphs of about 10 KiB by several clients, some of them deleted. */
function largeDocument(paragraphs: number): Y.Doc {
  const random = new SeededRandom(43);
  const doc = new Y.Doc();
  for (let i = 0; i < paragraphs; i++) {
    doc.clientID = 1 + (i % 7);
    const list = doc.getArray<Y.Text>('paragraphs');
    doc.transact(() => {
      list.insert(random.int(list.length + 1), [new Y.Text(`${i} `.padEnd(10 * KiB, 'lorem '))]);
      if (random.chance(0.1)) list.delete(random.int(list.length));
    });
  }
  doc.clientID = 1000;
  return doc;
}

function contentOf(doc: Y.Doc): unknown {
  return [doc.getArray('paragraphs').toJSON(), doc.getText('text').toString()];
}

/** A store with the document as its checkpoint. */
async function storeWith(doc: Y.Doc): Promise<ReturnType<typeof createMemoryStore>> {
  const store = createMemoryStore();
  await store.replace(parseDocumentName('large'), {
    offset: 1,
    time: 0,
    update: Y.encodeStateAsUpdate(doc),
  });
  return store;
}

test.each(stockVersions)('C1: y-websocket $version loads a document of 3 MB', async (version) => {
  const doc = largeDocument(300);
  const { url } = await serverForTest({ store: await storeWith(doc) });
  const provider = await untilSynced(stockProvider(version, url, 'large'));
  expect(contentOf(provider.doc)).toEqual(contentOf(doc));
});

test.each(stockVersions)(
  'C10: y-websocket $version opens formatted text without editing it',
  async (version) => {
    const doc = fragileDocument(500);
    const { url } = await serverForTest({ store: await storeWith(doc), limits: { syncPartBytes: 500 } });
    const reader = new Y.Doc();
    reader.getText('text');
    let edits = 0;
    reader.on('update', (_update, _origin, _doc, transaction) => {
      if (transaction.local) edits++;
    });
    const provider = await untilSynced(stockProvider(version, url, 'large', { doc: reader }));
    expect(edits).toBe(0);
    expect(provider.doc.getText('text').toDelta()).toEqual(doc.getText('text').toDelta());
  },
);

test('C1: a large document arrives in parts of updates, none of them pending, and a step 2 after them', async () => {
  const doc = largeDocument(300);
  const { url } = await serverForTest({ store: await storeWith(doc) });
  const peer = await new Peer(`${url}/large`, { applies: false }).opened();
  await until(() => peer.isSynced, 'step 2 has come');
  const parts = peer.heard.filter(({ type }) => type === 'update' || type === 'step2');
  expect(parts.length).toBeGreaterThan(8);
  expect(parts.map(({ type }) => type).indexOf('step2')).toBe(parts.length - 1);
  const copy = new Y.Doc();
  for (const part of parts) {
    if (part.type === 'denied') continue;
    expect(part.bytes.length).toBeLessThan(512 * KiB);
    Y.applyUpdate(copy, part.bytes);
    expect(copy.store.pendingStructs).toBeNull();
    expect(copy.store.pendingDs).toBeNull();
  }
  expect(contentOf(copy)).toEqual(contentOf(doc));
});

test('C1: a large document sent by a client reaches the others and the store', async () => {
  const doc = largeDocument(300);
  const { url } = await serverForTest();
  const watcher = await new Peer(`${url}/large`).synced();
  const provider = await untilSynced(stockProvider(stockVersions[0]!, url, 'large', { doc }));
  await until(() => watcher.doc.getArray('paragraphs').length > 0, 'the watcher has it');
  const late = await new Peer(`${url}/large`).synced();
  expect(contentOf(watcher.doc)).toEqual(contentOf(provider.doc));
  expect(contentOf(late.doc)).toEqual(contentOf(provider.doc));
});

test('C4: a reader that stops reading for a while ends equal, on the same connection', async () => {
  const { url } = await serverForTest({ store: await storeWith(largeDocument(100)) });
  const writer = await new Peer(`${url}/large`).synced();
  const slow = await new Peer(`${url}/large`).synced();
  const other = await new Peer(`${url}/large`).synced();
  for (let round = 0; round < 3; round++) {
    slow.stopReading();
    // More than the kernel keeps for a connection, in updates below and above the size that is sent at once.
    for (let i = 0; i < 40; i++) {
      writer.doc.getText('text').insert(0, `${round}.${i} `.padEnd(i % 2 === 0 ? 100 : 400 * KiB, 'x'));
    }
    await until(
      () => other.doc.getText('text').length === writer.doc.getText('text').length,
      'others have it',
    );
    slow.resumeReading();
    await until(
      () => slow.doc.getText('text').length === writer.doc.getText('text').length,
      'it has caught up',
    );
  }
  writer.doc.getText('text').insert(0, 'live again');
  await until(() => slow.text.startsWith('live again'), 'it is live again');
  expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
  expect(slow.closed).toBeUndefined();
});

test('C4: a slow reader may write while it loads a document with one very large value', async () => {
  const { url } = await serverForTest();
  const author = await new Peer(`${url}/large`).synced();
  // One struct, which cannot be sent in parts: an image, say.
  author.doc.getMap('images').set('one', new Uint8Array(14 * KiB * KiB).fill(7));
  await until(() => author.heardOf('update').length > 0, 'it is durable');
  const slow = await new Peer(`${url}/large`).opened();
  slow.stopReading();
  await until(() => slow.socket.bufferedAmount === 0, 'its questions are sent');
  slow.doc.getText('text').insert(0, 'typed while loading');
  await until(() => author.text === 'typed while loading', 'the others have what it typed');
  slow.resumeReading();
  await until(() => slow.isSynced || slow.closed !== undefined, 'it is synced');
  expect(slow.closed).toBeUndefined();
  expect(slow.doc.getMap('images').get('one')).toHaveLength(14 * KiB * KiB);
});
