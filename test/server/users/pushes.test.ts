// Whom a push reaches, how clients are asked for another token, and what stock clients feel.

import { describe, expect, it } from 'vitest';
import { encodeOperation } from '../../../shared/operation.js';
import { nativePeer, openedBy, type NativePeer } from '../../support/native-peer.js';
import { server, nowS, believe, start, done, users, renewed } from './ada-and-bob.js';

describe('A9, N29: refresh', () => {
  it('asks every device of the user, refuses nothing, and the new claims count without a new connection', async () => {
    believe('less', { iat: nowS + 5, access: 'read' });
    const phone = await nativePeer(server, { token: 'old' });
    const document = await openedBy(server, phone, 'doc');
    const desk = await nativePeer(server, { token: 'desk' });
    const bob = await nativePeer(server, { token: 'bob' });
    expect(await done(users().refresh('ada'))).toEqual({ sessions: 2 });
    const asked = [phone, desk, bob].map((peer) => peer.heardOf('token-wanted').map(({ reason }) => reason));
    const stale = 'TOKEN_STALE: the claims of the user have changed: a new token is wanted';
    expect(asked).toEqual([[stale], [stale], []]);
    phone.insert(document, 'still writes');
    await server.run(50);
    expect(document.acked).toBe(1);
    await renewed(phone, 'less');
    expect(phone.heardOf('access').map(({ access }) => access)).toEqual(['read']);
    expect(phone.closed).toBeUndefined();
  });

  it('one who comes back with an older token is asked then, also after a restart; one with a newer is not', async () => {
    await done(users().refresh('ada'));
    await server.close();
    await start();
    believe('new', { iat: nowS + 60 });
    const [old, fresh] = [
      await nativePeer(server, { token: 'old' }),
      await nativePeer(server, { token: 'new' }),
    ];
    expect([old, fresh].map((peer) => peer.heardOf('token-wanted').length)).toEqual([1, 0]);
    expect(old.heardOf('welcome').length).toBe(1);
  });
});

describe('A13: stock clients', () => {
  it('a refresh closes with 4401, and the old token is let in again until there is a new one', async () => {
    const stock = await server.connected({ token: 'old' });
    await done(users().refresh('ada'));
    expect(stock.closed?.code).toBe(4401);
    expect(stock.closed?.reason).toMatch(/^TOKEN_STALE/);
    expect((await server.connected({ token: 'old' })).closed).toBeUndefined();
  });

  it('a right that is lost closes with 4403', async () => {
    const stock = await server.connected({ token: 'old' });
    await done(users().setAccess('ada', '**', 'none'));
    expect(stock.closed?.code).toBe(4403);
  });

  it('a right to write that is lost is told at the next edit, and what was refused comes up when it is back', async () => {
    const stock = await server.connected({ token: 'old' });
    const bob = await server.connected({ token: 'bob' });
    await done(users().setAccess('ada', '**', 'read'));
    stock.insert('refused');
    await server.run(100);
    expect(stock.heardOf('denied').length).toBe(1);
    expect(bob.text).toBe('');
    await done(users().setAccess('ada', '**', 'write'));
    await server.run(100);
    expect(bob.text).toBe('refused');
    await done(users().setAccess('ada', '**', 'read'));
    stock.insert(' again');
    await server.run(100);
    expect(stock.heardOf('denied').length).toBe(2);
    expect(stock.closed).toBeUndefined();
  });
});

describe('A8: whom it concerns', () => {
  it('sessions are found by user, device and token as they come, renew and go', async () => {
    believe('again', { sid: 'tablet', jti: 'j8' });
    const find = (whose: object): number => server.sessions.find(whose).length;
    const [phone, second] = [
      await nativePeer(server, { token: 'old' }),
      await server.connected({ token: 'old' }),
    ];
    await nativePeer(server, { token: 'bob' });
    expect([find({ sub: 'ada' }), find({ device: 'phone' }), find({ jti: 'j1' })]).toEqual([2, 2, 2]);
    await renewed(phone, 'again');
    expect([find({ device: 'phone' }), find({ device: 'tablet' }), find({ jti: 'j8' })]).toEqual([1, 1, 1]);
    expect([find({ sub: 'bob', device: 'tablet' }), find({ sub: 'ada', device: 'tablet' })]).toEqual([0, 1]);
    expect([find({ jti: 'j8', device: 'phone' }), find({})]).toEqual([0, 0]);
    phone.terminate();
    second.terminate();
    await server.run(20);
    expect([find({ sub: 'ada' }), find({ device: 'phone' }), find({ device: 'tablet' })]).toEqual([0, 0, 0]);
    expect(find({ sub: 'bob' })).toBe(1);
  });

  it('the other sessions are not so much as looked at', async () => {
    const others = await Promise.all(Array.from({ length: 50 }, () => server.connected({ token: 'bob' })));
    await nativePeer(server, { token: 'old' });
    const [one] = server.sessions.find({ sub: 'bob' });
    let looks = 0;
    const { claims } = one!;
    for (const session of server.sessions.find({ sub: 'bob' }))
      Object.defineProperty(session, 'claims', { get: () => (looks++, claims) });
    await done(users().revoke({ user: 'ada' }));
    await done(users().revoke({ device: 'phone' }));
    await done(users().refresh('ada'));
    expect(looks).toBe(0);
    expect(others.every(({ closed }) => closed === undefined)).toBe(true);
  });
});

describe('A6: what was to change when a session ends', () => {
  it('is not changed for somebody who was revoked, and is for somebody who only left', async () => {
    const asking = async (token: string, name: string): Promise<NativePeer> => {
      const peer = await nativePeer(server, { token, session: `${name}-0123456789abcdef` });
      const { number } = await openedBy(server, peer, 'doc');
      const operation = encodeOperation({ do: 'set', path: ['people', name], value: 'gone' });
      peer.say({ type: 'operate', document: number, id: 1, isAtEnd: true, operation });
      await server.run(60);
      expect(peer.heardOf('result').map(({ code }) => code)).toEqual(['']);
      return peer;
    };
    await asking('old', 'ada');
    (await asking('bob', 'bob')).terminate();
    await done(users().revoke({ user: 'ada' }));
    await server.run(120_000, 5_000);
    const watcher = await server.connected({ token: 'bob' });
    expect(watcher.doc.getMap('people').toJSON()).toEqual({ bob: 'gone' });
  });
});
