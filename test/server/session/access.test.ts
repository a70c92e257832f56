// Tokens and rights, at the door and after.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frameOf } from '../../support/peer.js';
import { editor } from '../../support/room-watch.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

describe('A1: at the door', () => {
  it.each([
    [
      'no token',
      undefined,
      4401,
      'TOKEN_MISSING: the path was taken for the document "doc" (see --base-path)',
    ],
    ['an unknown token', 'unknown', 4401, 'TOKEN_INVALID'],
    ['an expired token', 'expired', 4401, 'TOKEN_EXPIRED'],
    [
      'a token without a right to the document',
      'nothing',
      4403,
      'FORBIDDEN: the token does not allow this document',
    ],
  ])('%s ends the connection, and nothing of the document is touched', async (_what, token, code, reason) => {
    server.bearers.byToken.set('expired', { access: 'write', refusal: 'TOKEN_EXPIRED' });
    server.bearers.byToken.set('nothing', { access: 'none' });
    const client = server.connect(token === undefined ? { query: '' } : { token });
    client.insert('pushed in');
    await server.run(50);
    expect(client.closed).toEqual({ code, reason });
    expect(client.heard).toEqual([]);
    expect(server.store.loads).toEqual([]);
    expect(server.visitors.came).toEqual([]);
  });

  it('a failure nobody expected tells the client nothing of itself, and the log all', async () => {
    server.bearers.gate = Promise.reject(new Error('password=hunter2'));
    const client = await server.connected();
    expect(client.closed).toEqual({ code: 1011, reason: 'INTERNAL' });
    expect(
      server.log.some(({ level, fields }) => level === 'error' && String(fields['err']).includes('hunter2')),
    ).toBe(true);
  });
});

describe('A1: at each sync request', () => {
  it('the token is looked at again; rights that were lowered count from then on', async () => {
    const client = await server.connected();
    const { checks } = server.bearers;
    client.insert('may ');
    await server.run(50);
    server.bearers.byToken.set('write', { access: 'read' });
    client.step1();
    client.insert('may not');
    await server.run(50);
    expect(server.bearers.checks).toBe(checks + 1);
    expect(client.closed).toBeUndefined();
    expect(client.heardOf('denied').length).toBe(1);
    const reader = await server.connected({ token: 'read' });
    expect(reader.text).toBe('may ');
    server.bearers.byToken.set('write', { access: 'write' });
    client.step1();
    client.step2(Y.encodeStateAsUpdate(client.doc));
    await server.run(50);
    expect(reader.text).toBe('may may not');
  });

  it.each([
    ['revoked', { access: 'write', refusal: 'TOKEN_INVALID' }, 4401],
    ['left without rights', { access: 'none' }, 4403],
  ] as const)('one that was %s meanwhile is sent away unanswered', async (_what, bearer, code) => {
    const client = await server.connected();
    server.bearers.byToken.set('write', bearer);
    const before = client.heardOf('step2').length;
    client.step1();
    await server.run(50);
    expect(client.closed?.code).toBe(code);
    expect(client.heardOf('step2').length).toBe(before);
  });

  it('what follows a sync request waits for the answer', async () => {
    const client = await server.connected();
    let open = (): void => {};
    server.bearers.gate = new Promise((resolve) => {
      open = resolve;
    });
    server.bearers.byToken.set('write', { access: 'read' });
    client.step1();
    client.insert('too late');
    await server.run(100);
    expect(server.store.batches).toEqual([]);
    open();
    await server.run(50);
    expect(client.heardOf('denied').length).toBe(1);
    expect(server.store.batches).toEqual([]);
  });

  it('a client that has gone before the answer is not written to', async () => {
    const client = await server.connected();
    let open = (): void => {};
    server.bearers.gate = new Promise((resolve) => {
      open = resolve;
    });
    client.step1();
    await server.settle();
    client.terminate();
    await server.settle();
    open();
    await server.run(50);
    const room = await server.registry.open('doc' as never);
    expect([room.memberCount, room.fanout.readerCount]).toEqual([0, 0]);
  });
});

describe('A2: expiry', () => {
  const nowS = Date.UTC(2026, 0, 1) / 1000;

  it('ends reading and writing to the second, and says so', async () => {
    server.bearers.byToken.set('short', { access: 'write', exp: nowS + 60 });
    const client = await server.connected({ token: 'short' });
    const other = await server.connected();
    await server.run(59_800, 5_000);
    client.insert('in time');
    await server.run(40);
    expect(client.closed).toBeUndefined();
    await server.run(60, 10);
    expect(client.closed).toEqual({ code: 4401, reason: 'TOKEN_EXPIRED' });
    expect(server.clock.now()).toBeLessThanOrEqual((nowS + 61) * 1000);
    expect(other.text).toBe('in time');
    expect(other.others.size).toBe(0);
    other.insert(' more');
    await server.run(50);
    expect(client.text).toBe('in time');
  });

  it('further away than a timer can wait', async () => {
    const days = 86_400;
    server.bearers.byToken.set('long', { access: 'write', exp: nowS + 60 * days });
    const client = await server.connected({ token: 'long', isPresent: false });
    await server.run(59 * days * 1000, days * 1000);
    expect(client.closed).toBeUndefined();
    await server.run(days * 1000, days * 250);
    expect(client.closed).toMatchObject({ code: 4401 });
  });

  it('counts while the document is being loaded, and before', async () => {
    server.bearers.byToken.set('short', { access: 'write', exp: nowS + 10 });
    server.bearers.byToken.set('over', { access: 'write', exp: nowS });
    server.store.hold('load');
    const client = server.connect({ token: 'short' });
    const late = server.connect({ token: 'over' });
    await server.run(50);
    expect(late.closed).toMatchObject({ code: 4401 });
    expect(server.visitors.came.map(({ claims }) => claims.exp)).toEqual([nowS + 10]);
    await server.run(10_000, 1_000);
    expect(client.closed).toMatchObject({ code: 4401 });
    server.store.release('load');
    await server.run(50);
    const room = await server.registry.open('doc' as never);
    expect(room.memberCount).toBe(0);
  });
});

describe('A4: readers', () => {
  it('read and take part in awareness; their updates are refused visibly and lose nothing', async () => {
    const writer = await server.connected();
    const reader = await server.connected({ token: 'read' });
    writer.insert('text');
    reader.awareness.setLocalStateField('cursor', 1);
    await server.run(50);
    expect(reader.text).toBe('text');
    expect(writer.others.get(reader.doc.clientID)).toEqual({ cursor: 1 });
    reader.insert(' mine');
    await server.run(50);
    expect(writer.text).toBe('text');
    expect(new TextDecoder().decode(reader.heardOf('denied')[0])).toContain('READ_ONLY');
    expect(reader.text).toBe('text mine');
    expect(reader.heardOf('update').length, 'no ack').toBe(1);
    expect(reader.closed).toBeUndefined();
  });

  it('are told once in 10 s, not for every keystroke', async () => {
    const reader = await server.connected({ token: 'read' });
    for (let i = 0; i < 30; i++) {
      reader.insert('x');
      await server.run(300, 100);
    }
    expect(reader.heardOf('denied').length).toBe(1);
    await server.run(3_000, 1_000);
    reader.insert('x');
    await server.run(50);
    expect(reader.heardOf('denied').length).toBe(2);
  });

  it('a reply that brings nothing new, as after each connect, is no offence', async () => {
    const writer = await server.connected();
    writer.insert('text');
    await server.run(50);
    const reader = await server.connected({ token: 'read' });
    reader.step2(Y.encodeStateAsUpdate(writer.doc));
    await server.run(50);
    expect(reader.heardOf('denied')).toEqual([]);
  });

  it.each([
    ['an update', (bytes: Uint8Array) => frameOf([0, 2], bytes)],
    ['a sync reply', (bytes: Uint8Array) => frameOf([0, 1], bytes)],
  ])('C2: garbage in %s ends the connection all the same', async (_what, frame) => {
    const reader = await server.connected({ token: 'read' });
    reader.send(frame(Uint8Array.of(1, 2, 3)));
    await server.run(50);
    expect(reader.closed?.code).toBe(4422);
  });

  it('an update that depends on something missing is not held for them', async () => {
    const reader = await server.connected({ token: 'read' });
    const { edit } = editor(9);
    edit('missing');
    reader.update(edit('later'));
    await server.run(15_000, 500);
    expect(reader.closed).toBeUndefined();
    expect(reader.heardOf('step1').length).toBe(1);
  });
});

describe('the tarpit', () => {
  it('O2: after 20 refusals in 10 s an address is made to wait a second for each', async () => {
    const refused = Array.from({ length: 20 }, () => server.connect({ token: 'unknown' }));
    await server.run(20);
    expect(refused.every(({ closed }) => closed?.code === 4401)).toBe(true);
    const next = server.connect({ token: 'unknown' });
    const elsewhere = server.connect({ token: 'unknown', remoteAddress: '10.0.0.9' });
    const welcome = server.connect();
    await server.run(990, 90);
    expect(next.closed).toBeUndefined();
    expect(next.heard).toEqual([]);
    expect(elsewhere.closed?.code).toBe(4401);
    expect(welcome.isSynced).toBe(true);
    await server.run(50);
    expect(next.closed?.code).toBe(4401);
    await server.run(10_000, 1_000);
    const later = server.connect({ token: 'unknown' });
    await server.run(20);
    expect(later.closed?.code).toBe(4401);
  });
});
