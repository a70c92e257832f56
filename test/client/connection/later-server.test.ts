// A client meets a server of a later version than its own.

import { afterEach, describe, expect, it } from 'vitest';
import { Connection } from '../../../client/connection/connection.js';
import type { OpenSocket } from '../../../client/connection/socket.js';
import { encodeServerFrame } from '../../../shared/native/frame.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

let clock: FakeClock;
let connection: Connection;

function connect(openSocket: OpenSocket): void {
  clock = createFakeClock();
  connection = new Connection({
    url: 'ws://server/',
    token: async () => 'write',
    device: 'device',
    agent: 'test/1',
    openSocket,
    clock,
    random: () => 0.5,
  });
  connection.connect();
}

afterEach(() => connection.destroy());

/** A server of a later version, which says what the test says as soon as a client has greeted it. */
function later(frames: readonly Uint8Array[], close?: readonly [code: number, reason: string]): OpenSocket {
  return (_url, events) => {
    queueMicrotask(() => events.opened());
    return {
      bufferedBytes: 0,
      send() {
        for (const frame of frames) events.frame(frame);
        if (close !== undefined) events.closed(...close);
      },
      close() {},
    };
  };
}

describe('N16: a connection to a server of a later version', () => {
  const goodbye = (code: string, close: number): Uint8Array =>
    encodeServerFrame({ type: 'goodbye', code, close, reason: `${code}: it says`, retryAfterMs: 0 });

  it.each([
    [4477, 'never', 'blocked'],
    [4401, 'after-auth', 'blocked'],
    [4577, 'backoff', 'waiting'],
    [1013, 'backoff', 'waiting'],
  ] as const)('does what the code %i says, whatever the name is', async (code, retry, state) => {
    for (const openSocket of [later([goodbye('OF_LATER', code)]), later([], [code, 'OF_LATER: it says'])]) {
      connect(openSocket);
      await new Promise((resolve) => setImmediate(resolve));
      expect(connection.state).toBe(state);
      expect(connection.reason).toEqual({
        code: undefined,
        message: 'OF_LATER: it says',
        closeCode: code,
        retry,
      });
      connection.destroy();
    }
  });

  it('passes over what it does not know, and goes on', async () => {
    const welcome = encodeServerFrame({
      type: 'welcome',
      version: 2,
      serverTime: 0,
      expiresAt: 0,
      maxSilenceMs: 40_000,
      server: 's',
      run: 'r',
      user: 'u',
      limits: {},
    });
    // The last byte is the count of extensions: one, of number 99. Behind it comes a message of number 64.
    const grown = Uint8Array.of(...welcome.subarray(0, -1), 1, 99, 2, 7, 7, 64, 1, 7);
    connect(later([grown]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.state).toBe('open');
    expect(connection.welcome).toMatchObject({ server: 's', run: 'r', user: 'u' });
  });
});
