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
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

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

  async function withHook(call: CallHook): Promise<void> {
    await server.close();
    server = createSessionServer({ gateway: { call } });
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
});
