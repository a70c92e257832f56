// Large formatted documents that our own client uploads while others have the document open.

import { afterEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { OpenSocket } from '../../../client/connection/socket.js';
import { splitUpdate } from '../../../client/crdt/split-update.js';
import { Network } from '../../support/client-sockets.js';
import { formattedParagraphs, paragraphsOf, shownOf } from '../../support/formatted-paragraphs.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { thinLine } from '../../support/thin-line.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

const usualPartBytes = 64 * 1024;

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

function start(...options: Parameters<typeof createSessionServer>): void {
  server = createSessionServer(...options);
  network = new Network(() => server.transport);
}

function device({ openSocket, ...options }: DeviceOptions & { openSocket?: OpenSocket } = {}): Device {
  const used = openSocket === undefined ? network : Object.assign(Object.create(network), { openSocket });
  const one = openDevice(server, used as Network, options);
  cleanup.push(() => one.destroy());
  return one;
}

/** Those who have the document open, and have taken their type, as editors do. */
function readers(): Y.Doc[] {
  const docs = [server.connect({ path: '/doc' }).doc, device().doc];
  for (const doc of docs) doc.getXmlFragment('paragraphs');
  return docs;
}

/** Tidied by whoever reads it in parts. */
function fragile(seed: number): Y.Doc {
  const doc = formattedParagraphs(seed);
  const parts = splitUpdate(Y.encodeStateAsUpdate(doc), usualPartBytes);
  expect(paragraphsOf(parts).edits).toBeGreaterThan(0);
  return doc;
}

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

describe('C10: a large formatted document that is uploaded', () => {
  it.each([1, 2, 3, 4])('is not tidied by those who have it open (HEDDLE_SEED=%i)', async (seed) => {
    start();
    const docs = readers();
    await server.run(100);
    const doc = fragile(seed);
    const whole = shownOf(doc);
    // Parts of 64 KB would come 65 ms apart.
    const { clock } = server;
    const author = device({ doc, openSocket: thinLine(network.openSocket, { clock, bytesPerMs: 1_000 }) });
    await server.run(4_000);
    expect([author.sync.unsynced, author.sync.unsyncedBytes]).toEqual([0, 0]);
    for (const one of [doc, ...docs]) expect(shownOf(one)).toEqual(whole);
  });

  it('arrives in parts where the line does not carry it whole', async () => {
    start();
    const doc = fragile(1);
    // 350 KB take 3.5 s, and no connection lasts longer than 2 s.
    const { clock } = server;
    const author = device({ doc, openSocket: thinLine(network.openSocket, { clock, bytesPerMs: 100 }) });
    await server.run(100);
    let connections = 0;
    for (; connections < 10 && author.sync.unsyncedBytes > 0; connections++) {
      await server.run(2_000);
      network.state = 'down';
      await server.run(50);
      network.state = 'up';
      const { attempts } = network;
      while (network.attempts === attempts) await server.run(100, 10);
    }
    expect(connections).toBeGreaterThan(2);
    expect(connections).toBeLessThan(10);
    expect(shownOf((await server.connected({ path: '/doc' })).doc)).toEqual(shownOf(doc));
  });

  it.each([
    ['the client finds', undefined],
    ['the server refuses', 400_000],
  ])('arrives but for what %s of it', async (_what, maxDocumentBytes) => {
    start(maxDocumentBytes === undefined ? {} : { limits: { maxDocumentBytes } });
    const other = server.connect({ path: '/doc' }).doc;
    if (maxDocumentBytes !== undefined) other.getText('other').insert(0, 'x'.repeat(150_000));
    await server.run(100);
    const doc = fragile(1);
    doc.clientID = 1;
    if (maxDocumentBytes === undefined) doc.getMap('map').set('k'.repeat(2_000), true);
    const author = device({ doc });
    await server.run(2_000);
    expect(author.sync.refusedBytes).toBeGreaterThan(0);
    expect(author.sync.refusedBytes + author.sync.unsyncedBytes).toBeLessThan(300_000);
    expect(Y.encodeStateAsUpdate(other).length).toBeGreaterThan(100_000);
  });
});
