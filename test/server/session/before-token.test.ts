// What a connection may cost before a token was believed on it.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativePeer, NativePeer } from '../../support/native-peer.js';
import { frameOf } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

const never = new Promise<void>(() => {});
const vector = (bytes: number): { kind: 'state-vector'; stateVector: Uint8Array } => ({
  kind: 'state-vector',
  stateVector: new Uint8Array(bytes),
});

describe('O9: time', () => {
  it('a native client that says no hello has ten seconds', async () => {
    const silent = await nativePeer(server, { greets: false });
    await server.run(9_900, 100);
    expect(silent.closed).toBeUndefined();
    await server.run(200, 100);
    expect(silent.closed).toEqual({
      code: 4401,
      reason: 'TOKEN_MISSING: no token came within 10000 ms',
    });
    expect(silent.heard).toEqual([]);
    expect(server.sessions.size).toBe(0);
  });

  it('traffic does not move the end, and an authenticator that does not answer is our fault', async () => {
    server.bearers.gate = never;
    const [native, stock] = [await nativePeer(server), server.connect()];
    for (let second = 0; second < 9; second++) {
      native.say({ type: 'ping', clientTime: second });
      stock.step1();
      await server.run(1_000, 100);
    }
    expect([native.closed, stock.closed]).toEqual([undefined, undefined]);
    native.say({ type: 'ping', clientTime: 9 });
    await server.run(1_100, 100);
    expect([native.closed?.code, stock.closed?.code]).toEqual([1011, 1011]);
    expect(native.heardOf('goodbye').map(({ code }) => code)).toEqual(['INTERNAL']);
    const errors = server.log.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => String(fields['err']))).toEqual([
      'Error: a token was not checked within 10000 ms',
      'Error: a token was not checked within 10000 ms',
    ]);
  });

  it('a token that is believed too late opens nothing', async () => {
    let believe = (): void => {};
    server.bearers.gate = new Promise((resolve) => {
      believe = resolve;
    });
    const [native, stock] = [await nativePeer(server), server.connect()];
    await server.run(10_100, 100);
    believe();
    await server.run(100);
    expect(native.heardOf('welcome')).toEqual([]);
    expect(stock.heard).toEqual([]);
    expect(server.store.loads).toEqual([]);
  });

  it('who is believed has as long as it likes, also while the document is loaded', async () => {
    server.store.hold('load');
    const [native, stock] = [await nativePeer(server), server.connect()];
    native.open('doc');
    await server.run(20_000, 500);
    server.store.release('load');
    await server.run(50);
    expect([native.closed, stock.closed]).toEqual([undefined, undefined]);
    expect(stock.isSynced).toBe(true);
    expect(native.documents[0]?.isSynced).toBe(true);
  });
});

describe('O9: bytes', () => {
  it('64 KB wait while a token is checked, and no more', async () => {
    server.bearers.gate = never;
    const [native, stock] = [await nativePeer(server), server.connect({ greets: false })];
    const [greedy, other] = [await nativePeer(server), server.connect({ greets: false })];
    for (let i = 0; i < 60; i++) {
      native.open(`doc${i}`, new Y.Doc(), vector(900));
      stock.send(frameOf([0, 0], new Uint8Array(900)));
      greedy.open(`doc${i}`, new Y.Doc(), vector(1_200));
      other.send(frameOf([0, 0], new Uint8Array(1_200)));
    }
    await server.run(20);
    expect([native.closed, stock.closed]).toEqual([undefined, undefined]);
    expect([greedy.closed?.code, other.closed?.code]).toEqual([4529, 4529]);
  });

  it('a larger frame than that is refused, whatever it holds', async () => {
    const peer = new NativePeer(server.transport, { token: 'x'.repeat(70_000) });
    await server.run(20);
    expect(peer.closed).toEqual({
      code: 4529,
      reason: 'RATE_LIMITED: too much was sent before the token was checked',
    });
    expect(server.bearers.checks).toBe(0);
  });

  it('O2: documents that are being opened count with all that waits for them', async () => {
    await server.close();
    server = createSessionServer({ limits: { maxWaitingBytes: 100_000 } });
    server.store.hold('load');
    const peer = await nativePeer(server);
    for (let i = 0; i < 12; i++) peer.open(`doc${i}`, new Y.Doc(), vector(10_000));
    await server.run(20);
    expect(peer.heardOf('not-opened').map(({ ref, code }) => [ref, code])).toEqual([
      [11, 'RATE_LIMITED'],
      [12, 'RATE_LIMITED'],
    ]);
    server.store.release('load');
    await server.run(100);
    const again = peer.open('doc11', new Y.Doc());
    await server.run(50);
    expect(again.isSynced).toBe(true);
  });
});
