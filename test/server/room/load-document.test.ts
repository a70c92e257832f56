// D2: a document is served whole or not at all.

import * as Y from 'yjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadDocument } from '../../../server/room/load-document.js';
import { StoreError } from '../../../server/errors.js';
import type { LogRecord, StoredDocument } from '../../../server/store/store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits, type Limits } from '../../../shared/limits.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { contentOf, loaded, makeHistory } from '../../support/histories.js';
import { editor, textOf } from '../../support/room-watch.js';

const document = parseDocumentName('doc');
let store: ControlledStore;

beforeEach(() => {
  store = new ControlledStore();
});

function load(limits: Partial<Limits> = {}): ReturnType<typeof loadDocument> {
  return loadDocument(store, document, { ...defaultLimits, ...limits });
}

function recordsOf(updates: readonly Uint8Array[], first = 1): LogRecord[] {
  return updates.map((update, i) => ({ offset: first + i, time: 1, author: '', update }));
}

describe('what is stored', () => {
  it('nothing is a new, empty document', async () => {
    const { isNew, log, index } = await load();
    expect(isNew).toBe(true);
    expect(log.head).toBe(0);
    expect(index.stateVector()).toEqual(Uint8Array.of(0));
  });

  it.each([1, 2, 3, 4])('C1: a log is the document its updates make (seed %i)', async (seed) => {
    const { updates, reference } = makeHistory(seed);
    await store.append([{ document, records: recordsOf(updates) }]);
    const { isNew, epoch, log, index } = await load();
    expect(isNew).toBe(false);
    expect(epoch).not.toBe('');
    expect(log.head).toBe(updates.length);
    expect(contentOf(loaded(log.all()), seed % 2 === 0)).toEqual(contentOf(reference, seed % 2 === 0));
    expect(Y.decodeStateVector(index.stateVector())).toEqual(
      Y.decodeStateVector(Y.encodeStateVector(reference)),
    );
  });

  it('D3: a checkpoint and what comes after it, and offsets go on', async () => {
    const { doc, edit } = editor(1);
    const updates = ['a', 'b', 'c', 'd'].map((text) => edit(text));
    await store.append([{ document, records: recordsOf(updates) }]);
    await store.replace(document, { offset: 2, time: 1, update: Y.mergeUpdates(updates.slice(0, 2)) });
    const { log } = await load();
    expect(log).toMatchObject({ head: 4, checkpointOffset: 2, tailLength: 2 });
    expect(textOf(log.all())).toBe(doc.getText('text').toString());
  });

  it('a large checkpoint is cut into parts for sending', async () => {
    const { edit } = editor(1);
    const updates = Array.from({ length: 30 }, () => edit('x'.repeat(100)));
    await store.append([{ document, records: recordsOf(updates) }]);
    // Each edit on its own: Yjs would join them to one struct, which is never cut.
    const update = Y.mergeUpdates(updates.map((one, i) => Y.mergeUpdates([one, rootOf(i)])));
    store.loadInstead = () => ({ epoch: 'e', checkpoint: { offset: 30, time: 1, update }, records: [] });
    const { log } = await load({ syncPartBytes: 500 });
    expect(log.all().length).toBeGreaterThan(3);
    expect(textOf(log.all())).toBe(textOf(updates));
  });

  it('C3: a record that is there twice takes its offset and adds nothing', async () => {
    const update = editor(1).edit('a');
    await store.append([{ document, records: recordsOf([update, update.slice()]) }]);
    const { log } = await load();
    expect(log.head).toBe(2);
    expect(textOf(log.all())).toBe('a');
  });

  it('D2: limits for messages do not keep a document from loading that has grown past them', async () => {
    const updates = Array.from({ length: 12 }, (_, i) => {
      const doc = new Y.Doc();
      doc.clientID = i + 1;
      doc.getArray('list').insert(0, [1, 'two', { three: { four: 4 } }]);
      doc.getArray('list').delete(0, 1);
      return Y.encodeStateAsUpdate(doc);
    });
    await store.append([{ document, records: recordsOf(updates) }]);
    await store.replace(document, { offset: 12, time: 1, update: Y.mergeUpdates(updates) });
    const { log } = await load({
      maxClientsPerUpdate: 3,
      maxStructsPerUpdate: 3,
      maxDeletesPerUpdate: 3,
      maxValuesPerUpdate: 3,
      maxNesting: 1,
      maxClientsPerDocument: 3,
      maxRootTypes: 0,
    });
    expect(log.head).toBe(12);
  });
});

describe('D2: what cannot be loaded', () => {
  const { edit } = editor(1);
  const [first, second, third] = ['a', 'b', 'c'].map((text) => edit(text)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];

  it.each<[what: string, stored: StoredDocument]>([
    ['garbage in a record', { epoch: 'e', records: recordsOf([first, Uint8Array.of(1, 2, 3)]) }],
    [
      'a truncated record',
      { epoch: 'e', records: recordsOf([first, second.subarray(0, second.length - 1)]) },
    ],
    ['a record that misses the one before', { epoch: 'e', records: recordsOf([first, third]) }],
    [
      'garbage in the checkpoint',
      {
        epoch: 'e',
        checkpoint: { offset: 1, time: 1, update: Uint8Array.of(9) },
        records: recordsOf([second], 2),
      },
    ],
    [
      'a record that the checkpoint does not reach',
      { epoch: 'e', checkpoint: { offset: 1, time: 1, update: first }, records: recordsOf([third], 2) },
    ],
  ])('%s is DOCUMENT_CORRUPT, and nothing is written', async (_what, stored) => {
    store.loadInstead = () => stored;
    const refused = await load().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'DOCUMENT_CORRUPT', retry: 'never' });
    // The peer is told nothing of where or what.
    expect(refused).toMatchObject({ reason: 'DOCUMENT_CORRUPT' });
    expect(store.batches).toEqual([]);
    expect(store.replaced).toEqual([]);
  });

  it('a record that fails its checksum is DOCUMENT_CORRUPT; a store that fails is to be tried again', async () => {
    store.failures.set('load', new StoreError('DOCUMENT_CORRUPT', 'checksum'));
    await expect(load()).rejects.toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    store.failures.set('load', new StoreError('STORE_IO', 'disk'));
    await expect(load()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'backoff' });
    store.failures.set('load', new Error('anything'));
    await expect(load()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

function rootOf(i: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 1_000 + i;
  doc.getMap('map').set(`k${i}`, 'z'.repeat(20));
  return Y.encodeStateAsUpdate(doc);
}
