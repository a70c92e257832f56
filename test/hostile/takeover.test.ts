// Yjs updates are not signed: whoever may write could write under anybody's client id, and so erase what its owner has
// yet to send. The server knows whose ids are whose.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { ATTACKER, bytesOf, text, update, VICTIM } from '../server/crdt/hostile-updates.js';
import { Peer, until } from '../support/peer.js';
import {
  serverForTest,
  storedDocument,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';

const auth = { secret: testSecret };
const seed = 'Hello world';

/** `left`: of what the victim had sent, which others may rightly delete. */
const forgeries: { name: string; forged: Uint8Array; left?: string }[] = [
  {
    name: "an item on the victim's next clock",
    forged: update([[VICTIM, seed.length, [text({ origin: [VICTIM, seed.length - 1] }, 'forged')]]]),
  },
  { name: "a GC on the victim's next clocks", forged: update([[VICTIM, seed.length, [bytesOf(0, 100)]]]) },
  { name: 'a GC on one clock', forged: update([[VICTIM, seed.length, [bytesOf(0, 1)]]]) },
  { name: 'a GC on clocks far ahead', forged: update([[VICTIM, 2 ** 31, [bytesOf(0, 100)]]]) },
  { name: "a delete set of the victim's next clocks", forged: update([], [[VICTIM, [seed.length, 100]]]) },
  { name: 'a delete set of all clocks', forged: update([], [[VICTIM, [0, 2 ** 32 - 1]]]), left: '' },
];

function victimDoc(): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = VICTIM;
  return doc;
}

/** The victim has written, is known by awareness or by its edit alone, and has gone offline. */
async function victimOffline(server: TestServer, isAnnounced: boolean): Promise<Y.Doc> {
  const victim = await new Peer(`${server.url}/doc`, {
    doc: victimDoc(),
    token: await tokenFor('ada'),
  }).synced();
  if (isAnnounced) victim.awareness({ clientId: VICTIM, clock: 1, state: {} });
  victim.doc.getText('text').insert(0, seed);
  await until(() => victim.heardOf('update').length > 0, 'the victim has written');
  victim.terminate();
  victim.doc.getText('text').insert(seed.length, ', written offline');
  return victim.doc;
}

test.each(forgeries.flatMap((one) => [true, false].map((isAnnounced) => ({ ...one, isAnnounced }))))(
  'C3: $name, with the victim offline (known by awareness: $isAnnounced)',
  async ({ forged, left = seed, isAnnounced }) => {
    const server = await serverForTest({ auth, limits: { maxHeldMs: 100 } });
    const doc = await victimOffline(server, isAnnounced);
    const observer = await new Peer(`${server.url}/doc`, { token: await tokenFor('eve') }).synced();
    const attackerDoc = new Y.Doc();
    attackerDoc.clientID = ATTACKER;
    const attacker = await new Peer(`${server.url}/doc`, {
      doc: attackerDoc,
      sends: false,
      token: await tokenFor('mallory'),
    }).synced();
    attacker.awareness({ clientId: VICTIM, clock: 1_000, state: { user: 'not me' } });
    attacker.update(forged);
    await until(
      () => attacker.closed !== undefined || attacker.heardOf('denied').length > 0,
      'it is refused',
    );
    expect(attacker.closed?.code ?? 'told').toSatisfy(
      (it: unknown) => it === 4409 || it === 4422 || it === 'told',
    );
    await until(() => observer.text === left, 'what was sent is as it should be');
    const victim = await new Peer(`${server.url}/doc`, { doc, token: await tokenFor('ada') }).synced();
    await until(() => observer.text === `${left}, written offline`, 'the offline edits arrive');
    await until(() => victim.text === observer.text, 'the victim keeps them');
    expect((await storedDocument(server.store!, 'doc')).getText('text').toString()).toBe(victim.text);
  },
);

test('C3: a forgery while the victim is online', async () => {
  const server = await serverForTest({ auth, limits: { maxHeldMs: 100 } });
  const victim = await new Peer(`${server.url}/doc`, {
    doc: victimDoc(),
    token: await tokenFor('ada'),
  }).synced();
  victim.doc.getText('text').insert(0, seed);
  await until(() => victim.heardOf('update').length > 0, 'the victim has written');
  const attacker = await new Peer(`${server.url}/doc`, {
    sends: false,
    token: await tokenFor('mallory'),
  }).synced();
  attacker.update(forgeries[0]!.forged);
  expect((await attacker.end()).code).toBe(4409);
  victim.doc.getText('text').insert(seed.length, '!');
  const late = await new Peer(`${server.url}/doc`, { token: await tokenFor('eve') }).synced();
  await until(() => late.text === `${seed}!`, 'the victim goes on writing');
});

test('C3: another connection of the same user may bring its edits', async () => {
  const server = await serverForTest({ auth, limits: { maxHeldMs: 100 } });
  const doc = await victimOffline(server, true);
  const otherDevice = new Y.Doc();
  Y.applyUpdate(otherDevice, Y.encodeStateAsUpdate(doc));
  const other = await new Peer(`${server.url}/doc`, {
    doc: otherDevice,
    token: await tokenFor('ada'),
  }).synced();
  const observer = await new Peer(`${server.url}/doc`, { token: await tokenFor('eve') }).synced();
  await until(() => observer.text === `${seed}, written offline`, 'they arrive');
  expect(other.closed).toBeUndefined();
});

test.each([true, false])(
  'C3: a page that is loaded again brings the offline copy of the page before (its connection gone: %s)',
  async (isGone) => {
    const server = await serverForTest();
    const before = await new Peer(`${server.url}/doc`).synced();
    before.awareness({ clientId: before.doc.clientID, clock: 1, state: {} });
    before.doc.getText('text').insert(0, 'online');
    await until(() => before.heardOf('update').length > 0, 'it has written');
    if (isGone) before.terminate();
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(before.doc));
    const offline = new Y.Doc();
    offline.clientID = before.doc.clientID;
    Y.applyUpdate(offline, Y.encodeStateAsUpdate(before.doc));
    offline.getText('text').insert(6, ', then offline');
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(offline));
    const after = await new Peer(`${server.url}/doc`, { doc: copy }).synced();
    after.awareness({ clientId: after.doc.clientID, clock: 1, state: {} });
    after.doc.getText('text').insert(0, 'new: ');
    // The browser ends the old page's connection, but the server may hear of that a little later.
    if (!isGone) {
      const replies = after.heardOf('step2').length;
      after.step1();
      await until(() => after.heardOf('step2').length > replies, 'the server has seen the offline copy');
      before.close();
    }
    const observer = await new Peer(`${server.url}/doc`).synced();
    await until(() => observer.text === 'new: online, then offline', 'all of it arrives');
    expect(after.closed).toBeUndefined();
  },
);

test('C3: a large offline copy waits for the end of the page before like a small one', async () => {
  const server = await serverForTest();
  const before = await new Peer(`${server.url}/doc`).synced();
  before.awareness({ clientId: before.doc.clientID, clock: 1, state: {} });
  await until(() => before.present.size === 1, 'it is known');
  const offline = new Y.Doc();
  offline.clientID = before.doc.clientID;
  offline.getText('text').insert(0, 'x'.repeat(2_000_000));
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(offline));
  const after = await new Peer(`${server.url}/doc`, { doc: copy }).synced();
  after.step1();
  await until(
    () => after.closed !== undefined || after.heardOf('step2').length > 1,
    'its copy was looked at',
  );
  before.close();
  // A client may come back by itself after 45xx, but not after 44xx.
  expect(after.closed?.code ?? 4500).toBeGreaterThanOrEqual(4500);
});

test('C3: the server itself may bring what somebody who is connected has yet to send', async () => {
  const server = await serverForTest({ auth });
  const victim = await new Peer(`${server.url}/doc`, {
    doc: victimDoc(),
    token: await tokenFor('ada'),
    sends: false,
  }).synced();
  victim.awareness({ clientId: VICTIM, clock: 1, state: {} });
  await until(() => victim.present.size === 1, 'it is known');
  victim.doc.getText('text').insert(0, 'by another way');
  // As an import over HTTP or a hook of the embedder would: resolved means that it is in the document.
  await server.server.withDocument('doc', (ydoc) => {
    Y.applyUpdate(ydoc, Y.encodeStateAsUpdate(victim.doc));
  });
  const observer = await new Peer(`${server.url}/doc`, { token: await tokenFor('eve') }).synced();
  expect(observer.text).toBe('by another way');
});
