// Every known hostile update, over a real socket, into a document that others are using.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import type { DocumentStore } from '../../server/store/store.js';
import { FaultyStore } from '../fuzz/faulty-store.js';
import { ATTACKER, hostileUpdates, VICTIM } from '../server/crdt/hostile-updates.js';
import { heapInUse } from '../support/heap-in-use.js';
import { Peer, until } from '../support/peer.js';
import { serverForTest, startServer, storedDocument } from '../support/test-server.js';

const MiB = 1024 * 1024;
const seed = 'Hello world';
const closings = {
  refused: /^4422|^4413/,
  blocked: /^4509|^told UPDATE_INCOMPLETE/,
  costly: /^4422 UPDATE_TOO_COSTLY/,
  harmless: /^open/,
} as const;

function docOf(clientId: number, text = ''): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  if (text !== '') doc.getText('text').insert(0, text);
  return doc;
}

/** A document in use: its author, somebody who watches, and the one who means harm. */
async function inUse(url: string): Promise<{ victim: Peer; observer: Peer; attacker: Peer }> {
  const victim = await new Peer(`${url}/doc`, { doc: docOf(VICTIM, seed) }).synced();
  const observer = await new Peer(`${url}/doc`).synced();
  const attacker = await new Peer(`${url}/doc`, { doc: docOf(ATTACKER), sends: false }).synced();
  for (const peer of [victim, attacker]) {
    peer.awareness({ clientId: peer.doc.clientID, clock: 1, state: { user: peer.doc.clientID } });
  }
  await until(() => observer.text === seed && observer.present.size === 2, 'the document is in use');
  return { victim, observer, attacker };
}

/** 'open', or what the attacker was told, or the close code and the reason. */
async function fateOf(attacker: Peer): Promise<string> {
  const replies = attacker.heardOf('step2').length;
  attacker.step1();
  await until(
    () => attacker.closed !== undefined || attacker.heardOf('step2').length > replies,
    'the attacker is answered',
  );
  // What is held back is refused when its time is up, after the answer.
  if (attacker.closed !== undefined) return `${attacker.closed.code} ${attacker.closed.reason}`;
  const [told] = attacker.heardOf('denied');
  return told?.type === 'denied' ? `told ${told.text}` : 'open';
}

function readersOf(url: string): Promise<Peer> {
  return new Peer(`${url}/doc`).synced();
}

function holdings(doc: Y.Doc): unknown {
  return [
    doc.getText('text').toString(),
    Y.decodeStateVector(Y.encodeStateVector(doc)),
    Y.createDeleteSetFromStructStore(doc.store).clients,
  ];
}

async function untilStored(store: DocumentStore, text: string): Promise<Y.Doc> {
  let stored = await storedDocument(store, 'doc');
  for (let tries = 0; tries < 500 && stored.getText('text').toString() !== text; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    stored = await storedDocument(store, 'doc');
  }
  return stored;
}

test.each(hostileUpdates.map((one, i) => ({ ...one, isLive: i % 2 === 0 })))(
  'O1, C2, C5: $name is $expectation',
  { timeout: 60_000 },
  async ({ build, expectation, isLive }) => {
    const updates = build();
    const last = updates.pop()!;
    const inner = createMemoryStore();
    const first = await startServer({ store: new FaultyStore(inner), limits: { maxHeldMs: 100 } });
    const { victim, observer, attacker } = await inUse(first.url);
    for (const update of updates) attacker.update(update);
    const heapBefore = heapInUse();
    const rssBefore = process.memoryUsage().rss;
    if (isLive) attacker.update(last);
    else attacker.step2(last);
    if (expectation !== 'harmless')
      await until(
        () => attacker.closed !== undefined || attacker.heardOf('denied').length > 0,
        'it is refused',
      );
    expect(await fateOf(attacker)).toMatch(closings[expectation]);
    // Three clients are in this process, too; each has the update as bytes and as text, and so has the garbage of reading it, of which
    // the collector leaves some 60 MB more or less.
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(256 * MiB + 48 * last.length);
    expect(heapInUse() - heapBefore).toBeLessThan(64 * MiB + 48 * last.length);

    // Others go on: they see each other's edits, and nothing of what was refused.
    victim.doc.getText('text').insert(0, 'still ');
    await until(() => observer.text === victim.text, 'the observer sees the next edit', 30_000);
    if (expectation !== 'harmless') expect(victim.text).toBe(`still ${seed}`);
    expect(victim.closed ?? observer.closed).toBeUndefined();
    const late = await readersOf(first.url);
    await until(() => late.text === victim.text, 'a late joiner sees the same', 30_000);
    expect(holdings(late.doc)).toEqual(holdings(victim.doc));
    expect(holdings(await untilStored(inner, victim.text))).toEqual(holdings(victim.doc));
    for (const peer of [victim, observer, late, attacker]) peer.terminate();
    await first.close();

    const second = await serverForTest({ store: inner });
    const reloaded = await readersOf(second.url);
    expect(holdings(reloaded.doc)).toEqual(holdings(victim.doc));
    reloaded.terminate();
  },
);
