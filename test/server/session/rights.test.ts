// Rights are those of this moment, whatever was true when a message began to be handled.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativePeer, openedBy, type NativePeer, type PeerDocument } from '../../support/native-peer.js';
import { GatedTrials, unusualText } from '../../support/held-trials.js';
import { editor } from '../../support/room-watch.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;
let nowS: number;

beforeEach(() => {
  server = createSessionServer();
  nowS = server.clock.now() / 1000;
  const { byToken } = server.bearers;
  byToken.set('wide', { sub: 'ann', access: 'write', exp: nowS + 60 });
  byToken.set('narrow', { sub: 'ann', access: 'write', exp: nowS + 600, documents: { secret: 'none' } });
  byToken.set('reader', { sub: 'ann', access: 'read', exp: nowS + 600 });
});

afterEach(() => server.close());

/** What waits until the test lets it go. */
class Gate {
  open: () => void = () => {};
  readonly passed: Promise<void> = new Promise((resolve) => {
    this.open = resolve;
  });
}

async function renewed(peer: NativePeer, token: string): Promise<void> {
  peer.say({ type: 'token', token });
  await server.run(20);
}

describe('A1: the token is checked', () => {
  it('again whenever a document is opened, and one that is not believed any more ends the connection', async () => {
    const peer = await nativePeer(server, { token: 'wide' });
    const { checks } = server.bearers;
    await openedBy(server, peer, 'one');
    expect(server.bearers.checks).toBe(checks + 1);
    server.bearers.byToken.get('wide')!.refusal = 'TOKEN_INVALID';
    peer.open('two');
    await server.run(50);
    expect(peer.heardOf('opened').length).toBe(1);
    expect(peer.heardOf('goodbye').map(({ code }) => code)).toEqual(['TOKEN_INVALID']);
    expect(peer.closed?.code).toBe(4401);
    expect(server.store.loads).toEqual(['one']);
  });

  it('again when one is resumed, and before anything is said of it', async () => {
    const peer = await nativePeer(server, { token: 'wide' });
    const document = await openedBy(server, peer, 'doc');
    peer.say({ type: 'close', document: document.number });
    server.bearers.byToken.get('wide')!.refusal = 'TOKEN_EXPIRED';
    peer.open('doc', document.doc, { kind: 'offset', epoch: document.epoch, offset: document.cursor });
    await server.run(50);
    expect(peer.heardOf('opened').length).toBe(1);
    expect(peer.closed?.code).toBe(4401);
  });

  it('again at each request of a native client, and the whole connection ends with it', async () => {
    const peer = await nativePeer(server, { token: 'wide' });
    const [one, two] = [await openedBy(server, peer, 'one'), await openedBy(server, peer, 'two')];
    server.bearers.byToken.get('wide')!.refusal = 'TOKEN_INVALID';
    peer.say({ type: 'sync', document: one.number });
    peer.insert(two, 'at the same time');
    await server.run(50);
    expect(peer.closed?.code).toBe(4401);
    server.bearers.byToken.get('wide')!.refusal = undefined;
  });

  it('and a fault of whoever checks ends what was asked for, and nothing else', async () => {
    const peer = await nativePeer(server, { token: 'wide' });
    const document = await openedBy(server, peer, 'one');
    server.bearers.whileAuthorizing = (_token, name) =>
      name === 'two' ? Promise.reject(new Error('database')) : undefined;
    peer.open('two');
    peer.insert(document, 'x');
    await server.run(50);
    expect(peer.heardOf('not-opened').map(({ code }) => code)).toEqual(['INTERNAL']);
    expect(document.acked).toBe(1);
    expect(server.log.filter(({ level }) => level === 'error').length).toBe(1);
  });
});

describe('N6: a document that is being opened while a new token comes', () => {
  it.each(['load', 'hook', 'right', 'token'] as const)(
    'A1, A2: is not opened when the new token does not allow it (%s is slow)',
    async (what) => {
      const gate = new Gate();
      await server.close();
      let isSlow = false;
      server = createSessionServer({
        gateway: {
          connected: async (visitor) => {
            if (isSlow && what === 'hook') await gate.passed;
            server.visitors.came.push(visitor);
          },
        },
      });
      for (const [token, documents] of [
        ['wide', {}],
        ['narrow', { secret: 'none' }],
      ] as const)
        server.bearers.byToken.set(token, {
          sub: 'ann',
          access: 'write',
          documents,
          exp: nowS + (token === 'wide' ? 60 : 600),
        });
      const peer = await nativePeer(server, { token: 'wide' });
      const other = await openedBy(server, peer, 'other');
      isSlow = true;
      if (what === 'load') server.store.delay = () => gate.passed;
      if (what === 'right')
        server.bearers.whileAuthorizing = (token) => (token === 'wide' ? gate.passed : undefined);
      if (what === 'token')
        server.bearers.whileAuthenticating = (token) => (token === 'wide' ? gate.passed : undefined);
      peer.say(
        { type: 'open', ref: 7, name: 'secret', known: { kind: 'nothing' } },
        { type: 'token', token: 'narrow' },
      );
      await server.run(50);
      expect(peer.heardOf('authenticated').length).toBe(1);
      gate.open();
      await server.run(50);
      expect(peer.heardOf('not-opened').map(({ ref, code }) => [ref, code])).toEqual([[7, 'FORBIDDEN']]);
      expect(peer.heardOf('opened').length).toBe(1);
      await server.run(61_000, 1_000);
      peer.insert(other, 'goes on');
      await server.run(50);
      expect(other.acked).toBe(1);
      const room = await server.registry.open('secret' as never);
      expect(room.memberCount).toBe(0);
      server.registry.released(room);
      expect(server.visitors.went.length).toBe(server.visitors.came.length - 1);
    },
  );

  it('is opened when only the new token allows it, and asked for after the token in the same frame', async () => {
    const peer = await nativePeer(server, { token: 'narrow' });
    peer.say({ type: 'token', token: 'wide' }, { type: 'ping', clientTime: 1 });
    const document = peer.open('secret');
    await server.run(50);
    expect(document.isSynced).toBe(true);
  });
});

describe('A3: rights are those of this moment', () => {
  it('an update that is held is refused when the right to write is lost before it can be taken', async () => {
    const peer = await nativePeer(server, { token: 'wide' });
    const document = await openedBy(server, peer, 'doc');
    const { edit } = editor(5);
    const [first, second] = [edit('a'), edit('b')];
    peer.update(document, second);
    await server.run(20);
    await renewed(peer, 'reader');
    const other = await server.connected({ token: 'other' });
    other.update(first);
    await server.run(1_000, 100);
    expect(other.text).toBe('a');
    expect(peer.heardOf('refused').map(({ seq, code }) => [seq, code])).toEqual([[1, 'READ_ONLY']]);
    expect(document.acked).toBe(1);
    expect(peer.closed).toBeUndefined();
  });

  it('of a stock client, too, where a check lowers the right', async () => {
    const client = await server.connected({ token: 'write' });
    const { edit } = editor(5);
    const [first, second] = [edit('a'), edit('b')];
    client.update(second);
    await server.run(20);
    server.bearers.byToken.get('write')!.access = 'read';
    client.step1();
    const other = await server.connected({ token: 'other' });
    other.update(first);
    await server.run(1_000, 100);
    expect(other.text).toBe('a');
    expect(client.heardOf('denied').length).toBe(1);
    expect(client.closed).toBeUndefined();
  });

  it.each(['native', 'stock'])(
    'an update that is still looked at is refused, and the client told (%s)',
    async (kind) => {
      const gate = new Gate();
      await server.close();
      server = createSessionServer({ registry: { worker: new GatedTrials(gate) } });
      server.bearers.byToken.set('wide', { sub: 'ann', access: 'write' });
      server.bearers.byToken.set('reader', { sub: 'ann', access: 'read' });
      const native = await nativePeer(server, { token: 'wide' });
      const document = await openedBy(server, native, 'doc');
      const stock = await server.connected({ token: 'write' });
      if (kind === 'native') {
        native.insert(document, unusualText);
        await renewed(native, 'reader');
      } else {
        // A check is what lowers a stock client's right, and comes after what is looked at.
        stock.insert(unusualText);
        await server.run(20);
        server.bearers.byToken.get('write')!.access = 'read';
        stock.step1();
      }
      gate.open();
      await server.run(100);
      if (kind === 'native') {
        expect(native.heardOf('refused').map(({ code }) => code)).toEqual(['READ_ONLY']);
        expect(server.store.batches).toEqual([]);
      } else expect(stock.closed).toBeUndefined();
    },
  );

  it('A2: an update that is looked at when the token ends is not taken', async () => {
    const gate = new Gate();
    await server.close();
    server = createSessionServer({ registry: { worker: new GatedTrials(gate) } });
    server.bearers.byToken.set('short', { access: 'write', exp: nowS + 5 });
    const native = await nativePeer(server, { token: 'short' });
    native.insert(await openedBy(server, native, 'doc'), unusualText);
    const stock = await server.connected({ token: 'short' });
    stock.insert(unusualText);
    await server.run(6_000, 100);
    expect([native.closed?.code, stock.closed?.code]).toEqual([4401, 4401]);
    gate.open();
    await server.run(100);
    expect(server.store.batches).toEqual([]);
  });

  it('an answer about a token that does not count any more does not win', async () => {
    const gate = new Gate();
    const peer = await nativePeer(server, { token: 'wide' });
    const document = await openedBy(server, peer, 'doc');
    server.bearers.whileAuthorizing = (token) => (token === 'wide' ? gate.passed : undefined);
    peer.say({ type: 'request', document: document.number, stateVector: Uint8Array.of(0) });
    await server.run(20);
    await renewed(peer, 'reader');
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['read']);
    gate.open();
    await server.run(20);
    peer.insert(document, 'x');
    await server.run(50);
    expect(peer.heardOf('access').length).toBe(1);
    expect(peer.heardOf('refused').map(({ code }) => code)).toEqual(['READ_ONLY']);
    expect(server.store.batches).toEqual([]);
    expect(peer.heardOf('synced').length).toBe(2);
  });
});

describe('N6: a new token comes into force in one instant', () => {
  async function twoDocuments(): Promise<[NativePeer, PeerDocument, PeerDocument]> {
    const peer = await nativePeer(server, { token: 'wide' });
    return [peer, await openedBy(server, peer, 'doc'), await openedBy(server, peer, 'secret')];
  }

  it('before it the token before it counts, for all documents; after it the new one does', async () => {
    const [peer, doc, secret] = await twoDocuments();
    const gate = new Gate();
    server.bearers.whileAuthorizing = (token, name) =>
      token === 'narrow' && name === 'doc' ? gate.passed : undefined;
    const writer = await server.connected({ path: '/secret' });
    await renewed(peer, 'narrow');
    writer.insert('still ours');
    await server.run(50);
    expect(secret.text).toBe('still ours');
    gate.open();
    await server.run(20);
    writer.insert(' not any more');
    await server.run(50);
    const kinds = peer.heard.map(({ type }) => type);
    expect(kinds.indexOf('closed')).toBe(kinds.indexOf('authenticated') + 1);
    expect(kinds.slice(kinds.indexOf('closed') + 1)).toEqual([]);
    expect(secret.text).toBe('still ours');
    peer.insert(doc, 'x');
    await server.run(50);
    expect(doc.acked).toBe(1);
  });

  it('A2: at the latest when the old one ends; a document of which its verdict is not known then is to be opened again', async () => {
    const [peer, doc, secret] = await twoDocuments();
    const gate = new Gate();
    server.bearers.byToken.set('longer', { sub: 'ann', access: 'write', exp: nowS + 600 });
    server.bearers.whileAuthorizing = (token, name) =>
      token === 'longer' && name === 'secret' ? gate.passed : undefined;
    await renewed(peer, 'longer');
    await server.run(60_000, 500);
    expect(peer.closed).toBeUndefined();
    expect(peer.heardOf('authenticated').length).toBe(1);
    expect(peer.heardOf('closed')).toMatchObject([{ document: secret.number, code: 'INTERNAL' }]);
    peer.say({ type: 'ping', clientTime: 1 });
    await server.run(20);
    expect(peer.heardOf('pong').length, 'nothing waits for what does not answer').toBe(1);
    gate.open();
    await server.run(20);
    peer.insert(doc, 'x');
    secret.number = -1;
    const again = peer.open('secret');
    await server.run(50);
    expect([doc.acked, again.isSynced]).toEqual([1, true]);
    expect(peer.heardOf('authenticated').length).toBe(1);
  });

  it('a check that fails because the old token was revoked waits for the new one', async () => {
    const [peer, doc] = await twoDocuments();
    const gate = new Gate();
    server.bearers.byToken.set('longer', { sub: 'ann', access: 'write', exp: nowS + 600 });
    server.bearers.whileAuthorizing = (token) => (token === 'longer' ? gate.passed : undefined);
    server.bearers.whileAuthenticating = (token) => (token === 'wide' ? server.settle() : undefined);
    peer.say({ type: 'sync', document: doc.number }, { type: 'token', token: 'longer' });
    server.bearers.byToken.get('wide')!.refusal = 'TOKEN_INVALID';
    await server.run(50);
    expect(peer.closed).toBeUndefined();
    gate.open();
    await server.run(50);
    expect(peer.closed).toBeUndefined();
    expect(doc.isSynced).toBe(true);
    expect(peer.heardOf('synced').length).toBe(3);
  });

  it('O2: tokens without end are refused', async () => {
    const [peer] = await twoDocuments();
    for (let i = 0; i < 12; i++) peer.say({ type: 'token', token: 'wide' });
    await server.run(50);
    expect(peer.heardOf('authenticated').length).toBe(10);
    expect(peer.heardOf('goodbye').map(({ code }) => code)).toEqual(['RATE_LIMITED']);
  });

  it('a token that comes when the connection has ended changes nothing, and leaves no timer', async () => {
    const [peer] = await twoDocuments();
    const gate = new Gate();
    server.bearers.whileAuthorizing = () => gate.passed;
    peer.say({ type: 'token', token: 'narrow' });
    await server.run(20);
    peer.terminate();
    await server.run(20);
    gate.open();
    await server.run(20);
    expect(server.sessions.size).toBe(0);
  });
});

describe('D1: an answer shows a client nothing of its own that is not durable', () => {
  it('not even an update that was held, and taken while an earlier one was waited for', async () => {
    const client = await server.connected({ token: 'other', doc: new Y.Doc() });
    const other = await server.connected({ token: 'other' });
    const { doc, edit } = editor(5);
    const [first, second] = [edit('a'), edit('b')];
    client.update(second);
    await server.run(20);
    server.store.hold('append');
    client.insert('own');
    client.step1(Uint8Array.of(0));
    const before = client.heardOf('step2').length;
    await server.run(50);
    other.update(first);
    await server.run(600, 50);
    // What it waited for at first is stored; what was held has been taken meanwhile, and is not.
    server.store.releaseOnce('append');
    await server.run(50);
    expect(client.heardOf('step2').length).toBe(before);
    server.store.release('append');
    await server.run(100);
    expect(client.heardOf('step2').length).toBe(before + 1);
    expect(client.text).toContain(doc.getText('text').toString());
  });
});
