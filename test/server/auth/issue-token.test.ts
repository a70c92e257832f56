import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseDocumentName } from '../../../shared/document-name.js';
import { readOrMakeDemoKey } from '../../../server/auth/demo-key.js';
import { issueToken, type TokenRequest } from '../../../server/auth/issue-token.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import { ConfigError } from '../../../server/errors.js';
import { at, standingClock, refusalOf, secret } from './support.js';

const clock = standingClock();
const request: TokenRequest = {
  secret,
  sub: 'ann',
  docs: [{ pattern: 'a/*', access: 'read' }],
  ttlS: 60,
  clock,
};

describe('issued tokens', () => {
  test('A1 are believed by a server with the same secret, for as long as they say', async () => {
    const own = standingClock();
    const token = await issueToken({ ...request, name: 'Ann', sid: 's', issuer: 'i', audience: 'h' });
    const authenticator = await createJwtAuthenticator(
      { secret, issuer: 'i', audience: 'h' },
      { clock: own },
    );
    const claims = await authenticator.authenticate(token);
    expect(claims).toMatchObject({ sub: 'ann', name: 'Ann', sid: 's', iat: at(0), exp: at(60) });
    expect(claims.jti).toMatch(/^[\da-f-]{36}$/);
    expect(authenticator.authorize(claims, parseDocumentName('a/b'))).toBe('read');
    own.advance(60_000);
    expect((await refusalOf(authenticator.authenticate(token))).code).toBe('TOKEN_EXPIRED');
  });

  test('A1 leave out what is not given, and differ', async () => {
    const token = await issueToken(request);
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(Object.keys(payload as object).sort()).toEqual(['docs', 'exp', 'iat', 'jti', 'sub']);
    expect(await issueToken(request)).not.toBe(token);
  });

  test.each<[string, Partial<TokenRequest>, new () => Error]>([
    ['no sub', { sub: '' }, TypeError],
    ['no time', { ttlS: 0 }, TypeError],
    ['half a second', { ttlS: 0.5 }, TypeError],
    ['a bad grant', { docs: [{ pattern: '', access: 'read' }] }, TypeError],
    ['a short secret', { secret: 'short' }, ConfigError],
  ])('O1 are not made with %s', async (_, change, type) => {
    await expect(issueToken({ ...request, ...change })).rejects.toThrow(type);
  });
});

describe('the demo key', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-key-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('A1 is made once, 32 random bytes, for its owner only', async () => {
    const data = join(directory, 'new', 'data');
    const [key, same] = await Promise.all([readOrMakeDemoKey(data), readOrMakeDemoKey(data)]).catch(() => [
      '',
      '',
    ]);
    const again = await readOrMakeDemoKey(data);
    expect(Buffer.from(again, 'base64url')).toHaveLength(32);
    expect([key, same]).toEqual([again, again]);
    expect(await readdir(data)).toEqual(['demo-key']);
    expect((await stat(join(data, 'demo-key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(data, 'demo-key'), 'utf8')).toBe(`${again}\n`);
  });

  test('A1 gets its mode back when it was opened to others', async () => {
    const key = await readOrMakeDemoKey(directory);
    await chmod(join(directory, 'demo-key'), 0o644);
    expect(await readOrMakeDemoKey(directory)).toBe(key);
    expect((await stat(join(directory, 'demo-key'))).mode & 0o777).toBe(0o600);
  });

  test('O1 a damaged one, or a place that cannot be written, is told in one line', async () => {
    await writeFile(join(directory, 'demo-key'), 'short');
    await expect(readOrMakeDemoKey(directory)).rejects.toThrow(/damaged: delete it/);
    await expect(readOrMakeDemoKey(join(directory, 'demo-key'))).rejects.toThrow(ConfigError);
  });
});
