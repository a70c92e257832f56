// The stock y-websocket providers, each version against each other one, and the dialect they speak, over real sockets.

import { describe, expect, onTestFinished, test } from 'vitest';
import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { FaultyStore } from '../fuzz/faulty-store.js';
import { Peer, frameOf, until } from '../support/peer.js';
import { directoryForTest, serverForTest, startServer, storedDocument } from '../support/test-server.js';
import { cut, stockProvider, stockVersions, textOf, untilSynced } from './stock-providers.js';

const pairs = stockVersions.flatMap((one) => stockVersions.map((other) => ({ one, other })));
const newest = stockVersions.at(-1)!;

function docWith(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return doc;
}

function nextUpdate(doc: Y.Doc): Promise<Uint8Array> {
  return new Promise((resolve) => doc.once('update', resolve));
}

test.each(stockVersions)('C1: y-websocket $version uses the one copy of Yjs', ({ Provider }) => {
  const doc = new Y.Doc();
  const provider = new Provider('ws://127.0.0.1:1', 'unused', doc, { connect: false, disableBc: true });
  // Two copies would warn on load and break `instanceof` checks; the provider's awareness carries the doc it was given.
  expect(provider.awareness.doc).toBeInstanceOf(Y.Doc);
  provider.destroy();
  expect(Reflect.get(globalThis, '__ $YJS$ __')).toBe(true);
});

describe.each(pairs)('y-websocket $one.version and $other.version in one room', ({ one, other }) => {
  test('C1: what each had before and what each types arrives at the other', async () => {
    const { url, store } = await serverForTest();
    const first = await untilSynced(stockProvider(one, url, 'doc', { doc: docWith('first ') }));
    await until(() => first.wsconnected, 'the first is connected');
    const second = await untilSynced(stockProvider(other, url, 'doc', { doc: docWith('second ') }));
    await until(
      () => textOf(first).length === 13 && textOf(first) === textOf(second),
      'both have what both had',
    );
    first.doc.getText('text').insert(0, '1');
    second.doc.getText('text').insert(5, '2');
    first.doc.getText('text').delete(8, 2);
    await until(
      () => textOf(first).length === 13 && textOf(first) === textOf(second),
      'both have what both typed',
    );
    await until(() => first.doc.store.pendingStructs === null, 'nothing is pending');
    await expect
      .poll(async () => (await storedDocument(store!, 'doc')).getText('text').toString())
      .toBe(textOf(first));
  });

  test('P2: joins, changes and leaves are seen at once', async () => {
    const { url } = await serverForTest();
    const first = await untilSynced(stockProvider(one, url, 'doc'));
    const second = await untilSynced(stockProvider(other, url, 'doc'));
    const seen = (): unknown => first.awareness.getStates().get(second.doc.clientID);
    second.awareness.setLocalStateField('user', { name: 'Ada' });
    await until(() => JSON.stringify(seen()) === '{"user":{"name":"Ada"}}', 'the first sees the second');
    second.awareness.setLocalStateField('user', { name: 'Bob' });
    await until(() => JSON.stringify(seen()) === '{"user":{"name":"Bob"}}', 'the first sees the change');
    expect(second.awareness.getStates().has(first.doc.clientID)).toBe(true);
    second.destroy();
    await until(() => seen() === undefined, 'the second has left');
  });
});

describe.each(stockVersions)('y-websocket $version', (version) => {
  test('C1: a new client gets what the server has, and the server what a client has', async () => {
    const { url } = await serverForTest();
    const first = await untilSynced(stockProvider(version, url, 'doc', { doc: docWith('kept') }));
    first.doc.getText('text').delete(0, 1);
    const watcher = await new Peer(`${url}/doc`).synced();
    await until(() => watcher.text === 'ept', 'the server has it');
    first.destroy();
    const second = await untilSynced(stockProvider(version, url, 'doc'));
    expect(textOf(second)).toBe('ept');
  });

  test('C1: edits made offline arrive after the reconnect, in both directions', async () => {
    const { url } = await serverForTest();
    const offline = await untilSynced(stockProvider(version, url, 'doc'));
    const online = await untilSynced(stockProvider(version, url, 'doc'));
    offline.disconnect();
    offline.doc.getText('text').insert(0, 'offline ');
    online.doc.getText('text').insert(0, 'online ');
    offline.connect();
    await until(
      () => textOf(offline).length === 15 && textOf(online) === textOf(offline),
      'both have all of it',
    );
  });

  test('C4: resyncInterval asks again and gets what was missed', async () => {
    const { url } = await serverForTest();
    // Long enough that the server's limit on sync requests does not come into it.
    const provider = await untilSynced(stockProvider(version, url, 'doc', { resyncInterval: 150 }));
    const writer = await new Peer(`${url}/doc`).synced();
    const missed = provider.messageHandlers[0];
    expect(missed).toBeDefined();
    // Loses the live update, as a bug on the way would.
    let lost = 0;
    provider.messageHandlers[0] = () => void lost++;
    writer.doc.getText('text').insert(0, 'missed');
    await until(() => lost > 0, 'the update is lost');
    provider.messageHandlers[0] = missed!;
    await until(() => textOf(provider) === 'missed', 'it is here after all');
  });

  test('P2: a connection cut off and made again is visible at once, never twice, never a ghost', async () => {
    const { url } = await serverForTest();
    const watcher = await untilSynced(stockProvider(newest, url, 'doc'));
    const provider = await untilSynced(stockProvider(version, url, 'doc'));
    provider.awareness.setLocalStateField('user', 'Ada');
    const id = provider.doc.clientID;
    const others = (): number[] =>
      [...watcher.awareness.getStates().keys()].filter((key) => key !== watcher.doc.clientID);
    for (let round = 0; round < 3; round++) {
      await until(() => others().includes(id), `seen in round ${round}`);
      expect(others()).toEqual([id]);
      cut(provider);
      await until(() => others().length === 0, `gone in round ${round}`);
    }
    await until(() => others().includes(id), 'seen again');
    expect(watcher.awareness.getStates().get(id)).toEqual({ user: 'Ada' });
    expect(others()).toEqual([id]);
    provider.destroy();
    await until(() => others().length === 0, 'gone for good');
  });

  test('P2: an edit after a cut connection is still the same client', async () => {
    const { url } = await serverForTest();
    const provider = await untilSynced(stockProvider(version, url, 'doc'));
    const watcher = await new Peer(`${url}/doc`).synced();
    provider.doc.getText('text').insert(0, 'a');
    await until(() => watcher.text === 'a', 'the first edit is here');
    cut(provider);
    provider.doc.getText('text').insert(1, 'b');
    await until(() => watcher.text === 'ab', 'the edit made while away is here');
    provider.doc.getText('text').insert(2, 'c');
    await until(() => watcher.text === 'abc', 'the edit made after it is here');
  });

  test('C1: two tabs of one browser, which talk to each other past the server', async () => {
    const { url, store } = await serverForTest();
    const first = await untilSynced(stockProvider(version, url, 'doc', { disableBc: false }));
    const watcher = await new Peer(`${url}/doc`).synced();
    const second = stockProvider(version, url, 'doc', { disableBc: false });
    // The first tab hears this past the server, and repeats it to the server before the second is connected.
    second.awareness.setLocalStateField('user', 'second');
    await until(() => second.wsconnected, 'the second tab is connected');
    second.doc.getText('text').insert(0, 'from the second tab');
    await until(() => watcher.text === 'from the second tab', 'others see what the second tab writes', 4_000);
    first.doc.getText('text').insert(0, 'first and ');
    await until(() => watcher.text === 'first and from the second tab', 'and what the first tab writes');
    first.destroy();
    second.awareness.setLocalStateField('user', 'still here');
    await until(() => !watcher.present.has(first.doc.clientID), 'the first tab has left');
    await until(() => watcher.present.has(second.doc.clientID), 'the second tab has not');
    // The last edit is relayed before it is durable.
    const stored = async (): Promise<string> => String((await storedDocument(store!, 'doc')).getText('text'));
    await expect.poll(stored, { timeout: 5_000 }).toBe(watcher.text);
  });
});

test('C1: several messages in one frame are all read, in order', async () => {
  const { url } = await serverForTest();
  const watcher = await new Peer(`${url}/doc`).synced();
  const peer = await new Peer(`${url}/doc`, { asks: false, sends: false }).opened();
  const updates: Uint8Array[] = [];
  peer.doc.on('update', (update: Uint8Array) => updates.push(update));
  peer.doc.getText('text').insert(0, 'a');
  peer.doc.getText('text').insert(1, 'b');
  peer.send(
    Buffer.concat([
      frameOf([0, 2], updates[0]!),
      frameOf([1], Uint8Array.of(0)),
      frameOf([0, 2], updates[1]!),
      frameOf([0, 0], Y.encodeStateVector(new Y.Doc())),
      Uint8Array.of(3),
    ]),
  );
  await until(() => watcher.text === 'ab' && peer.isSynced, 'all of the messages took effect');
  expect(peer.closed).toBeUndefined();
});

/** Resolves when the server has handled all that this peer has sent: it answers in order. Somebody must be present. */
async function handled(peer: Peer): Promise<void> {
  const answers = peer.heardOf('awareness').length;
  peer.send(Uint8Array.of(3));
  await until(() => peer.heardOf('awareness').length > answers, 'a question is answered');
}

const somebody = { clientId: 4_711, clock: 0, state: { name: 'somebody' } };

test('D1: an update comes back to its writer once it is durable, and not before; others get it at once', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ store });
  const watcher = await new Peer(`${url}/doc`).synced();
  watcher.awareness(somebody);
  const writer = await new Peer(`${url}/doc`, { sends: false }).synced();
  const updates: Uint8Array[] = [];
  writer.doc.on('update', (update: Uint8Array) => updates.push(update));
  store.hold();
  writer.doc.getText('text').insert(0, 'not yet');
  writer.update(updates[0]!);
  await until(() => watcher.text === 'not yet', 'the other reader has it');
  await handled(writer);
  expect(writer.hasHeard(updates[0]!)).toBe(false);
  store.release();
  await until(() => writer.hasHeard(updates[0]!), 'it has come back');
  expect(writer.heardOf('update')).toHaveLength(1);
  expect(watcher.heardOf('update')).toHaveLength(1);
});

test('D1: a sync request is answered once what its client has sent is durable', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ store });
  onTestFinished(() => store.release());
  const watcher = await new Peer(`${url}/doc`).synced();
  watcher.awareness(somebody);
  const writer = await new Peer(`${url}/doc`, { doc: docWith('some text') }).synced();
  await until(() => writer.heardOf('update').length === 1, 'the text is durable');
  store.hold();
  const deleted = nextUpdate(writer.doc);
  writer.doc.getText('text').delete(0, 4);
  writer.step1();
  await until(() => watcher.text === ' text', 'the server has it');
  await handled(watcher);
  // An answer would show the delete; clients that count what comes back would take that for the ack.
  expect(writer.heardOf('step2')).toHaveLength(1);
  store.release();
  const update = await deleted;
  await until(() => writer.hasHeard(update), 'it has come back');
  await until(() => writer.heardOf('step2').length === 2, 'the question is answered');
});

test('D1: an update that somebody else brings is no early word to its author either', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ store });
  onTestFinished(() => store.release());
  // As after a crash: the author has not offered it again yet, a reader that had got it has.
  const author = await new Peer(`${url}/doc`, { doc: docWith('from before'), answers: false }).synced();
  author.awareness(somebody);
  store.hold();
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(author.doc));
  const reader = await new Peer(`${url}/doc`, { doc: copy }).synced();
  await handled(reader);
  await handled(author);
  // Clients that count what comes back take this for the ack.
  expect(author.heardOf('update')).toHaveLength(0);
  store.release();
  await until(() => author.heardOf('update').length > 0, 'it is told once it is durable');
  expect(reader.closed).toBeUndefined();
});

test('D1: what was sent on a connection before comes back on the next one only once it is durable', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ store, limits: { softBufferedBytes: 4_096 } });
  onTestFinished(() => store.release());
  const watcher = await new Peer(`${url}/doc`).synced();
  const before = await new Peer(`${url}/doc`).synced();
  store.hold();
  before.doc.getText('text').insert(0, 'sent before the connection broke');
  await until(() => watcher.text !== '', 'the server has it');
  before.terminate();
  const after = await new Peer(`${url}/doc`, { doc: before.doc, answers: false }).opened();
  // Takes the readers off the live stream: they are caught up from the log.
  watcher.doc.getText('other').insert(0, 'large '.repeat(1_000));
  watcher.awareness(somebody);
  await handled(watcher);
  const own = (): number =>
    after.heard.filter(
      (message) =>
        message.type === 'update' &&
        Y.decodeUpdate(message.bytes).structs.some(({ id }) => id.client === before.doc.clientID),
    ).length;
  // Clients that count what comes back take this for the ack.
  expect(own()).toBe(0);
  store.release();
  await until(() => after.doc.getText('other').length === 6_000, 'the large update has come');
});

test('C3: an update that adds nothing is acknowledged and neither stored nor relayed again', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ store });
  const writer = await new Peer(`${url}/doc`, { doc: docWith('once') }).synced();
  const watcher = await new Peer(`${url}/doc`).synced();
  await until(() => watcher.text === 'once', 'it is known');
  await until(() => store.appends === 1, 'it is stored');
  const heard = watcher.heard.length;
  const again = Y.encodeStateAsUpdate(writer.doc);
  writer.update(again);
  await until(() => writer.hasHeard(again), 'it is acknowledged');
  expect(store.appends).toBe(1);
  expect(watcher.heard).toHaveLength(heard);
});

test('O1: a document name may hold slashes, spaces, percent signs, letters of any script, and be long', async () => {
  const names = [
    'a/b/c',
    'with space',
    '100%',
    '50% done',
    'a%b',
    'a%20b',
    'ünïcode',
    '日本語/ノート',
    '😀',
    'quo"te',
    "it's",
    'semi;colon&amp=1',
    '__proto__',
    'constructor',
    'x'.repeat(512),
    'ж'.repeat(256),
  ];
  const { url, store } = await serverForTest();
  for (const [i, name] of names.entries()) {
    const version = stockVersions[i % stockVersions.length]!;
    await untilSynced(stockProvider(version, url, name, { doc: docWith(`content ${i}`) }));
  }
  for (const [i, name] of names.entries()) {
    for (const version of [stockVersions[0]!, newest]) {
      const reader = await untilSynced(stockProvider(version, url, name));
      await until(() => textOf(reader).startsWith('content '), `${name} has content`);
      // 'a%20b' is what a browser makes of 'a b': the one name that means another.
      expect(textOf(reader)).toBe(`content ${i}`);
    }
  }
  const stored = (await store!.list()).map((summary) => summary.document as string);
  expect(new Set(stored)).toEqual(new Set(names.map((name) => (name === 'a%20b' ? 'a b' : name))));
});

test.each(['memory', 'directory'])('D2: what one server stored (%s), the next one serves', async (kind) => {
  const inner = createMemoryStore();
  const data = await directoryForTest();
  const options = (): Parameters<typeof startServer>[0] =>
    kind === 'memory' ? { store: new FaultyStore(inner) } : { data };
  const first = await startServer(options());
  const writer = await new Peer(`${first.url}/doc`, { doc: docWith('kept') }).synced();
  // While it is under way, the edit could leave joined with it, and not come back as it is.
  await until(() => writer.heardOf('update').length > 0, 'what it brought is durable');
  const edit = nextUpdate(writer.doc);
  writer.doc.getText('text').delete(0, 1);
  const update = await edit;
  await until(() => writer.hasHeard(update), 'the last edit is durable');
  await first.close();
  expect((await writer.end()).code).toBe(1012);
  const second = await serverForTest(options());
  const reader = await untilSynced(stockProvider(newest, second.url, 'doc'));
  expect(textOf(reader)).toBe('ept');
});
