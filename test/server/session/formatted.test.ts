// Formatted documents on the way to stock clients, in many frames.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { fragileDocument, readerOf } from '../../support/fragile-document.js';
import type { MemoryPeer } from '../../support/memory-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

const partBytes = 500;
let server: SessionServer;

beforeEach(() => {
  server = createSessionServer({ limits: { syncPartBytes: partBytes, softBufferedBytes: 2 * partBytes } });
});

afterEach(() => server.close());

/** A client that has taken its type, as editors do before they connect. */
function connect(doc = new Y.Doc()): MemoryPeer {
  doc.getText('text');
  return server.connect({ doc });
}

async function store(document: Y.Doc): Promise<void> {
  const update = Y.encodeStateAsUpdate(document);
  await server.store.append([
    { document: 'doc' as never, records: [{ offset: 1, time: 1, author: '', update }] },
  ]);
  await server.store.replace('doc' as never, { offset: 1, time: 1, update });
  server.store.batches.length = 0;
}

function partsHeard(peer: MemoryPeer): Uint8Array[] {
  return peer.heard.filter(({ type }) => type === 'update' || type === 'step2').map(({ bytes }) => bytes);
}

describe('a large formatted document', () => {
  it('C10: is opened without being edited, and shows what the whole shows', async () => {
    const document = fragileDocument(partBytes);
    await store(document);
    const client = connect();
    await server.run(200);
    expect(client.isSynced).toBe(true);
    expect(partsHeard(client).length).toBeGreaterThan(3);
    expect(client.doc.getText('text').toDelta()).toEqual(document.getText('text').toDelta());
    expect(server.store.batches).toEqual([]);
  });

  it('C10: is opened again by who has some of it without being edited', async () => {
    const document = fragileDocument(partBytes);
    const some = new Y.Doc();
    some.getText('text');
    Y.applyUpdate(some, splitUpdate(Y.encodeStateAsUpdate(document), 1_000)[0]!);
    await store(document);
    const client = connect(some);
    await server.run(200);
    const whole = readerOf([
      splitUpdate(Y.encodeStateAsUpdate(document), 1_000)[0]!,
      Y.encodeStateAsUpdate(document),
    ]);
    expect(client.doc.getText('text').toDelta()).toEqual(whole.doc.getText('text').toDelta());
    expect(server.store.batches.length).toBe(0);
  });

  it('C11: no frame of it is larger than a part, nor is one of a large edit', async () => {
    await store(fragileDocument(partBytes));
    const [author, reader] = [connect(), connect()];
    await server.run(200);
    author.doc.getText('text').insert(3, 'large '.repeat(3_000), { i: true });
    await server.run(200);
    expect(reader.doc.getText('text').toDelta()).toEqual(author.doc.getText('text').toDelta());
    for (const part of partsHeard(reader)) expect(part.length).toBeLessThanOrEqual(partBytes);
    const late = connect();
    await server.run(200);
    expect(late.doc.getText('text').toDelta()).toEqual(author.doc.getText('text').toDelta());
    for (const part of partsHeard(late)) expect(part.length).toBeLessThanOrEqual(partBytes);
  });
});
