// What a client has asked to be changed when its session ends, and the sessions themselves.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeOperation, serverTimestamp, type OperationRequest } from '../../../shared/operation.js';
import {
  clientSessionTable,
  type ClientSessionEvent,
  type ClientSessionState,
} from '../../../server/session/client-session-state.js';
import type { Append, AppendOutcome } from '../../../server/store/store.js';
import { AccessLedger } from '../../../server/auth/access-ledger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { nativePeer, openedBy, type NativePeer, type NativePeerOptions } from '../../support/native-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

const session = '0123456789abcdef';
const online: OperationRequest = { do: 'set', path: ['people', 'ada', 'online'], value: false };

let server: SessionServer;
const store = (): ControlledStore => server.store;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

/** Somebody with the document open, who has asked for this. */
async function asking(request: OperationRequest, options: NativePeerOptions = {}): Promise<NativePeer> {
  const peer = await nativePeer(server, { session, ...options });
  await openedBy(server, peer, 'doc');
  expect(await asked(peer, request)).toBe('');
  return peer;
}

/** The code of the answer. */
async function asked(
  peer: NativePeer,
  request: OperationRequest,
  isAtEnd = true,
): Promise<string | undefined> {
  const before = peer.heardOf('result').length;
  const document = peer.documents[0]!.number;
  peer.say({ type: 'operate', document, id: before + 1, isAtEnd, operation: encodeOperation(request) });
  await server.run(60);
  return peer.heardOf('result')[before]?.code;
}

/** What the server has under `people`, as somebody sees who comes now. */
async function people(): Promise<unknown> {
  const peer = await server.connected({ path: '/doc' });
  const shown = peer.doc.getMap('people').toJSON() as unknown;
  peer.close();
  await server.run(20);
  return shown;
}

async function keptStates(): Promise<number> {
  let count = 0;
  for await (const [key] of store().listState('on-disconnect/')) if (key !== '') count++;
  return count;
}

/** Its process dies after so many writes more: what comes then is not written, and not answered. */
class MortalStore extends ControlledStore {
  writesLeft = Infinity;

  override append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    return this.#isAlive() ? super.append(batch) : new Promise(() => {});
  }

  override setState(key: string, value: Uint8Array | undefined): Promise<void> {
    return this.#isAlive() ? super.setState(key, value) : new Promise(() => {});
  }

  #isAlive(): boolean {
    return --this.writesLeft >= 0;
  }
}

/** The next run of the server, on what the store holds now. */
async function restarted(): Promise<void> {
  server = createSessionServer({ store: new ControlledStore(store().kept) });
  await server.gateway.resume();
}

describe('what is to change when a session ends', () => {
  it('P8: happens when the client leaves, once, and is forgotten', async () => {
    const watcher = await server.connected({ path: '/doc' });
    const peer = await asking(online);
    peer.say({ type: 'leave' });
    peer.end.close(1000, '');
    await server.run(100);
    expect(watcher.doc.getMap('people').toJSON()).toEqual({ ada: { online: false } });
    expect(await keptStates()).toBe(0);
    watcher.doc.getMap<Y.Map<boolean>>('people').get('ada')?.set('online', true);
    await server.run(60_000, 500);
    expect(await people()).toEqual({ ada: { online: true } });
  });

  it.each([
    ['is closed', 1001],
    ['is left', 1001],
  ])('P8: happens at once when the page %s', async (_what, code) => {
    const peer = await asking(online);
    peer.end.close(code, '');
    await server.run(100);
    expect(await people()).toEqual({ ada: { online: false } });
  });

  it('P9: who has left has left, also when the end of the connection is not seen', async () => {
    const peer = await asking(online);
    peer.say({ type: 'leave' });
    await nativePeer(server, { session });
    await server.run(100);
    expect(await people()).toEqual({ ada: { online: false } });
  });

  it('P9: a client without a name cannot come back, and is not waited for', async () => {
    const peer = await asking(online, { session: '' });
    peer.terminate();
    await server.run(100);
    expect(await people()).toEqual({ ada: { online: false } });
  });

  it('P8: a user who lost the right to write takes nobody else along', async () => {
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'write' });
    const peers: NativePeer[] = [];
    for (const token of ['other', 'ada', 'other', 'other']) {
      const peer = await nativePeer(server, { session: `${session}${peers.length}`, token });
      await openedBy(server, peer, 'doc');
      await asked(peer, { do: 'set', path: ['people', 'in', String(peers.length)], value: token });
      peers.push(peer);
    }
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'read' });
    for (const peer of peers) peer.say({ type: 'leave' });
    await server.run(500);
    expect(await people()).toEqual({ in: { 0: 'other', 2: 'other', 3: 'other' } });
  });

  it.each(['at once', 'after a restart'])(
    'P8, A15: of a device that was signed out nothing is changed, whose token has neither `sid` nor `jti` (%s)',
    async (when) => {
      const start = async (kept?: ControlledStore): Promise<void> => {
        await server.close();
        const [clock, own] = [createFakeClock(), kept ?? new ControlledStore()];
        const ledger = await AccessLedger.load(own, clock);
        server = createSessionServer({ clock, store: own, ledger, limits: { maxAwayMs: 100 } });
        server.bearers.byToken.set('ada', { sub: 'ada', access: 'write' });
      };
      await start();
      const peer = await asking(online, { token: 'ada', device: 'd'.repeat(40) });
      const [device] = await server.users!.devices('ada');
      if (when === 'at once') {
        await server.users!.signOutDevice('ada', device!.id);
        await server.run(50);
        expect(peer.closed?.reason).toMatch(/^TOKEN_REVOKED/);
      } else {
        peer.terminate();
        await server.users!.signOutDevice('ada', device!.id);
        await start(new ControlledStore(store().kept));
        await server.gateway.resume();
      }
      await server.run(2_000, 50);
      expect(await people()).toEqual({});
      expect(await keptStates()).toBe(0);
    },
  );

  it('P8: who loses the right to write while the change is computed changes nothing', async () => {
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'write' });
    const peer = await asking(online, { token: 'ada' });
    const setState = store().setState.bind(store());
    // What was computed is stored before it is offered.
    store().setState = (key, value) => {
      server.bearers.byToken.set('ada', { sub: 'ada', access: 'read' });
      return setState(key, value);
    };
    peer.say({ type: 'leave' });
    await server.run(500);
    expect(await people()).toEqual({});
    expect(await keptStates()).toBe(0);
  });

  it('P8: a failure that passes is waited for', async () => {
    let isAway = true;
    const authenticator = new Proxy(server.bearers, {
      get: (bearers, name) =>
        name === 'authorize' && isAway
          ? () => Promise.reject(new Error('the hook has no connection'))
          : Reflect.get(bearers, name, bearers),
    });
    const peer = await asking(online);
    await server.close();
    server = createSessionServer({
      store: new ControlledStore(store().kept),
      gateway: { authenticator },
      limits: { maxAwayMs: 100 },
    });
    expect(peer.closed).toBeDefined();
    await server.gateway.resume();
    await server.run(5_000, 100);
    expect(await keptStates()).toBe(1);
    isAway = false;
    await server.run(10_000, 100);
    expect(await people()).toEqual({ ada: { online: false } });
    expect(await keptStates()).toBe(0);
  });

  it('P8, P9: happens after a while when the connection was lost', async () => {
    const peer = await asking(online);
    peer.terminate();
    await server.run(14_000, 500);
    expect(await people()).toEqual({});
    await server.run(1_500, 500);
    expect(await people()).toEqual({ ada: { online: false } });
  });

  it('P9: a client that comes back in that time keeps its operations', async () => {
    (await asking(online)).terminate();
    await server.run(10_000, 500);
    const back = await nativePeer(server, { session });
    await server.run(60_000, 500);
    expect(await people()).toEqual({});
    back.say({ type: 'leave' });
    back.end.close(1000, '');
    await server.run(100);
    expect(await people()).toEqual({ ada: { online: false } });
  });

  it.each([
    ['another user', { session, token: 'other' }],
    ['another session', { session: `${session}0` }],
  ])('P9: %s does not keep them', async (_what, options) => {
    (await asking(online)).terminate();
    await server.run(100);
    await nativePeer(server, options);
    await server.run(20_000, 500);
    expect(await people()).toEqual({ ada: { online: false } });
  });

  it('P8: happens after a restart to who does not come back, and not to who does', async () => {
    await asking(online);
    const other = await nativePeer(server, { session: `other ${session}` });
    await openedBy(server, other, 'doc');
    await asked(other, { do: 'set', path: ['people', 'bob'], value: 'gone' });
    await restarted();
    await server.run(30_000, 500);
    await nativePeer(server, { session });
    await server.run(30_000, 500);
    expect(await people()).toEqual({ bob: 'gone' });
    expect(await keptStates()).toBe(1);
  });

  it.each([0, 1, 2, 3])('P8: happens once when the server is killed after %i more writes', async (writes) => {
    const mortal = new MortalStore();
    server = createSessionServer({ store: mortal });
    const peer = await asking({ do: 'set', path: ['people', 'ada'], value: serverTimestamp() });
    mortal.writesLeft = writes;
    peer.say({ type: 'leave' });
    peer.end.close(1000, '');
    await server.run(100);
    await restarted();
    await server.run(60_000, 500);
    expect(await people()).toEqual({ ada: expect.any(Number) });
    expect(await keptStates()).toBe(0);
    expect((await store().load('doc' as never))?.records).toHaveLength(1);
  });

  it('P8: is written by its user', async () => {
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'write' });
    const peer = await asking(online, { token: 'ada' });
    peer.say({ type: 'leave' });
    peer.end.close(1000, '');
    await server.run(100);
    const { records = [] } = (await store().load('doc' as never)) ?? {};
    expect(records.map(({ author }) => author)).toEqual(['ada']);
  });

  it('P8: does not happen to who may not write any more', async () => {
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'write' });
    const peer = await asking(online, { token: 'ada' });
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'read' });
    peer.terminate();
    await server.run(20_000, 500);
    expect(await people()).toEqual({});
    expect(await keptStates()).toBe(0);
    expect(server.log.some(({ fields }) => fields['code'] === 'READ_ONLY')).toBe(true);
  });

  it('P8: many who go at once are seen to go', async () => {
    for (let at = 0; at < 50; at++) {
      const peer = await nativePeer(server, { session: `${session}${at}` });
      await openedBy(server, peer, 'doc');
      await asked(peer, { do: 'set', path: ['people', `p${at}`], value: at });
      peer.terminate();
    }
    await server.run(40_000, 500);
    expect(Object.keys((await people()) as object)).toHaveLength(50);
  });
});

describe('what a client asks for', () => {
  it('P10: is done at once, with the time of the server', async () => {
    const peer = await nativePeer(server, { session });
    const { doc } = await openedBy(server, peer, 'doc');
    expect(
      await asked(
        peer,
        { do: 'update', path: ['seen'], values: { ada: serverTimestamp(), bob: [1] } },
        false,
      ),
    ).toBe('');
    expect(doc.getMap('seen').toJSON()).toEqual({ ada: expect.any(Number), bob: [1] });
    expect(Math.abs((doc.getMap('seen').get('ada') as number) - server.clock.now())).toBeLessThan(1_000);
  });

  it('P10: replaces what was asked for at the same path, and is taken back by cancel', async () => {
    const peer = await asking(online);
    await asked(peer, { do: 'set', path: ['people', 'ada', 'online'], value: 'no' });
    await asked(peer, { do: 'set', path: ['people', 'bob'], value: 1 });
    await asked(peer, { do: 'set', path: ['people', 'eve', 'a'], value: 1 });
    expect(await asked(peer, { do: 'cancel', path: ['people', 'eve'] })).toBe('');
    peer.say({ type: 'leave' });
    peer.end.close(1000, '');
    await server.run(100);
    expect(await people()).toEqual({ ada: { online: 'no' }, bob: 1 });
  });

  it.each([
    ['no JSON', new Uint8Array([1, 2]), 'UPDATE_INVALID'],
    ['no operation', encode({ do: 'explode', path: ['a', 'b'] }), 'UPDATE_INVALID'],
    ['a root type itself', encode({ do: 'remove', path: ['a'] }), 'UPDATE_INVALID'],
    ['a path that is none', encode({ do: 'set', path: ['a', -1], value: 1 }), 'UPDATE_INVALID'],
    ['too much', encode({ do: 'set', path: ['a', 'b'], value: 'x'.repeat(70_000) }), 'RATE_LIMITED'],
  ])('P10: %s is refused in words, and nothing else is', async (_what, operation, code) => {
    const peer = await nativePeer(server, { session });
    const { number: document } = await openedBy(server, peer, 'doc');
    for (const [id, isAtEnd] of [true, false].entries())
      peer.say({ type: 'operate', document, id, isAtEnd, operation });
    await server.run(50);
    expect(peer.heardOf('result').map((result) => result.code)).toEqual([code, code]);
    expect(peer.closed).toBeUndefined();
    expect(await keptStates()).toBe(0);
  });

  it('A20: needs the right to write all of the document', async () => {
    await server.close();
    server = createSessionServer({ registry: { commentRoots: ['people'] } });
    server.bearers.byToken.set('comment', { sub: 'carl', access: 'comment' });
    const peer = await nativePeer(server, { session, token: 'comment' });
    await openedBy(server, peer, 'doc');
    expect(await asked(peer, online)).toBe('COMMENT_ONLY');
    expect(await asked(peer, online, false)).toBe('COMMENT_ONLY');
  });

  it('P10, O15: needs the right to write, and the log says who had none', async () => {
    const peer = await nativePeer(server, { session, token: 'read' });
    await openedBy(server, peer, 'doc');
    expect(await asked(peer, online)).toBe('READ_ONLY');
    expect(await asked(peer, online, false)).toBe('READ_ONLY');
    const lines = server.log.filter(({ message }) => message === 'an operation was refused');
    const line = { code: 'READ_ONLY', document: 'doc', sub: 'reader' };
    expect(lines.map(({ fields }) => fields)).toMatchObject([line, line]);
  });

  it('P10, O2: is bounded for a session and for a user', async () => {
    server = createSessionServer({ limits: { maxOperationBytes: 2_000, maxOperationBytesPerUser: 3_000 } });
    server.bearers.byToken.set('ada', { sub: 'ada', access: 'write' });
    const put = (key: string): OperationRequest => ({ do: 'set', path: ['a', key], value: 'x'.repeat(800) });
    const codes: (string | undefined)[] = [];
    for (const name of ['0', '1']) {
      const peer = await nativePeer(server, { session: session + name, token: 'ada' });
      await openedBy(server, peer, 'doc');
      for (const key of ['a', 'b', 'c', 'b']) codes.push(await asked(peer, put(key)));
    }
    expect(codes).toEqual(['', '', 'RATE_LIMITED', '', '', 'RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED']);
  });
});

describe('a client session', () => {
  const states: ClientSessionState[] = ['held', 'away', 'ended'];
  const events: ClientSessionEvent[] = ['entered', 'left', 'lost', 'overdue'];

  it('P9: nothing leads out of the end, and every way there tells of it once', () => {
    expect(clientSessionTable.ended).toEqual({});
    for (const state of states)
      for (const event of events) {
        const step = clientSessionTable[state][event];
        if (step !== undefined) expect(step.effect === 'over').toBe(step.to === 'ended');
      }
  });

  it('P9: whoever is away is waited for, and is found again', () => {
    for (const state of states)
      for (const event of events) {
        const step = clientSessionTable[state][event];
        if (step?.to === 'away') expect(step.effect).toBe('waited');
        if (state === 'away' && step?.to === 'held') expect(step.effect).toBe('found');
      }
  });
});

function encode(given: unknown): Uint8Array {
  return encodeOperation(given as OperationRequest);
}
