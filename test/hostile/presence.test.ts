// Who may say what about whose presence, over real sockets.

import { expect, test } from 'vitest';
import { encodeAwareness, frameOf, Peer, until, type AwarenessEntry } from '../support/peer.js';
import { serverForTest, testSecret, tokenFor } from '../support/test-server.js';

async function present(url: string, state: unknown = { user: 'Ada' }): Promise<Peer> {
  const peer = await new Peer(url).synced();
  peer.awareness({ clientId: peer.doc.clientID, clock: 1, state });
  await until(() => peer.present.has(peer.doc.clientID), 'it is present');
  return peer;
}

/** Everything said so far has been told to everybody: what is untold goes along with the marker. */
async function told(url: string, observer: Peer): Promise<void> {
  const marker = await present(url, { user: 'marker' });
  await until(() => observer.present.has(marker.doc.clientID), 'the marker is seen');
  marker.terminate();
  await until(() => !observer.present.has(marker.doc.clientID), 'the marker is gone');
}

/** Everything sent before has been handled. */
async function handled(peer: Peer): Promise<void> {
  const replies = peer.heardOf('step2').length;
  peer.step1();
  await until(() => peer.closed !== undefined || peer.heardOf('step2').length > replies, 'it is answered');
}

test('P1: nobody speaks for another: a foreign entry is dropped without a word', async () => {
  const { url } = await serverForTest();
  const victim = await present(`${url}/doc`);
  const observer = await present(`${url}/doc`, { user: 'Eve' });
  const attacker = await present(`${url}/doc`, { user: 'Mallory' });
  const { clientID } = victim.doc;
  for (const state of [{ user: 'forged' }, null]) {
    for (const clock of [1, 2, 1_000, 2 ** 32 - 1]) attacker.awareness({ clientId: clientID, clock, state });
  }
  await handled(attacker);
  await told(`${url}/doc`, observer);
  expect(observer.present.get(clientID)).toEqual({ user: 'Ada' });
  expect(attacker.closed).toBeUndefined();
  victim.awareness({ clientId: clientID, clock: 2, state: { user: 'Ada', cursor: 1 } });
  await until(() => 'cursor' in (observer.present.get(clientID) as object), 'the victim goes on');
});

test('P1: a foreign entry is dropped for another user too, and only the own entry of a message counts', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const peers = await Promise.all(
    ['ada', 'mallory', 'eve'].map(async (sub) =>
      new Peer(`${url}/doc`, { token: await tokenFor(sub) }).synced(),
    ),
  );
  const [victim, attacker, observer] = peers as [Peer, Peer, Peer];
  victim.awareness({ clientId: victim.doc.clientID, clock: 1, state: { user: 'Ada' } });
  await until(() => observer.present.size === 1, 'the victim is present');
  attacker.awareness(
    { clientId: victim.doc.clientID, clock: 99, state: { user: 'forged' } },
    { clientId: attacker.doc.clientID, clock: 1, state: { user: 'Mallory' } },
  );
  await until(() => observer.present.size === 2, 'the attacker is present');
  expect(observer.present.get(victim.doc.clientID)).toEqual({ user: 'Ada' });
});

test('P2: somebody without a presence who repeats a state that has just left makes no ghost', async () => {
  const { url } = await serverForTest();
  const observer = await new Peer(`${url}/doc`).synced();
  // Stock clients repeat what they hear, also those that hide their own presence.
  const hidden = await new Peer(`${url}/doc`).synced();
  const leaving = await present(`${url}/doc`);
  await until(() => hidden.present.size === 1, 'it is heard');
  const clientId = leaving.doc.clientID;
  leaving.close();
  await until(() => hidden.present.size === 0, 'it has left');
  // In time before the server's word of it came; the clock is the one the others were told.
  hidden.awareness({ clientId, clock: 2, state: { user: 'Ada' } });
  await handled(hidden);
  await told(`${url}/doc`, observer);
  expect([...observer.present.values()]).toEqual([]);
});

test('P2: somebody without a presence who repeats a state does not take its client id away', async () => {
  const { url } = await serverForTest();
  const observer = await new Peer(`${url}/doc`).synced();
  const hidden = await new Peer(`${url}/doc`).synced();
  const leaving = await present(`${url}/doc`);
  await until(() => hidden.present.size === 1, 'it is heard');
  leaving.terminate();
  await until(() => hidden.present.size === 0, 'it has left');
  hidden.awareness({ clientId: leaving.doc.clientID, clock: 2, state: { user: 'Ada' } });
  await handled(hidden);
  const back = await new Peer(`${url}/doc`, { doc: leaving.doc }).synced();
  back.awareness({ clientId: back.doc.clientID, clock: 2, state: { user: 'Ada, back' } });
  back.doc.getText('text').insert(0, 'back');
  await until(() => observer.text === 'back', 'its edits arrive', 4_000);
  await until(
    () => JSON.stringify(observer.present.get(back.doc.clientID)) === '{"user":"Ada, back"}',
    'its presence is its own',
    4_000,
  );
});

const own = (peer: Peer, state: unknown, clock = 2): AwarenessEntry[] => [
  { clientId: peer.doc.clientID, clock, state },
];
const refusedEntries: { name: string; entries: (peer: Peer) => AwarenessEntry[] }[] = [
  { name: 'a string as state', entries: (peer) => own(peer, '"text"') },
  { name: 'a number as state', entries: (peer) => own(peer, 7) },
  { name: 'an array as state', entries: (peer) => own(peer, []) },
  { name: 'no JSON as state', entries: (peer) => own(peer, '{"a":') },
  { name: 'a deep state', entries: (peer) => own(peer, '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000)) },
  { name: 'a state of 100 KB', entries: (peer) => own(peer, { a: 'x'.repeat(100_000) }) },
  { name: 'a large state', entries: (peer) => own(peer, { a: 'x'.repeat(8_000_000) }) },
  { name: 'a clock out of range', entries: (peer) => own(peer, {}, Number.MAX_SAFE_INTEGER) },
  {
    name: 'more ids than a connection may have',
    entries: (peer) =>
      Array.from({ length: 17 }, (_, i) => ({ clientId: peer.doc.clientID + i, clock: 1, state: {} })),
  },
  {
    name: 'half a million removals',
    entries: () => Array.from({ length: 500_000 }, (_, i) => ({ clientId: i, clock: 1, state: null })),
  },
];

test.each(refusedEntries)('P4: $name is refused alone: edits and presence go on', async ({ entries }) => {
  const { url } = await serverForTest();
  const observer = await present(`${url}/doc`, { user: 'Eve' });
  const odd = await present(`${url}/doc`, { user: 'odd' });
  await until(() => observer.present.size === 2, 'both are present');
  odd.send(frameOf([1], encodeAwareness(entries(odd))));
  odd.doc.getText('text').insert(0, 'goes on');
  await until(() => observer.text === 'goes on', 'its edit arrives', 5_000);
  await until(() => odd.heardOf('denied').length === 1, 'it is told');
  expect(odd.closed).toBeUndefined();
  odd.awareness({ clientId: odd.doc.clientID, clock: 3, state: { user: 'odd', moved: true } });
  await until(
    () => JSON.stringify(observer.present.get(odd.doc.clientID)) === '{"user":"odd","moved":true}',
    'its presence goes on',
  );
});

test('O1: bytes that are no awareness update end the connection', async () => {
  const { url } = await serverForTest();
  const observer = await present(`${url}/doc`, { user: 'Eve' });
  const attacker = await present(`${url}/doc`, { user: 'Mallory' });
  await until(() => observer.present.size === 2, 'both are present');
  attacker.send(frameOf([1], Uint8Array.of(2, 1, 1, 2, 123, 125)));
  const { code, reason } = await attacker.end();
  expect(code).toBe(4400);
  expect(reason).toMatch(/^AWARENESS_INVALID/);
  await until(() => observer.present.size === 1, 'the attacker has left');
});

test('O2: presence that comes and goes is forgotten', async () => {
  const { url } = await serverForTest();
  const observer = await new Peer(`${url}/doc`).synced();
  for (let round = 0; round < 5; round++) {
    const crowd = await Promise.all(Array.from({ length: 20 }, async () => present(`${url}/doc`)));
    await until(() => observer.present.size === 20, 'the crowd is seen');
    for (const peer of crowd) peer.terminate();
    await until(() => observer.present.size === 0, 'the crowd has left');
  }
  const late = await new Peer(`${url}/doc`).synced();
  await handled(late);
  expect(late.heardOf('awareness')).toHaveLength(0);
});

test('P2: who comes and goes before a reader is live is known to it once it is', async () => {
  const { url } = await serverForTest();
  const leaving = await present(`${url}/doc`, { user: 'leaving' });
  // Greeted, and not live yet: its question, or the document it loads, is still on its way.
  const reader = await new Peer(`${url}/doc`, { asks: false }).opened();
  await until(() => reader.present.size === 1, 'it is told who is here');
  const observer = await new Peer(`${url}/doc`).synced();
  leaving.close();
  const coming = await present(`${url}/doc`, { user: 'coming' });
  await until(
    () => observer.present.size === 1 && observer.present.has(coming.doc.clientID),
    'others see the change',
  );
  reader.step1();
  await reader.synced();
  await told(`${url}/doc`, reader);
  expect([...reader.present.values()]).toEqual([{ user: 'coming' }]);
});
