// What Yjs makes of its own accord is no edit of the user.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { Network } from '../../support/client-sockets.js';
import { frameOf } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device(token: string, on = network): Device {
  const one = openDevice(server, on, { token });
  cleanup.push(() => one.destroy());
  return one;
}

/** A copy of a document under another client id. */
function copyOf(doc: Y.Doc, clientID: number): Y.Doc {
  const copy = new Y.Doc();
  copy.clientID = clientID;
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

/** Two people made the first word bold, each without the other. Those who sent it do not tidy: they are gone. */
async function hearsOfTwo(token: string) {
  const base = new Y.Doc();
  base.clientID = 1001;
  base.getText('text').insert(0, 'some words of a text');
  const updates = [Y.encodeStateAsUpdate(base)];
  for (const id of [1002, 1003]) {
    const doc = copyOf(base, id);
    doc.on('update', (update: Uint8Array) => updates.push(update));
    doc.getText('text').format(0, 4, { bold: true });
  }
  const reader = device(token);
  const told = { tidied: 0, refusals: [] as (string | undefined)[], counts: [] as number[], durable: 0 };
  reader.doc.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin === null) told.tidied++;
  });
  reader.sync.on('refused', ({ code }) => void told.refusals.push(code));
  reader.sync.on('unsynced', (count) => void told.counts.push(count));
  reader.sync.on('durable', (edits) => (told.durable += edits));
  await server.run(200);
  for (const update of updates) {
    const sender = server.connect({ path: '/doc', greets: false });
    await server.run(50);
    sender.send(frameOf([0, 2], update));
    await server.run(100);
    sender.destroy();
  }
  await server.run(300);
  expect(told.tidied).toBe(1);
  return { reader, told };
}

/** What the server has stored, as an update. */
function stored(): Uint8Array {
  const records = server.store.batches.flat().flatMap((append) => append.records);
  return Y.mergeUpdates(records.map(({ update }) => update));
}

/** How many letters and marks an update deletes. */
function deletesIn(update: Uint8Array): number {
  const { clients } = Y.decodeUpdate(update).ds;
  const lengths = [...clients.values()].flat().map(({ len }) => len);
  expect(lengths.length).toBeGreaterThan(0);
  return lengths.reduce((sum, len) => sum + len, 0);
}

describe('K10: what Yjs makes of its own accord', () => {
  it('is not sent by a reader, not counted, and nothing of it is shown', async () => {
    const { reader, told } = await hearsOfTwo('read');
    expect(told).toEqual({ tidied: 1, refusals: [], counts: [], durable: 0 });
    expect(reader.sync.access).toBe('read');
    expect(reader.sync.unsynced).toBe(0);
    let isSynced = false;
    void reader.sync.synced().then(() => (isSynced = true));
    await server.run(200);
    expect(isSynced).toBe(true);
  });

  it('is sent by who may write, and not counted', async () => {
    const { reader, told } = await hearsOfTwo('write');
    expect(told).toEqual({ tidied: 1, refusals: [], counts: [], durable: 0 });
    expect(deletesIn(stored())).toEqual(deletesIn(Y.encodeStateAsUpdate(reader.doc)));
  });

  it('is sent when the reader may write, also on another connection', async () => {
    server.bearers.byToken.set('poor', { sub: 'ann', access: 'read' });
    server.bearers.byToken.set('rich', { sub: 'ann', access: 'write' });
    const { reader, told } = await hearsOfTwo('poor');
    network.state = 'down';
    await server.run(20);
    network.state = 'up';
    reader.connection.renewed('rich');
    await server.run(300);
    expect(reader.sync.access).toBe('write');
    expect(deletesIn(stored())).toEqual(deletesIn(Y.encodeStateAsUpdate(reader.doc)));
    expect([told.counts, told.refusals]).toEqual([[], []]);
  });

  it('is not taken for it when the user removes a format', async () => {
    const one = device('write');
    one.text.insert(0, 'bold words', { bold: true });
    await server.run(100);
    server.store.hold('append');
    one.text.format(0, 10, { bold: null });
    expect(one.sync.unsynced).toBe(1);
    server.store.release('append');
    await server.run(100);
    expect(one.sync.unsynced).toBe(0);
  });
});
