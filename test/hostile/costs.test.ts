// Documents that are slow to load, which got into the store before anybody looked: what the server's own thread does with them.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import type { DocumentStore } from '../../server/store/store.js';
import { parseDocumentName } from '../../shared/document-name.js';
import { conflictBomb, CROWD, text, update } from '../server/crdt/hostile-updates.js';
import { Peer, until } from '../support/peer.js';
import { recordingLogger, serverForTest } from '../support/test-server.js';

/** A worker loads the document, or tries to. */
const slow = { timeout: 180_000 };

async function storeWith(updates: readonly Uint8Array[]): Promise<DocumentStore> {
  const store = createMemoryStore();
  const records = updates.map((update, i) => ({ offset: i + 1, time: 0, author: '', update }));
  await store.append([{ document: parseDocumentName('doc'), epoch: store.newEpoch(), records }]);
  return store;
}

test(
  'V7: withDocument and onChange refuse a document that is slow to load, and the loop never loads it',
  slow,
  async () => {
    const store = await storeWith(conflictBomb(6_000));
    const changes: unknown[] = [];
    const { server, url } = await serverForTest({
      store,
      changeDebounceMs: 1,
      async onChange({ document }) {
        changes.push(await document().catch((error: unknown) => error));
      },
    });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const refusal = { code: 'DOCUMENT_TOO_COSTLY' };
    await expect(server.withDocument('doc', () => 1)).rejects.toMatchObject(refusal);
    // It took the worker a second or more. A loop that is held turns a few times in that.
    expect(turns).toBeGreaterThan(50);
    const writer = await new Peer(`${url}/doc`, { doc: new Y.Doc(), applies: false }).synced();
    writer.doc.getMap('map').set('k', 1);
    await until(() => changes.length > 0, 'the hook was called', 60_000);
    expect(changes[0]).toMatchObject(refusal);
    clearInterval(timer);
    writer.terminate();
  },
);

test('V3, V5: a bomb in small pieces, by two clients, is noticed and then refused', slow, async () => {
  const logger = recordingLogger();
  const { server, url, port } = await serverForTest({ logger, limits: { maxSyncRequests: 10_000 } });
  const letters = 12_000;
  const peers = await Promise.all(
    [2000, 2001].map((clientId) => {
      const doc = new Y.Doc();
      doc.clientID = clientId;
      return new Peer(`${url}/doc`, { doc, applies: false, sends: false }).synced();
    }),
  );
  const reader = await new Peer(`${url}/other`).synced();
  peers[0]!.update(conflictBomb(letters)[0]);
  let sent = 0;
  while (sent < letters && peers.every(({ closed }) => closed === undefined)) {
    for (let i = 0; i < 50; i++, sent++) {
      const clock = Math.floor(sent / 2);
      const letter = text({ origin: [CROWD, 0], right: [CROWD, sent + 2] }, 'y');
      peers[sent % 2]!.update(update([[2000 + (sent % 2), clock, [letter]]]));
    }
    // Nobody who takes part elsewhere notices.
    reader.step1();
    const answers = reader.heardOf('step2').length;
    await until(() => reader.heardOf('step2').length > answers, 'another document is answered', 60_000);
  }
  // What they sent waits for trials and checks.
  await until(() => peers.some(({ closed }) => closed !== undefined), 'one of them is refused', 100_000);
  const { code, reason } = peers.find(({ closed }) => closed !== undefined)!.closed!;
  expect([code, reason.split(':')[0]]).toEqual([4422, 'UPDATE_TOO_COSTLY']);
  const named = logger.lines.filter((line) => line.includes('for its size'));
  expect(named.length).toBeGreaterThan(0);
  expect(named[0]).toContain('"document":"doc"');
  const health = (await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()) as object;
  expect(health).toMatchObject({ costlyDocuments: 1 });
  for (const peer of [...peers, reader]) peer.terminate();
  await server.close();
});
