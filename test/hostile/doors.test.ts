// What is checked before anything of a document is so much as looked for, over real sockets.

import { createHmac, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { FaultyStore } from '../fuzz/faulty-store.js';
import { connectRaw } from '../support/raw-socket.js';
import { frameOf, Peer, until } from '../support/peer.js';
import { recordingLogger, serverForTest, testSecret, tokenFor } from '../support/test-server.js';

const auth = { secret: testSecret };
const MiB = 1024 * 1024;

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function forge(header: unknown, payload: unknown, secret = testSecret, hash = 'sha256'): string {
  const head = `${base64(header)}.${base64(payload)}`;
  return `${head}.${createHmac(hash, secret).update(head).digest('base64url')}`;
}

const now = Math.floor(Date.now() / 1000);
const good = { sub: 'ada', exp: now + 600, docs: [{ pattern: '**', access: 'write' }] };
const hs256 = { alg: 'HS256', typ: 'JWT' };
const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'pem',
}) as string;

const hostileTokens: Record<string, string> = {
  'no token': '',
  'not a token': 'token',
  'two dots': '..',
  'algorithm none': `${base64({ alg: 'none' })}.${base64(good)}.`,
  'algorithm NONE with a signature': forge({ alg: 'NONE' }, good),
  'another secret': forge(hs256, good, 'another secret, just as long as the other'),
  'an empty secret': forge(hs256, good, ' '),
  'another algorithm': forge({ alg: 'HS512' }, good, testSecret, 'sha512'),
  'an asymmetric algorithm': forge({ alg: 'RS256' }, good),
  'a key of its own': forge({ ...hs256, jwk: { kty: 'oct', k: base64('mine') } }, good, 'mine'),
  'a key from elsewhere': forge(
    { ...hs256, jku: 'http://127.0.0.1:1/keys', kid: '../../dev/null' },
    good,
    ''.padEnd(9),
  ),
  'an unknown critical header': forge({ ...hs256, crit: ['exp'], exp: 1 }, good),
  expired: forge(hs256, { ...good, exp: now - 1 }),
  'without an end': forge(hs256, { sub: 'ada', docs: good.docs }),
  'without a user': forge(hs256, { exp: good.exp, docs: good.docs }),
  'not valid yet': forge(hs256, { ...good, nbf: now + 600 }),
  'issued in the future': forge(hs256, { ...good, iat: now + 600 }),
  'an end that is no number': forge(hs256, { ...good, exp: '9999999999' }),
  'grants that are no list': forge(hs256, { ...good, docs: { pattern: '**', access: 'write' } }),
  'grants of an unknown access': forge(hs256, { ...good, docs: [{ pattern: '**', access: 'admin' }] }),
  'too long': forge(hs256, { ...good, name: 'x'.repeat(9_000) }),
  'many dots': '.'.repeat(5_000),
  'a payload that is no object': forge(hs256, '[]'),
  'a changed payload': forge(hs256, { ...good, sub: 'bob' }).replace(/\.[^.]+\./, `.${base64(good)}.`),
};

describe('A1: a token that is not to be believed', () => {
  test.each(Object.entries(hostileTokens))('%s', async (_name, token) => {
    const store = new FaultyStore(createMemoryStore());
    const logger = recordingLogger();
    const { url } = await serverForTest({ auth, store, logger });
    const peer = new Peer(`${url}/doc`, { query: `token=${encodeURIComponent(token)}` });
    // What it sends at once must not matter.
    peer.socket.on('open', () => peer.update(Uint8Array.of(1, 2, 3)));
    const { code, reason } = await peer.end();
    expect(code).toBe(4401);
    expect(reason).toMatch(/^TOKEN_(MISSING|INVALID|EXPIRED)/);
    expect(peer.heard).toEqual([]);
    expect(store.loads).toBe(0);
    if (token.length > 20) expect(logger.lines.join('\n')).not.toContain(token.slice(-30));
  });

  test('the public key as a secret', async () => {
    const { url } = await serverForTest({ auth: { publicKey } });
    const peer = new Peer(`${url}/doc`, { token: forge(hs256, good, publicKey) });
    expect((await peer.end()).code).toBe(4401);
    await expect(serverForTest({ auth: { secret: publicKey } })).rejects.toThrow(/key/i);
  });
});

test('A1: without a token there is nothing to be had, and nothing to be filled', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ auth, store });
  const rssBefore = process.memoryUsage().rss;
  const strangers = Array.from({ length: 200 }, (_, i) => new Peer(`${url}/doc-${i}`, { answers: false }));
  const filler = new Uint8Array(64 * 1024);
  for (const { socket } of strangers) socket.on('open', () => socket.send(filler));
  const closings = await Promise.all(strangers.map((peer) => peer.end()));
  // Those that are refused late say more than strangers may before they are told.
  expect(closings.filter(({ code }) => code !== 4401 && code !== 4529)).toEqual([]);
  expect(closings.filter(({ code }) => code === 4401).length).toBeGreaterThan(0);
  expect(strangers.flatMap((peer) => peer.heard)).toEqual([]);
  expect(store.loads + store.appends).toBe(0);
  expect(process.memoryUsage().rss - rssBefore).toBeLessThan(64 * MiB);
});

test('A1: what is sent before the document is open waits, and is bounded', async () => {
  let admit = (): void => {};
  const gate = new Promise<void>((resolve) => {
    admit = resolve;
  });
  const { url } = await serverForTest({ onConnect: () => gate, limits: { maxWaitingBytes: 1 * MiB } });
  const patient = await new Peer(`${url}/doc`).opened();
  patient.doc.getText('text').insert(0, 'early');
  const greedy = await new Peer(`${url}/doc`, { asks: false }).opened();
  for (let i = 0; i < 3; i++) greedy.update(new Uint8Array(512 * 1024));
  expect(await greedy.end()).toMatchObject({ code: 4529 });
  expect(patient.heard).toEqual([]);
  admit();
  await patient.synced();
  const reader = await new Peer(`${url}/doc`).synced();
  await until(() => reader.text === 'early', 'what was sent early has arrived');
});

test('A1: a token for one document opens no other, and does not tell which exist', async () => {
  const store = new FaultyStore(createMemoryStore());
  const { url } = await serverForTest({ auth, store });
  const owner = await new Peer(`${url}/private/plan`, { token: await tokenFor('ada') }).synced();
  owner.doc.getText('text').insert(0, 'secret');
  await until(() => owner.heardOf('update').length > 0, 'it is stored');
  const loads = store.loads;
  const docs = [
    { pattern: 'public/*', access: 'write' },
    { pattern: 'private/plan/*', access: 'write' },
  ] as const;
  const token = await tokenFor('mallory', docs);
  const tries = ['private/plan', 'private/none', 'public/a/b', 'public%2fa%2fb', 'Private/plan'];
  const ends = await Promise.all(
    tries.map(async (name) => {
      const peer = new Peer(`${url}/${name}`, { token });
      return { ...(await peer.end()), heard: peer.heard };
    }),
  );
  expect(new Set(ends.map((end) => JSON.stringify(end))).size).toBe(1);
  expect(ends[0]).toMatchObject({ code: 4403, heard: [] });
  expect(store.loads).toBe(loads);
  await new Peer(`${url}/public/a`, { token }).synced();
});

test.each([
  { origin: undefined, status: undefined },
  { origin: 'https://app.example', status: undefined },
  { origin: 'null', status: 403 },
  { origin: 'https://other.example', status: 403 },
  { origin: 'https://app.example.evil.example', status: 403 },
  { origin: 'https://evil-app.example', status: 403 },
  { origin: 'https://app.example:8443', status: 403 },
  { origin: 'http://app.example', status: 403 },
  { origin: 'https://APP.example', status: 403 },
  { origin: 'https://app.example/', status: 403 },
  { origin: 'https://app.example, https://other.example', status: 403 },
])('A1: with an allow-list, origin $origin is answered $status', async ({ origin, status }) => {
  const { url } = await serverForTest({ origins: ['https://app.example'] });
  const peer = new Peer(`${url}/doc`, { headers: origin === undefined ? {} : { origin } });
  if (status === undefined) await peer.synced();
  else await peer.end();
  expect(peer.refusedStatus).toBe(status);
});

const refusedPaths: Record<string, string> = {
  'a dot': '/a/./b',
  'two dots': '/a/../b',
  'escaped dots': '/%2e%2e/etc',
  'a null byte': '/a%00b',
  'a line break': '/a%0ab',
  'an escape sequence': '/%1b[31m',
  'a line separator': '/%e2%80%a8',
  'an override of direction': '/%e2%80%ae',
  'a byte order mark': '/%ef%bb%bf',
  'a noncharacter': '/%ef%bf%bf',
  '513 bytes': `/${'x'.repeat(513)}`,
  '513 bytes of escapes': `/${'%d0%b6'.repeat(257)}`,
};

test.each(Object.entries(refusedPaths))(
  'O1: a name with %s is refused before the upgrade',
  async (_name, path) => {
    const store = new FaultyStore(createMemoryStore());
    const logger = recordingLogger();
    const { port } = await serverForTest({ store, logger });
    const raw = await connectRaw(port);
    await raw.write(
      [
        `GET ${path} HTTP/1.1`,
        'Host: localhost',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '\r\n',
      ].join('\r\n'),
    );
    await until(() => raw.received.includes('\r\n\r\n'), 'it is answered');
    expect(raw.received.toString()).toMatch(/^HTTP\/1\.1 400 /);
    expect(store.loads).toBe(0);
    expect(await store.list()).toEqual([]);
    // oxlint-disable-next-line no-control-regex -- reason: that there are none is what is tested
    expect(logger.lines.join('')).not.toMatch(/[\u0000-\u001f\u2028\u202e]/);
    raw.destroy();
  },
);

test('O1: two spellings of a name are one document, two names never are', async () => {
  const { url, store } = await serverForTest();
  const names = ['caf%C3%A9', 'cafe%CC%81', 'caf\u00e9'];
  const same = await Promise.all(names.map(async (name) => new Peer(`${url}/${name}`).synced()));
  same[0]!.doc.getText('text').insert(0, 'one');
  await until(() => same.every((peer) => peer.text === 'one'), 'all spellings show it');
  const others = ['a', 'A', 'a/', '/a', 'a//', 'a b', 'a+b', 'b:a', 'a%2525', 'toString', '%', '%%'];
  for (const name of others) {
    const peer = await new Peer(`${url}/${name}`).synced();
    expect(peer.text).toBe('');
    peer.doc.getText('text').insert(0, name);
    await until(() => peer.heardOf('update').length > 0, 'it is stored');
  }
  for (const name of others) expect((await new Peer(`${url}/${name}`).synced()).text).toBe(name);
  expect(await store!.list()).toHaveLength(others.length + 1);
});

test('A4: with a read-only token nothing is applied, relayed or stored, however it is sent', async () => {
  const { url, store } = await serverForTest({ auth });
  const owner = await new Peer(`${url}/doc`, { token: await tokenFor('ada') }).synced();
  owner.awareness({ clientId: owner.doc.clientID, clock: 1, state: { user: 'Ada' } });
  owner.doc.getText('text').insert(0, 'kept');
  await until(() => owner.heardOf('update').length > 0, 'it is stored');
  const token = await tokenFor('bob', [{ pattern: '**', access: 'read' }]);
  const reader = await new Peer(`${url}/doc`, { token, sends: false }).synced();
  const heard = owner.heard.length;
  reader.doc.getText('text').delete(0, 4);
  reader.step2();
  reader.update(Y.encodeStateAsUpdate(reader.doc));
  reader.doc.getText('text').insert(0, 'replaced');
  reader.update(Y.encodeStateAsUpdate(reader.doc));
  reader.awareness({ clientId: owner.doc.clientID, clock: 50, state: { user: 'forged' } });
  reader.send(Buffer.concat([frameOf([0, 1], Y.encodeStateAsUpdate(reader.doc)), Uint8Array.of(3)]));
  await until(() => reader.heardOf('denied').length > 0, 'it is told');
  const late = await new Peer(`${url}/doc`, { token }).synced();
  expect(late.text).toBe('kept');
  expect(late.present.get(owner.doc.clientID)).toEqual({ user: 'Ada' });
  expect(owner.heard).toHaveLength(heard);
  expect(reader.heardOf('denied')).toHaveLength(1);
  expect((await store!.list())[0]).toMatchObject({ lastOffset: 1 });
  // What would be refused of anybody is refused of a reader as well.
  reader.update(Uint8Array.of(1, 2, 3));
  expect((await reader.end()).code).toBe(4422);
});
