// Calls of a client, which the application answers.

import type * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call, CallHook } from '../../../server/session/calls.js';
import { SyncError } from '../../../shared/errors.js';
import {
  nativePeer,
  openedBy,
  type NativePeer,
  type NativePeerOptions,
  type PeerDocument,
} from '../../support/native-peer.js';
import {
  createSessionServer,
  type SessionServer,
  type SessionServerOptions,
} from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

const connect = (options?: NativePeerOptions): Promise<NativePeer> => nativePeer(server, options);
const opened = (peer: NativePeer, name: string, doc?: Y.Doc): Promise<PeerDocument> =>
  openedBy(server, peer, name, doc);

describe('calls', () => {
  const body = Uint8Array.of(1, 2);
  /** What a call is answered by. */
  async function answered(
    peer: NativePeer,
    fields: { document?: number; method?: string } = {},
  ): Promise<unknown> {
    const { document = 0, method = 'echo' } = fields;
    peer.say({ type: 'call', id: 7, document, method, body });
    await server.run(20);
    return peer.heardOf('result').at(-1);
  }

  async function withHook(call: CallHook, limits: SessionServerOptions['limits'] = {}): Promise<void> {
    await server.close();
    server = createSessionServer({ gateway: { call }, limits });
  }

  it('N19: are refused where the application answers none, and the connection goes on', async () => {
    const peer = await connect();
    expect(await answered(peer)).toMatchObject({ id: 7, code: 'CALL_UNKNOWN', close: 4405 });
    expect(peer.closed).toBeUndefined();
  });

  it('N19: reach the application with user, document and right, and bring back what it says', async () => {
    const calls: Call[] = [];
    await withHook(async (call) => {
      calls.push(call);
      return call.method === 'nothing' ? undefined : call.body;
    });
    const peer = await connect({ token: 'read' });
    const { number } = await opened(peer, 'doc');
    expect(await answered(peer, { document: number })).toMatchObject({ id: 7, code: '', body });
    expect(await answered(peer, { method: 'nothing' })).toMatchObject({ code: '', body: new Uint8Array(0) });
    expect(calls).toMatchObject([
      { method: 'echo', body, document: 'doc', access: 'read', claims: { sub: 'reader' } },
      { method: 'nothing', document: undefined, access: 'none' },
    ]);
    expect(await answered(peer, { document: number + 1 })).toMatchObject({ code: 'CALL_FAILED' });
    expect(calls.length).toBe(2);
  });

  it('O2, N19: with a name longer than any are refused', async () => {
    await withHook(async () => undefined);
    const peer = await connect();
    expect(await answered(peer, { method: 'm'.repeat(257) })).toMatchObject({ code: 'CALL_UNKNOWN' });
    expect(await answered(peer, { method: 'm'.repeat(256) })).toMatchObject({ code: '' });
  });

  it('N19: what the application throws is told by its code, and what it did not mean to throw is kept private', async () => {
    await withHook(async ({ method }) => {
      throw method === 'typed' ? new SyncError('FORBIDDEN', 'not yours') : new Error('secret');
    });
    const peer = await connect();
    expect(await answered(peer, { method: 'typed' })).toMatchObject({
      code: 'FORBIDDEN',
      close: 4403,
      reason: 'FORBIDDEN: not yours',
    });
    const other = await answered(peer);
    expect(other).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(other)).not.toContain('secret');
  });

  it('O2, N19: more than a hundred at once are refused, and what they took is given back', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await withHook(async () => {
      await held;
      return undefined;
    });
    const peer = await connect();
    for (let id = 1; id <= 101; id++) peer.say({ type: 'call', id, document: 0, method: 'm', body });
    await server.run(20);
    expect(peer.heardOf('result')).toMatchObject([{ id: 101, code: 'RATE_LIMITED' }]);
    release();
    await server.run(20);
    expect(peer.heardOf('result').filter(({ code }) => code === '').length).toBe(100);
    expect(await answered(peer)).toMatchObject({ code: '' });
  });

  describe('that the application does not answer', () => {
    /** Calls that reached the hook; each runs until it is released. */
    let running: (Call & { release(): void })[];

    beforeEach(() => {
      running = [];
    });

    const hold: CallHook = (call) =>
      new Promise((resolve) => running.push({ ...call, release: () => resolve(undefined) }));
    /** Connects, makes calls and hangs up. */
    async function hitAndRun(token: string, calls: number, size = 1): Promise<void> {
      const peer = await connect({ token });
      for (let id = 1; id <= calls; id++)
        peer.say({ type: 'call', id, document: 0, method: 'm', body: new Uint8Array(size) });
      await server.run(20);
      peer.terminate();
      await server.run(20);
    }

    it('N28: are called off when their connection ends', async () => {
      await withHook(hold);
      const [peer, other] = [await connect(), await connect()];
      for (const one of [peer, other]) one.say({ type: 'call', id: 1, document: 0, method: 'm', body });
      await server.run(20);
      expect(running.map(({ signal }) => signal.aborted)).toEqual([false, false]);
      peer.terminate();
      await server.run(20);
      expect(running.map(({ signal }) => signal.aborted)).toEqual([true, false]);
      running[1]!.release();
      await server.run(20);
      other.terminate();
      await server.run(20);
      expect(running[1]!.signal.aborted).toBe(false);
    });

    it('N28, O2: count for their user until the hook is done, also when their connection has ended', async () => {
      await withHook(hold, { maxCallsPerUser: 3 });
      for (let i = 0; i < 5; i++) await hitAndRun('read', 2);
      expect(running.length).toBe(3);
      const peer = await connect({ token: 'read' });
      expect(await answered(peer)).toMatchObject({ id: 7, code: 'RATE_LIMITED' });
      await answered(await connect({ token: 'other' }));
      expect(running.length).toBe(4);
      running[0]!.release();
      await server.run(20);
      await answered(peer);
      expect(running.length).toBe(5);
    });

    it('N28, O2: of nobody in particular count for their address', async () => {
      await withHook(hold, { maxCallsPerUser: 3 });
      for (let i = 0; i < 3; i++) await hitAndRun('write', 2);
      expect(running.length).toBe(3);
      await answered(await connect({ remoteAddress: '192.0.2.99' }));
      expect(running.length).toBe(4);
    });

    it('N28, O2: have a bound in number and bytes, of a user and together', async () => {
      await withHook(hold, { maxCalls: 4, maxCallsPerUser: 3 });
      await hitAndRun('read', 3);
      await hitAndRun('other', 3);
      expect(running.length).toBe(4);
      running = [];
      await withHook(hold, { maxCallBytes: 4_000 });
      await hitAndRun('read', 3, 400);
      expect(running.length).toBe(2);
      await hitAndRun('other', 1, 3_900);
      expect(running.length).toBe(2);
      await hitAndRun('other', 1, 3_000);
      expect(running.length).toBe(3);
    });

    it('N28: end for the caller after a time, and keep their place', async () => {
      await withHook(hold, { maxCallMs: 1_000, maxCallsPerUser: 1 });
      const peer = await connect();
      peer.say({ type: 'call', id: 1, document: 0, method: 'slow', body });
      await server.run(900);
      expect(peer.heardOf('result')).toEqual([]);
      await server.run(200);
      expect(peer.heardOf('result')).toMatchObject([{ id: 1, code: 'CALL_TIMED_OUT', close: 4504 }]);
      expect(running[0]!.signal.aborted).toBe(true);
      expect(server.log).toContainEqual(
        expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ method: 'slow' }) }),
      );
      expect(await answered(peer)).toMatchObject({ id: 7, code: 'RATE_LIMITED' });
      running[0]!.release();
      await server.run(20);
      peer.say({ type: 'call', id: 8, document: 0, method: 'm', body });
      await server.run(20);
      running[1]!.release();
      await server.run(20);
      // The late answer of the first call is told to nobody.
      expect(peer.heardOf('result').map(({ id, code }) => [id, code])).toEqual([
        [1, 'CALL_TIMED_OUT'],
        [7, 'RATE_LIMITED'],
        [8, ''],
      ]);
    });
  });
});
