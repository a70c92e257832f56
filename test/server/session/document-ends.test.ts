// O7 as clients see it: a document that fails alone, while everything else on the same connections goes on.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import type { AppendOutcome } from '../../../server/store/store.js';
import { nativePeer, openedBy } from '../../support/native-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

const damage: AppendOutcome = { kind: 'failed', error: new StoreError('DOCUMENT_CORRUPT', 'a flipped bit') };
const conflict: AppendOutcome = { kind: 'failed', error: new StoreError('STORE_CONFLICT', 'two writers') };

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

describe('O7: a document that fails alone', () => {
  it('ends for its stock clients with its code, and others are not touched', async () => {
    const [writer, reader] = [await server.connected(), await server.connected({ token: 'read' })];
    const other = await server.connected({ path: '/other' });
    server.store.outcomes = [[damage]];
    writer.insert('lost');
    await server.run(50);
    for (const { closed } of [writer, reader])
      expect(closed).toEqual({ code: 4420, reason: 'DOCUMENT_CORRUPT' });
    expect(writer.heardOf('update')).toEqual([]);
    other.insert('kept');
    await server.run(50);
    expect([other.closed, other.heardOf('update').length]).toEqual([undefined, 1]);
    expect(server.failures).toEqual([]);
    expect(server.registry.isHealthy).toBe(true);
  });

  it('is opened anew by who comes back, who offers what was not acknowledged', async () => {
    const writer = await server.connected();
    writer.insert('first ');
    await server.run(50);
    server.store.outcomes = [[conflict]];
    writer.insert('second');
    await server.run(50);
    expect(writer.closed).toEqual({ code: 4503, reason: 'STORE_UNAVAILABLE' });
    const again = await server.connected({ doc: writer.doc });
    const reader = await server.connected({ token: 'read' });
    expect([again.closed, reader.text]).toEqual([undefined, 'first second']);
    await server.run(50);
    expect((await server.store.kept.load('doc' as never))?.records.length).toBe(2);
  });

  it('is closed on a connection of our own client, and its other documents go on', async () => {
    const peer = await nativePeer(server);
    const failing = await openedBy(server, peer, 'doc');
    const other = await openedBy(server, peer, 'other');
    server.store.outcomes = [[damage]];
    peer.insert(failing, 'lost');
    await server.run(50);
    expect(peer.heardOf('closed')).toMatchObject([{ document: failing.number, code: 'DOCUMENT_CORRUPT' }]);
    expect([failing.acked, peer.closed]).toEqual([0, undefined]);
    peer.insert(other, 'kept');
    await server.run(50);
    expect(other.acked).toBe(1);
    server.store.failures.set('load', damage.kind === 'failed' ? damage.error : undefined);
    peer.open('doc');
    await server.run(50);
    expect(peer.heardOf('not-opened')).toMatchObject([{ code: 'DOCUMENT_CORRUPT' }]);
  });

  it('while it is being opened, is refused to whoever opens it, once', async () => {
    const writer = await server.connected();
    server.store.hold('append');
    writer.insert('not durable');
    await server.run(20);
    const peer = await nativePeer(server);
    // Waits until what another connection may have left is durable.
    writer.terminate();
    const opening = peer.open('doc');
    await server.run(20);
    expect(peer.heardOf('opened')).toEqual([]);
    server.store.outcomes = [[damage]];
    server.store.release('append');
    await server.run(50);
    expect(peer.heardOf('not-opened')).toMatchObject([{ ref: opening.ref, code: 'DOCUMENT_CORRUPT' }]);
    expect(peer.heardOf('closed')).toEqual([]);
    expect(peer.closed).toBeUndefined();
  });

  it('takes back nothing of what it relayed: whoever heard it is sent away with it', async () => {
    const [writer, reader] = [await server.connected(), await server.connected({ token: 'read' })];
    server.store.outcomes = [[conflict]];
    writer.insert('relayed at once');
    await server.run(50);
    expect(reader.text).toBe('relayed at once');
    expect(reader.closed).toEqual({ code: 4503, reason: 'STORE_UNAVAILABLE' });
    const [back] = [await server.connected({ doc: writer.doc }), await server.run(50)];
    expect(back.closed).toBeUndefined();
    expect((await server.store.kept.load('doc' as never))?.records.length).toBe(1);
  });
});
