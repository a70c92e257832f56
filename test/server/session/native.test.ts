// The native protocol: many documents on a socket, and a token for all of them.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceProof } from '../../../server/session/device-proof.js';
import { errorTable } from '../../../shared/errors.js';
import { encodeClientFrame } from '../../../shared/native/frame.js';
import { hello } from '../../support/hello.js';
import {
  nativePeer,
  openedBy,
  NativePeer,
  type NativePeerOptions,
  type PeerDocument,
} from '../../support/native-peer.js';
import { decodeAwareness, encodeAwareness } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

const connect = (options?: NativePeerOptions): Promise<NativePeer> => nativePeer(server, options);
const opened = (peer: NativePeer, name: string, doc?: Y.Doc): Promise<PeerDocument> =>
  openedBy(server, peer, name, doc);

describe('the device of the hello', () => {
  /** Writes under the client id of the document, on a connection with this token and device. */
  async function write(doc: Y.Doc, token: string, device: string): Promise<NativePeer> {
    server.bearers.byToken.set(token, { sub: token, access: 'write' });
    const peer = await connect({ token, device });
    const document = await opened(peer, 'doc', doc);
    peer.insert(document, `by ${token} `);
    await server.run(10_700, 100);
    return peer;
  }
  const secret = '0123456789abcdef0123456789abcdef';

  it('C7: proves that the same device goes on under another user', async () => {
    const doc = new Y.Doc();
    (await write(doc, 'guest', secret)).terminate();
    const member = await write(doc, 'ann', secret);
    expect(member.heardOf('closed')).toEqual([]);
    expect(member.documents[0]!.acked).toBe(1);
  });

  it.each([
    ['another one', `f${secret.slice(1)}`],
    ['none', ''],
    ['a hash of it', deviceProof(secret)!],
  ])('C7: %s does not, and the document is closed for good', async (_what, device) => {
    const doc = new Y.Doc();
    (await write(doc, 'guest', secret)).terminate();
    const member = await write(doc, 'ann', device);
    expect(member.heardOf('closed')).toMatchObject([{ code: 'CLIENT_ID_FOREIGN' }]);
    expect(errorTable.CLIENT_ID_FOREIGN.retry).toBe('never');
  });

  it('C7, N13: what is too short to be a secret proves nothing', async () => {
    const doc = new Y.Doc();
    (await write(doc, 'guest', 'my laptop')).terminate();
    expect((await write(doc, 'ann', 'my laptop')).heardOf('closed').length).toBe(1);
  });
});

describe('presence', () => {
  it('P4: a state that is refused is told by the number 0, and the document stays open', async () => {
    const [peer, other] = [await connect(), await connect()];
    const document = await opened(peer, 'doc');
    await opened(other, 'doc');
    const entries = [
      { clientId: 5, clock: 1, state: { good: true } },
      { clientId: 6, clock: 1, state: ['odd'] },
    ];
    peer.say({ type: 'awareness', document: document.number, update: encodeAwareness(entries) });
    peer.insert(document, 'typed');
    await server.run(50);
    expect(peer.heardOf('refused')).toEqual([
      {
        type: 'refused',
        document: document.number,
        seq: 0,
        code: 'AWARENESS_INVALID',
        close: 4400,
        reason: expect.anything(),
      },
    ]);
    expect(peer.heardOf('closed')).toEqual([]);
    expect(document.acked).toBe(1);
    expect(other.documents[0]!.text).toBe('typed');
    expect(other.heardOf('awareness').flatMap(({ update }) => decodeAwareness(update))).toEqual([
      { clientId: 5, clock: 2, state: { good: true } },
    ]);
  });

  it('P2: a client whose old connection ends while its new one is being opened is seen again as soon as it speaks', async () => {
    server.bearers.byToken.set('ann', { sub: 'ann', access: 'write' });
    const [other, old] = [await connect(), await connect({ token: 'ann' })];
    await opened(other, 'doc');
    const before = await opened(old, 'doc');
    const ann = encodeAwareness([{ clientId: 5, clock: 1, state: { name: 'ann' } }]);
    old.say({ type: 'awareness', document: before.number, update: ann });
    await server.run(50);
    server.store.hold('append');
    old.insert(before, 'typed');
    await server.run(20);
    const back = await connect({ token: 'ann' });
    const after = await opened(back, 'doc');
    // What its old connection has brought is not durable, so the document is not opened yet.
    expect(after.number).toBe(0);
    old.terminate();
    await server.run(50);
    server.store.release('append');
    await server.run(50);
    back.say({ type: 'awareness', document: after.number, update: ann });
    await server.run(50);
    const told = other.heardOf('awareness').flatMap(({ update }) => decodeAwareness(update));
    expect(told.map(({ state }) => state)).toEqual([{ name: 'ann' }, null, { name: 'ann' }]);
  });
});

describe('N1: the first message', () => {
  it('is answered with the time, the end of the token and the patience of the server', async () => {
    server.bearers.byToken.set('timed', { access: 'write', exp: server.clock.now() / 1000 + 100 });
    const peer = await connect({ token: 'timed' });
    expect(peer.heard).toEqual([
      {
        type: 'welcome',
        version: 2,
        serverTime: server.clock.now() - 20,
        expiresAt: server.bearers.byToken.get('timed')!.exp,
        maxSilenceMs: 40_000,
        server: 'server',
        run: 'run',
        user: '',
        limits: {},
        extensions: { inflates: true, operates: true, rosters: true },
      },
    ]);
  });

  it('may come with others behind it, which wait', async () => {
    const peer = new NativePeer(server.transport);
    peer.open('doc', new Y.Doc(), { kind: 'state-vector', stateVector: Uint8Array.of(0) });
    await server.run(50);
    expect(peer.heard.map(({ type }) => type)).toEqual(['welcome', 'opened', 'synced']);
  });

  it('N1: of versions that all are too new is told which ones are spoken here', async () => {
    const peer = await connect({ version: 9, oldest: 3 });
    expect(peer.heard).toEqual([
      {
        type: 'goodbye',
        code: 'VERSION_UNSUPPORTED',
        close: 4426,
        reason: 'VERSION_UNSUPPORTED: this server speaks the versions 2 to 2',
        retryAfterMs: 0,
      },
    ]);
    expect(peer.closed?.code).toBe(4426);
  });

  it('N1: of version 1, whose layout was another, is told that it is too old', async () => {
    const peer = await connect({ greets: false });
    // Version, token, device, agent: all there was.
    peer.end.send(Uint8Array.from([0, 1, 5, ...Buffer.from('write'), 1, 100, 1, 97]));
    await server.run(20);
    expect(peer.closed).toMatchObject({ code: 4426, reason: 'VERSION_UNSUPPORTED: version 1 is too old' });
  });

  it('N16: of a range of versions is welcomed with the newest that both sides speak', async () => {
    const peer = await connect({ version: 9, oldest: 2 });
    expect(peer.heardOf('welcome')).toMatchObject([{ version: 2 }]);
  });

  it('N17: is told who the server is, which user it believed, and what a client must keep to', async () => {
    const [nobody, other] = [await connect(), await connect({ token: 'other' })];
    expect(nobody.heardOf('welcome')).toMatchObject([{ server: 'server', run: 'run', user: '' }]);
    const [welcome] = other.heardOf('welcome');
    expect(welcome?.user).toBe('other');
    expect(welcome?.limits).toEqual({});
  });

  it('N17: is told each limit that it could not guess', async () => {
    await server.close();
    const maxDocumentBytes = 1_000_000;
    server = createSessionServer({ limits: { maxDocumentBytes, maxDocumentsPerConnection: 7 } });
    const [welcome] = (await connect()).heardOf('welcome');
    expect(welcome?.limits).toEqual({ maxDocumentBytes, maxUpdateBytes: maxDocumentBytes, maxDocuments: 7 });
  });

  it('N16: a message of a later version is passed over', async () => {
    const peer = await connect();
    peer.end.send(Uint8Array.from([64, 2, 9, 9, 9, 5]));
    await server.run(20);
    expect(peer.heardOf('pong')).toMatchObject([{ clientTime: 5 }]);
    expect(peer.closed).toBeUndefined();
  });

  it.each([
    ['no token', '', 4401, 'TOKEN_MISSING'],
    ['an unknown token', 'unknown', 4401, 'TOKEN_INVALID'],
  ])('with %s ends the connection with a reason', async (_what, token, code, name) => {
    const peer = await connect({ token });
    expect(peer.heardOf('goodbye').map((goodbye) => goodbye.code)).toEqual([name]);
    expect(peer.closed?.code).toBe(code);
  });

  it('may leave the token to the request, as where it is in a cookie', async () => {
    const peer = await connect({ token: '', query: 'token=write' });
    expect(peer.heardOf('welcome').length).toBe(1);
  });

  it.each([
    ['something else', encodeClientFrame({ type: 'ping', clientTime: 1 })],
    ['two of them', encodeClientFrame(...Array.from({ length: 2 }, () => hello()))],
    ['text', 'hello'],
    ['nothing', new Uint8Array(0)],
    ['half a message', Uint8Array.of(0, 2)],
  ])('O1: %s ends the connection', async (_what, frame) => {
    const peer = await connect({ greets: false });
    peer.end.send(frame);
    await server.run(20);
    expect(peer.closed?.code).toBe(4400);
    expect(peer.closed?.reason).toContain('FRAME_MALFORMED');
  });
});

describe('N2: documents on one connection', () => {
  it('go side by side, and are told apart', async () => {
    const [ann, bob] = [await connect(), await connect()];
    const [a1, b1] = [await opened(ann, 'one'), await opened(ann, 'two')];
    const [b2, a2] = [await opened(bob, 'two'), await opened(bob, 'one')];
    expect([a1.number, b1.number]).toEqual([a2.number, b2.number]);
    ann.insert(a1, 'first');
    bob.insert(b2, 'second');
    await server.run(100);
    expect([a2.text, b1.text]).toEqual(['first', 'second']);
    expect([a1.text, b2.text]).toEqual(['first', 'second']);
  });

  it('A1: one that is not allowed is refused, and the others go on', async () => {
    server.bearers.byToken.set('write', { access: 'write', documents: { secret: 'none' } });
    const peer = await connect();
    const open = await opened(peer, 'doc');
    await opened(peer, 'secret');
    await opened(peer, 'bad\u0000name');
    expect(peer.heardOf('not-opened').map(({ ref, code }) => [ref, code])).toEqual([
      [2, 'FORBIDDEN'],
      [3, 'NAME_INVALID'],
    ]);
    expect(server.store.loads).toEqual(['doc']);
    peer.insert(open, 'still here');
    await server.run(50);
    expect(open.acked).toBe(1);
    expect(peer.closed).toBeUndefined();
  });

  it('O1: a message that is wrong for one closes that one', async () => {
    const peer = await connect();
    const [one, two] = [await opened(peer, 'one'), await opened(peer, 'two')];
    peer.say({ type: 'request', document: one.number, stateVector: Uint8Array.of(7) });
    peer.insert(two, 'x');
    await server.run(50);
    expect(peer.heardOf('closed')).toMatchObject([{ document: one.number, code: 'STATE_VECTOR_INVALID' }]);
    expect(two.acked).toBe(1);
    peer.say({ type: 'update', document: one.number, seq: 1, update: Uint8Array.of(0, 0) });
    await server.run(20);
    expect(peer.closed).toBeUndefined();
    one.number = -1;
    const again = await opened(peer, 'one');
    expect(again.isSynced).toBe(true);
  });

  it('are closed by the client, and everything of them ends: presence, the stream, the room', async () => {
    const [ann, bob] = [await connect(), await connect()];
    const [a, b] = [await opened(ann, 'doc'), await opened(bob, 'doc')];
    const presence = encodeAwareness([{ clientId: 5, clock: 1, state: { name: 'Ann' } }]);
    ann.say({ type: 'awareness', document: a.number, update: presence });
    await server.run(50);
    expect(bob.heardOf('awareness').length).toBe(1);
    ann.say({ type: 'close', document: a.number });
    await server.run(50);
    expect(bob.heardOf('awareness').length).toBe(2);
    const before = ann.heard.length;
    bob.insert(b, 'x');
    await server.run(50);
    expect(ann.heard.length).toBe(before);
    expect(server.visitors.went.length).toBe(1);
  });

  it('O2: are bounded in number, and none is opened twice', async () => {
    await server.close();
    server = createSessionServer({ limits: { maxDocumentsPerConnection: 2 } });
    const peer = await connect();
    for (const name of ['one', 'one', 'two', 'three']) await opened(peer, name);
    expect(peer.heardOf('not-opened').map(({ ref, code }) => [ref, code])).toEqual([
      [2, 'FRAME_MALFORMED'],
      [4, 'RATE_LIMITED'],
    ]);
  });

  it('D2: one that cannot be loaded is refused with the reason', async () => {
    server.store.failures.set('load', new Error('disk'));
    const peer = await connect();
    await opened(peer, 'doc');
    expect(peer.heardOf('not-opened')).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
    expect(server.visitors.went.length).toBe(1);
    expect((await opened(peer, 'doc')).isSynced).toBe(true);
  });
});

describe('N6: tokens', () => {
  it('renewed in time keep the connection, and say until when', async () => {
    const exp = server.clock.now() / 1000 + 5;
    server.bearers.byToken.set('short', { sub: 'ann', access: 'write', exp });
    server.bearers.byToken.set('long', { sub: 'ann', access: 'write', exp: exp + 60 });
    const peer = await connect({ token: 'short' });
    const document = await opened(peer, 'doc');
    peer.say({ type: 'token', token: 'long' });
    await server.run(10_000, 100);
    expect(peer.heardOf('authenticated')).toEqual([{ type: 'authenticated', expiresAt: exp + 60 }]);
    peer.insert(document, 'a');
    await server.run(50);
    expect(document.acked).toBe(1);
  });

  it('A2: that are not renewed end it in their second', async () => {
    server.bearers.byToken.set('short', { access: 'write', exp: server.clock.now() / 1000 + 5 });
    const peer = await connect({ token: 'short' });
    await server.run(4_900, 100);
    expect(peer.closed).toBeUndefined();
    await server.run(200, 100);
    expect(peer.closed?.code).toBe(4401);
    expect(peer.heardOf('goodbye')[0]?.code).toBe('TOKEN_EXPIRED');
  });

  it('bring their rights to all documents at once', async () => {
    server.bearers.byToken.set('first', { sub: 'ann', access: 'write' });
    const documents = { one: 'read', two: 'none' } as const;
    server.bearers.byToken.set('second', { sub: 'ann', access: 'write', documents });
    const peer = await connect({ token: 'first' });
    const [one, two, three] = [
      await opened(peer, 'one'),
      await opened(peer, 'two'),
      await opened(peer, 'three'),
    ];
    peer.say({ type: 'token', token: 'second' });
    await server.run(50);
    expect(peer.heardOf('access')).toEqual([{ type: 'access', document: one.number, access: 'read' }]);
    expect(peer.heardOf('closed')).toMatchObject([{ document: two.number, code: 'FORBIDDEN' }]);
    peer.insert(one, 'no');
    peer.insert(three, 'yes');
    await server.run(50);
    expect(peer.heardOf('refused')).toMatchObject([{ document: one.number, code: 'READ_ONLY' }]);
    expect(three.acked).toBe(1);
  });

  it('one that nobody believes is not taken, and the old one counts', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    peer.say({ type: 'token', token: 'unknown' });
    await server.run(50);
    expect(peer.heardOf('token-wanted')[0]?.reason).toContain('TOKEN_INVALID');
    peer.insert(document, 'a');
    await server.run(50);
    expect(document.acked).toBe(1);
  });

  it('N6: one of another user ends the connection, and nothing is taken any more', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    peer.say({ type: 'token', token: 'other' });
    peer.insert(document, 'a');
    await server.run(50);
    expect(peer.heardOf('goodbye')).toMatchObject([{ code: 'TOKEN_STALE' }]);
    expect(peer.heardOf('authenticated')).toEqual([]);
    expect(document.acked).toBe(0);
  });
});

describe('N7: sync', () => {
  it('is answered when everything is durable, and with a cursor that covers it', async () => {
    const [ann, bob] = [await connect(), await connect()];
    const [a, b] = [await opened(ann, 'doc'), await opened(bob, 'doc')];
    server.store.hold('append');
    ann.insert(a, 'x');
    await server.run(50);
    const before = bob.heardOf('synced').length;
    bob.say({ type: 'sync', document: b.number });
    await server.run(200);
    expect(bob.heardOf('synced').length).toBe(before);
    server.store.release('append');
    await server.run(50);
    expect(bob.heardOf('synced').length).toBe(before + 1);
    expect(b.text).toBe('x');
    expect(b.cursor).toBe(1);
  });
});

it('a ping is answered with the time of the server', async () => {
  const peer = await connect();
  peer.say({ type: 'ping', clientTime: 17 });
  await server.run(5);
  expect(peer.heardOf('pong')).toMatchObject([{ clientTime: 17 }]);
});

it('O1: a stock client that names no document is sent away', async () => {
  const stock = await server.connected({ path: '/' });
  expect(stock.closed?.code).toBe(4400);
  expect(server.store.loads).toEqual([]);
});

it('O3: a server that shuts down says so', async () => {
  const peer = await connect();
  await opened(peer, 'doc');
  await server.close();
  expect(peer.heardOf('goodbye')[0]?.code).toBe('DRAINING');
  expect(peer.closed?.code).toBe(1012);
  server = createSessionServer();
});

it('C1: stock clients and ours see the same in one room', async () => {
  const [native, stock] = [await connect(), await server.connected({ path: '/doc' })];
  const document = await opened(native, 'doc');
  stock.insert('stock ');
  await server.run(100);
  native.insert(document, 'native ');
  await server.run(100);
  stock.insert('again');
  await server.run(100);
  expect(document.text).toBe('stock native again');
  expect(stock.text).toBe(document.text);
  const presence = encodeAwareness([{ clientId: 5, clock: 1, state: { name: 'Ann' } }]);
  native.say({ type: 'awareness', document: document.number, update: presence });
  await server.run(50);
  expect(stock.others.get(5)).toEqual({ name: 'Ann' });
});
