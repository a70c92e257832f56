// What is done about users while they are connected, as their clients feel it: our own and stock ones.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import { nativePeer, openedBy } from '../../support/native-peer.js';
import { clock, server, store, bearers, nowS, believe, start, done, users, renewed } from './ada-and-bob.js';

describe('A6: revoke', () => {
  it('a user: every connection is out when it resolves, told at once, and stays out', async () => {
    const native = await nativePeer(server, { token: 'old' });
    const document = await openedBy(server, native, 'doc');
    const stock = await server.connected({ token: 'desk' });
    const bob = await server.connected({ token: 'bob' });
    expect(await done(users().revoke({ user: 'ada' }))).toEqual({ sessions: 2 });
    expect(native.heardOf('goodbye').map(({ code }) => code)).toEqual(['TOKEN_REVOKED']);
    expect([native.closed?.code, stock.closed?.code]).toEqual([4401, 4401]);
    native.insert(document, 'too late');
    bob.insert('bob goes on');
    await server.run(1_000);
    expect(bob.text).toBe('bob goes on');
    expect(stock.text).toBe('');
    expect((await server.connected({ token: 'desk' })).closed).toEqual({
      code: 4401,
      reason: 'TOKEN_REVOKED: the user was signed out',
    });
    await server.close();
    await start();
    expect((await nativePeer(server, { token: 'old' })).closed?.code).toBe(4401);
    believe('new', { iat: nowS + 5 });
    expect((await server.connected({ token: 'new' })).closed).toBeUndefined();
  });

  it('a device, of one user or of all, and a token: nobody else is touched', async () => {
    const [phone, desk, bob] = [
      await nativePeer(server, { token: 'old' }),
      await nativePeer(server, { token: 'desk' }),
      await nativePeer(server, { token: 'bob' }),
    ];
    expect(await done(users().revoke({ device: 'desk', user: 'ada' }))).toEqual({ sessions: 1 });
    expect([phone, desk, bob].map(({ closed }) => closed?.code)).toEqual([undefined, 4401, undefined]);
    await done(users().revoke({ token: 'j1' }));
    expect([phone.closed?.code, bob.closed?.code]).toEqual([4401, undefined]);
    await done(users().revoke({ device: 'desk' }));
    expect(bob.closed?.code).toBe(4401);
  });

  it('many connections of one address: each is told at once, and the tarpit counts none', async () => {
    const peers = await Promise.all(Array.from({ length: 40 }, () => server.connected({ token: 'old' })));
    await done(users().revoke({ user: 'ada' }));
    expect(peers.every(({ closed }) => closed?.code === 4401)).toBe(true);
    expect((await server.connected({ token: 'nobody' })).closed?.code).toBe(4401);
  });

  it('while the store has not taken it, nothing has changed; when it refuses, nothing does', async () => {
    const peer = await nativePeer(server, { token: 'old' });
    store.failures.set('setStates', new StoreError('STORE_AWAY', 'gone'));
    await expect(done(users().revoke({ user: 'ada' }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(peer.closed).toBeUndefined();
    store.hold('setStates');
    const revoked = users().revoke({ user: 'ada' });
    await server.run(100);
    expect(peer.closed).toBeUndefined();
    store.release('setStates');
    await done(revoked);
    expect(peer.closed?.code).toBe(4401);
  });

  it('a connection that opens after its token was believed, and revoked since, is refused', async () => {
    const { gateway } = server;
    const header = (): undefined => undefined;
    const decision = gateway.upgrade({
      path: '/doc',
      query: 'token=old',
      header,
      remoteAddress: '127.0.0.1',
    });
    await server.run(10);
    await done(users().revoke({ user: 'ada' }));
    gateway.upgrade = () => decision;
    const stock = await server.connected({ token: 'old' });
    expect(stock.closed?.code).toBe(4401);
    expect(stock.heard).toEqual([]);
  });

  it('a handshake that is under way is refused', async () => {
    let open = (): void => {};
    const stock = server.connect({ token: 'old', path: '/slow' });
    bearers.gate = new Promise((resolve) => {
      open = resolve;
    });
    const native = server.connect({ token: 'old', path: '/other' });
    const revoked = users().revoke({ user: 'ada' });
    open();
    await done(revoked);
    await server.run(100);
    expect([stock.closed?.code, native.closed?.code]).toEqual([4401, 4401]);
    expect([stock.heard, native.heard]).toEqual([[], []]);
  });

  it('a token that is being taken when it is revoked is not taken; a newer one takes the place of the one that is over', async () => {
    believe('next', { jti: 'j9' });
    believe('newer', { iat: nowS + 5 });
    const peer = await nativePeer(server, { token: 'old' });
    await openedBy(server, peer, 'doc');
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    bearers.whileAuthorizing = () => gate;
    peer.say({ type: 'token', token: 'next' });
    await server.run(10);
    await done(users().revoke({ token: 'j9' }));
    open();
    await server.run(20);
    expect(peer.heardOf('token-wanted').map(({ reason }) => reason)).toEqual([
      'TOKEN_REVOKED: the token was revoked',
    ]);
    expect(peer.heardOf('authenticated')).toEqual([]);
    const later = new Promise<void>((resolve) => {
      open = resolve;
    });
    bearers.whileAuthorizing = () => later;
    peer.say({ type: 'token', token: 'newer' });
    await server.run(10);
    await done(users().revoke({ user: 'ada' }));
    expect(peer.heardOf('authenticated').length).toBe(1);
    expect(peer.closed).toBeUndefined();
    open();
    await server.run(20);
  });

  it('a token whose issuer has a clock that is ahead is over all the same', async () => {
    believe('ahead', { iat: nowS + 4 });
    const peer = await nativePeer(server, { token: 'ahead' });
    await done(users().revoke({ user: 'ada' }));
    expect(peer.closed?.code).toBe(4401);
    expect((await nativePeer(server, { token: 'ahead' })).closed?.code).toBe(4401);
  });

  it('of a token in use it is forgotten when that has expired, of another when it was said to have', async () => {
    await nativePeer(server, { token: 'old' });
    await done(users().revoke({ token: 'j1' }));
    await done(users().revoke({ user: 'zoe' }, { expiresAt: nowS + 900 }));
    const stored = async (): Promise<number> => {
      let count = 0;
      for await (const _one of store.listState('access/')) count++;
      return count;
    };
    expect(await stored()).toBe(2);
    await server.run(600_000, 60_000);
    expect(await stored()).toBe(1);
    await server.run(300_000, 60_000);
    expect(await stored()).toBe(0);
  });

  it.each(['user', 'device'] as const)(
    'A5: of a %s it counts until the last token has expired, also where the issuer has a clock that is ahead',
    async (kind) => {
      await server.close();
      await start({ maxTokenLifeS: 60 });
      const iat = clock.now() / 1000 + 4;
      believe('ahead', { iat, exp: iat + 60, sid: 'tablet' });
      const peer = await nativePeer(server, { token: 'ahead' });
      const [device] = await done(users().devices('ada'));
      await done(
        kind === 'user' ? users().revoke({ user: 'ada' }) : users().signOutDevice('ada', device?.id ?? ''),
      );
      expect(peer.closed?.code).toBe(4401);
      await server.run(62_000, 1_000);
      const again = await nativePeer(server, { token: 'ahead' });
      expect(again.closed?.reason).toMatch(/^TOKEN_REVOKED/);
    },
  );

  it('a weaker one does not take the place of a stronger one', async () => {
    await done(users().revoke({ user: 'ada' }));
    await done(users().revoke({ user: 'ada' }, { expiresAt: nowS + 1 }));
    await server.run(5_000, 500);
    expect((await nativePeer(server, { token: 'old' })).closed?.code).toBe(4401);
  });

  it.each([
    [{ user: '' }, {}],
    [{ user: 7 as unknown as string }, {}],
    [{ device: 'x'.repeat(1_025) }, {}],
    [{ token: '' }, {}],
    [{ user: 'ada' }, { expiresAt: Number.NaN }],
  ] as const)('%j with %j is malformed', async (whose, options) => {
    await expect(users().revoke(whose, options)).rejects.toMatchObject({ code: 'FRAME_MALFORMED' });
  });
});

describe('A7, N30: setAccess', () => {
  it('a right that is lowered stops writes from that message on; one that is raised lets them in again', async () => {
    const peer = await nativePeer(server, { token: 'old' });
    const document = await openedBy(server, peer, 'doc');
    const bob = await server.connected({ token: 'bob' });
    await done(users().setAccess('ada', 'doc', 'read'));
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['read']);
    peer.insert(document, 'refused');
    bob.insert('read: ');
    await server.run(100);
    expect(peer.heardOf('refused').map(({ code }) => code)).toEqual(['READ_ONLY']);
    expect(bob.text).toBe('read: ');
    expect(document.text).toContain('read: ');
    await done(users().setAccess('ada', 'doc', null));
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['read', 'write']);
    peer.update(document, Y.encodeStateAsUpdate(document.doc), 'offer');
    await server.run(100);
    expect(bob.text).toContain('refused');
    expect(peer.closed).toBeUndefined();
  });

  it('none closes the document alone, and what was refused can be opened after rights-changed', async () => {
    const peer = await nativePeer(server, { token: 'old' });
    await openedBy(server, peer, 'doc');
    const other = await openedBy(server, peer, 'other');
    await done(users().setAccess('ada', 'doc', 'none'));
    expect(peer.heardOf('closed').map(({ code }) => code)).toEqual(['FORBIDDEN']);
    peer.insert(other, 'goes on');
    await server.run(50);
    expect(other.acked).toBe(1);
    const heard = peer.heardOf('rights-changed').length;
    await done(users().setAccess('ada', 'doc', 'read'));
    expect(peer.heardOf('rights-changed').length).toBe(heard + 1);
    await openedBy(server, peer, 'doc');
    expect(peer.heardOf('opened').at(-1)?.access).toBe('read');
  });

  it("until the user's next token", async () => {
    believe('new', { iat: nowS + 5 });
    const peer = await nativePeer(server, { token: 'old' });
    await openedBy(server, peer, 'doc');
    await done(users().setAccess('ada', '**', 'read'));
    await renewed(peer, 'desk');
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['read']);
    await renewed(peer, 'new');
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['read', 'write']);
  });

  it('for a stated time, to the moment, whichever token', async () => {
    believe('new', { iat: nowS + 5, access: 'read' });
    const peer = await nativePeer(server, { token: 'new' });
    const document = await openedBy(server, peer, 'doc');
    await done(users().setAccess('ada', '**', 'write', { forS: 3 }));
    await server.run(2_999 - 50, 50);
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['write']);
    await server.run(52, 1);
    expect(peer.heardOf('access').map(({ access }) => access)).toEqual(['write', 'read']);
    peer.insert(document, 'late');
    await server.run(50);
    expect(peer.heardOf('refused').length).toBe(1);
  });

  it('counts after a restart, also for a check that the authorize hook answers late', async () => {
    await done(users().setAccess('ada', 'doc', 'none'));
    await server.close();
    await start();
    const peer = await nativePeer(server, { token: 'old' });
    peer.open('doc');
    await server.run(50);
    expect(peer.heardOf('not-opened').map(({ code }) => code)).toEqual(['FORBIDDEN']);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    bearers.whileAuthorizing = () => gate;
    peer.open('late');
    await server.run(20);
    await done(users().setAccess('ada', 'late', 'none'));
    open();
    await server.run(50);
    expect(peer.heardOf('opened')).toEqual([]);
    expect(peer.heardOf('not-opened').length).toBe(2);
  });

  it('while a hook is asked what counts again, what it said last counts on', async () => {
    const peer = await nativePeer(server, { token: 'old' });
    const document = await openedBy(server, peer, 'doc');
    await done(users().setAccess('ada', 'doc', 'write'));
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    bearers.whileAuthorizing = () => gate;
    await done(users().setAccess('ada', 'doc', null));
    peer.insert(document, 'still');
    await server.run(50);
    expect(document.acked).toBe(1);
    believe('old', { access: 'none' });
    open();
    await server.run(20);
    expect(peer.heardOf('closed').map(({ code }) => code)).toEqual(['FORBIDDEN']);
  });

  it('is bounded for a user, and refuses what is no pattern or no access', async () => {
    for (let i = 0; i < 200; i++) await done(users().setAccess('ada', `doc${i}`, 'read'));
    await expect(done(users().setAccess('ada', 'more', 'read'))).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
    await done(users().setAccess('ada', 'doc7', 'none'));
    for (const pattern of ['', '***', 'x'.repeat(513), 7 as unknown as string])
      await expect(users().setAccess('ada', pattern, 'read')).rejects.toMatchObject({
        code: 'FRAME_MALFORMED',
      });
    const wrong = [
      users().setAccess('ada', '**', 'all' as 'read'),
      users().setAccess('ada', '**', 'read', { forS: 0 }),
      users().setAccess('', '**', 'read'),
    ];
    for (const one of wrong) await expect(one).rejects.toMatchObject({ code: 'FRAME_MALFORMED' });
  });
});
