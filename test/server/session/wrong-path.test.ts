// Heddle's own client on a path that names a document, as behind a proxy that leaves its prefix in the path.

import { afterEach, beforeEach, expect, it } from 'vitest';

import { isHello, encodeClientFrame } from '../../../shared/native/frame.js';
import { hello } from '../../support/hello.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

const greeting = encodeClientFrame(hello());

/** Whichever is found out first: that there is no token, or what the frame is. */
const reason = /^(FRAME_MALFORMED|TOKEN_MISSING): the path was taken for the document "sync\/"/;

it.each([
  ['with a token in the request', 'token=write'],
  ['without', ''],
])(
  'O1: a client of our own on a path with a name is told what the path was taken for, %s',
  async (_what, query) => {
    const client = server.transport.connect('/sync/', { query });
    await client.decided;
    client.send(greeting);
    await server.run(50);
    expect([4400, 4401]).toContain(client.closed?.code);
    expect(client.closed?.reason).toMatch(reason);
    expect(Buffer.byteLength(client.closed?.reason ?? '')).toBeLessThanOrEqual(123);
  },
);

it('O1: a long name is cut, and the reason fits a close frame', async () => {
  const client = server.transport.connect(`/${'ü'.repeat(200)}`, { query: 'token=write' });
  await client.decided;
  client.send(greeting);
  await server.run(50);
  expect(client.closed?.reason).toMatch(/the path was taken for the document "ü{24}…"/);
  expect(Buffer.byteLength(client.closed?.reason ?? '')).toBeLessThanOrEqual(123);
});

it('O1: what stock clients say first is no hello', () => {
  for (const frame of [[0, 0, 1, 0], [0, 1, 2, 0, 0], [0, 2, 2, 0, 0], [1, 1, 0], [3], [], [0]])
    expect(isHello(Uint8Array.from(frame))).toBe(false);
});

it('O1: a hello is one whole, whatever its lengths take to write, and with what follows it', () => {
  const open = encodeClientFrame({ type: 'open', ref: 1, name: 'a', known: { kind: 'nothing' } });
  const long = hello({ version: 300, token: 'ü'.repeat(100) });
  const old = Uint8Array.from([0, 1, 1, 116, 1, 100, 1, 97]);
  for (const whole of [greeting, encodeClientFrame(long), Uint8Array.of(...greeting, ...open), old])
    expect(isHello(whole)).toBe(true);
  for (let end = 0; end < greeting.length; end++) expect(isHello(greeting.subarray(0, end))).toBe(false);
  expect(isHello(Uint8Array.of(...greeting, 255))).toBe(false);
  for (const nameless of [{ device: '' }, { agent: '' }])
    expect(isHello(encodeClientFrame({ ...long, ...nameless }))).toBe(false);
});
