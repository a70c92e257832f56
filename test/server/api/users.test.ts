// Users over HTTP and from a shell, against a whole server on a real store and real sockets.

import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { usersCommand } from '../../../server/cli/users.js';
import { createToken } from '../../../token/index.js';
import { systemClock } from '../../../shared/clock.js';
import { Peer } from '../../support/peer.js';
import {
  directoryForTest,
  serverForTest,
  testSecret,
  tokenFor,
  type TestServer,
} from '../../support/test-server.js';

const adminClaim = 'heddle_admin';
const auth = { secret: testSecret, adminClaim };

function adminToken(claim: string | undefined = adminClaim): Promise<string> {
  const claims = claim === undefined ? {} : { [claim]: true };
  return createToken({ secret: testSecret, sub: 'ops', docs: [], claims });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function post(
  { port }: TestServer,
  path: string,
  body: unknown,
  token: string | undefined,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/users/${path}`, {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

test('A6, A10: revoke over HTTP ends the connection, and holds after a restart on the same data', async () => {
  const data = await directoryForTest();
  const first = await serverForTest({ auth, data });
  const token = await tokenFor('ada');
  const peer = await new Peer(`${first.url}/doc`, { token }).synced();
  const other = await new Peer(`${first.url}/doc`, { token: await tokenFor('bob') }).synced();
  const answer = await post(first, 'revoke', { user: 'ada' }, await adminToken());
  expect(answer).toEqual({ status: 200, body: { sessions: 1 } });
  expect(await peer.end()).toEqual({ code: 4401, reason: 'TOKEN_REVOKED: the user was signed out' });
  expect(other.closed).toBeUndefined();
  await first.close();
  const second = await serverForTest({ auth, data });
  expect((await new Peer(`${second.url}/doc`, { token }).end()).code).toBe(4401);
  expect(
    (await new Peer(`${second.url}/doc`, { token: await tokenFor('bob') }).synced()).closed,
  ).toBeUndefined();
  const { iat, ...later } = {
    sub: 'ada',
    docs: [{ pattern: '**', access: 'write' }],
    iat: Math.ceil(systemClock.now() / 1000) + 1,
  };
  const signed = await new SignJWT(later)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(iat)
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(testSecret));
  await new Peer(`${second.url}/doc`, { token: signed }).synced();
});

test('A7, A9, A10: access and refresh over HTTP', async () => {
  const server = await serverForTest({ auth });
  const admin = await adminToken();
  const peer = await new Peer(`${server.url}/doc`, { token: await tokenFor('ada') }).synced();
  const set = { user: 'ada', documents: 'do*', access: 'none', forSeconds: 60 };
  expect(await post(server, 'access', set, admin)).toEqual({ status: 200, body: { sessions: 1 } });
  expect((await peer.end()).code).toBe(4403);
  await post(server, 'access', { ...set, access: null, forSeconds: undefined }, admin);
  const again = await new Peer(`${server.url}/doc`, { token: await tokenFor('ada') }).synced();
  expect((await post(server, 'refresh', { user: 'ada' }, admin)).status).toBe(200);
  expect((await again.end()).reason).toMatch(/^TOKEN_STALE/);
});

test('A10: only with the claim, believed and true; otherwise nothing is so much as read', async () => {
  const server = await serverForTest({ auth });
  const revoke = (token: string | undefined): Promise<Answer> =>
    post(server, 'revoke', { user: 'ada' }, token);
  const refused = async (token: string | undefined): Promise<unknown> => {
    const { status, body } = await revoke(token);
    return [status, (body as { error: string }).error];
  };
  expect(await refused(undefined)).toEqual([401, 'TOKEN_MISSING']);
  expect(await refused('e30.e30.e30')).toEqual([401, 'TOKEN_INVALID']);
  expect(await refused(await tokenFor('ada'))).toEqual([403, 'FORBIDDEN']);
  expect(await refused(await adminToken('other_claim'))).toEqual([403, 'FORBIDDEN']);
  const asText = await new SignJWT({ sub: 'ops', [adminClaim]: 'true' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(testSecret));
  expect(await refused(asText)).toEqual([403, 'FORBIDDEN']);
  const admin = await adminToken();
  await server.server.users.revoke({ user: 'ops' });
  expect(await refused(admin)).toEqual([401, 'TOKEN_REVOKED']);
  await new Peer(`${server.url}/doc`, { token: await tokenFor('ada') }).synced();
});

test('A10: without a configured claim there is no such path', async () => {
  const server = await serverForTest({ auth: { secret: testSecret } });
  const admin = await adminToken();
  for (const path of ['refresh', 'revoke', 'access'])
    expect(await post(server, path, { user: 'ada' }, admin)).toEqual({
      status: 404,
      body: { error: 'NOT_FOUND' },
    });
});

test.each([
  ['revoke', 'no JSON', 400],
  ['revoke', [], 400],
  ['revoke', {}, 400],
  ['revoke', { user: 'ada', everything: true }, 400],
  ['revoke', { user: 'ada', token: 'x' }, 400],
  ['revoke', { user: 'ada', expiresAt: '2030' }, 400],
  ['revoke', { device: 7 }, 400],
  ['refresh', { user: null }, 400],
  ['refresh', { user: 'x'.repeat(70_000) }, 413],
  ['access', { user: 'ada', documents: '**' }, 400],
  ['access', { user: 'ada', documents: '***', access: 'read' }, 400],
  ['access', { user: 'ada', documents: '**', access: 'admin' }, 400],
] as const)(
  'A10: %s with a malformed body is refused, and nothing is written (%#)',
  async (path, body, status) => {
    const server = await serverForTest({ auth });
    const answer = await post(server, path, body, await adminToken());
    expect([answer.status, Object.keys(answer.body as object)]).toEqual([status, ['error', 'reason']]);
    for await (const [key] of server.store!.listState('access/')) expect(key).toBeUndefined();
  },
);

test('A11: the command does it, and says what was done or refused, without the token', async () => {
  const server = await serverForTest({ auth });
  const admin = await adminToken();
  const env = { HEDDLE_URL: `http://127.0.0.1:${server.port}`, HEDDLE_ADMIN_TOKEN: admin };
  const peer = await new Peer(`${server.url}/doc`, { token: await tokenFor('ada') }).synced();
  expect(await usersCommand(['access', 'ada', '--doc', 'x/**', '--access', 'read', '--for', '1m'], env)).toBe(
    'done; 1 open connection concerned',
  );
  expect(await usersCommand(['access', 'ada', '--doc', 'x/**', '--access', 'claims'], env)).toMatch(/^done/);
  expect(await usersCommand(['revoke', 'ada'], env)).toBe('done; 1 open connection concerned');
  expect((await peer.end()).code).toBe(4401);
  expect(await usersCommand(['revoke', '--device', 'phone'], env)).toBe('done; 0 open connections concerned');
  expect(await usersCommand(['revoke', '--token-id', 'j1'], env)).toMatch(/^done/);
  expect(await usersCommand(['refresh', 'bob'], env)).toMatch(/^done/);
  expect(await usersCommand(['--help'], env)).toContain('--admin-token');
  const wrong: readonly (readonly [string[], object, RegExp])[] = [
    [[], {}, /nothing to do/],
    [['revok', 'ada'], {}, /did you mean revoke/],
    [['revoke'], {}, /is missing/],
    [['revoke', 'ada', 'bob'], {}, /one user at a time/],
    [['revoke', 'ada', '--token-id', 'x'], {}, /stands alone/],
    [['refresh', 'ada', '--doc', 'x'], {}, /means nothing to refresh/],
    [['access', 'ada', '--doc', 'x'], {}, /--access is missing/],
    [['refresh', 'ada'], { HEDDLE_ADMIN_TOKEN: undefined }, /--admin-token is missing/],
    [['refresh', 'ada'], { HEDDLE_ADMIN_TOKEN: 'x' }, /not a signed token/],
    [
      ['refresh', 'ada'],
      { HEDDLE_ADMIN_TOKEN: await tokenFor('ada') },
      /refused: TOKEN_REVOKED|refused: FORBIDDEN/,
    ],
    [['refresh', 'ada'], { HEDDLE_URL: 'ws://x' }, /begins with http/],
    [['refresh', 'ada'], { HEDDLE_URL: 'http://127.0.0.1:1' }, /no answer from/],
    [
      ['refresh', 'ada'],
      { HEDDLE_URL: undefined, HEDDLE_ADMIN_TOKEN: undefined },
      /--admin-token is missing/,
    ],
  ];
  for (const [argv, other, message] of wrong) {
    const failure = await usersCommand(argv, { ...env, ...other }).then(
      String,
      (error: Error) => error.message,
    );
    expect(failure, argv.join(' ')).toMatch(message);
    expect(failure).not.toContain(admin);
    expect(failure).not.toContain('\n');
  }
});

test('A5: with a longest life of tokens, one that lives longer or does not say when it was issued is refused', async () => {
  const { url } = await serverForTest({ auth: { ...auth, maxTokenLifeS: 300 } });
  const ended = async (token: string): Promise<string> =>
    (await new Peer(`${url}/doc`, { token }).end()).reason;
  await new Peer(`${url}/doc`, { token: await tokenFor('ada', undefined, 300) }).synced();
  expect(await ended(await tokenFor('ada', undefined, 301))).toMatch(/lives longer than 300 s/);
  const undated = await new SignJWT({ sub: 'ada', docs: [] })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode(testSecret));
  expect(await ended(undated)).toMatch(/iat is missing/);
});
