// A running client goes on with its newest connection.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

describe('the session of the hello', () => {
  const session = '0123456789abcdef';

  it('N18: goes on with the newest connection, and the one before ends at once', async () => {
    const first = await connect({ session });
    const doc = new Y.Doc();
    first.insert(await opened(first, 'doc', doc), 'a');
    await server.run(50);
    // The first socket is half open: the server has not noticed. Nobody waits for that.
    const second = await connect({ session });
    expect(first.closed?.code).toBe(4510);
    expect(first.heardOf('goodbye')).toMatchObject([{ code: 'SESSION_MOVED', close: 4510 }]);
    second.insert(await opened(second, 'doc', doc), 'b');
    await server.run(50);
    expect(second.documents[0]!.acked).toBe(1);
    second.terminate();
    await server.run(50);
    expect((await connect({ session })).closed).toBeUndefined();
    expect(server.sessions.size).toBe(1);
  });

  it.each([
    ['of another user', session, { session, token: 'other' }],
    ['of another name', session, { session: `${session}0` }],
    ['too short to be a secret', 'short', { session: 'short' }],
    ['none', '', { session: '' }],
  ])('N18: %s ends nobody', async (_what, before, options) => {
    const first = await connect({ session: before });
    const second = await connect(options);
    expect([first.closed, second.closed]).toEqual([undefined, undefined]);
  });
});
