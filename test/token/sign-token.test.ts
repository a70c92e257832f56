// Tokens of every kind of key, as the server reads them, and what is refused before one is made.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createJwtAuthenticator } from '../../server/auth/jwt.js';
import { parseDocumentName } from '../../shared/document-name.js';
import { signToken, type TokenOptions } from '../../token/sign-token.js';
import { at, refusalOf, secret, standingClock } from '../server/auth/support.js';

const clock = standingClock();
const ann = { sub: 'ann', docs: [{ pattern: 'a/*', access: 'read' }] } as const;
const sign = (options: TokenOptions): Promise<string> => signToken(options, clock);

const pem = (key: KeyObject, type: 'pkcs8' | 'spki' | 'pkcs1' | 'sec1'): string =>
  key.export({ type, format: 'pem' }).toString();

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pairs = {
  RS256: rsa,
  ES256: p256,
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
};

const part = (token: string, index: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('signed tokens', () => {
  test('A1 are believed by a server with the same secret, for as long as they say', async () => {
    const own = standingClock();
    const token = await sign({ ...ann, secret, ttlS: 60, name: 'Ann', sid: 's', issuer: 'i', audience: 'h' });
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
    const token = await sign({ ...ann, secret });
    expect(Object.keys(part(token, 1)).sort()).toEqual(['docs', 'exp', 'iat', 'jti', 'sub']);
    expect(part(token, 1)['exp']).toBe(at(600));
    expect(await sign({ ...ann, secret })).not.toBe(token);
  });

  test.each(Object.entries(pairs))(
    'U42 a private key signs as %s, from PEM and from JWK',
    async (alg, pair) => {
      const authenticator = await createJwtAuthenticator(
        { publicKey: pem(pair.publicKey, 'spki') },
        { clock },
      );
      const asPem = pem(pair.privateKey, 'pkcs8');
      const jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'k1' };
      // Environment variables carry line ends as \n.
      for (const privateKey of [asPem, asPem.replaceAll('\n', '\\n'), jwk]) {
        const token = await sign({ ...ann, privateKey });
        expect(part(token, 0)).toEqual({ alg, typ: 'JWT', ...(privateKey === jwk ? { kid: 'k1' } : {}) });
        expect(await authenticator.authenticate(token)).toMatchObject({ sub: 'ann', docs: ann.docs });
      }
    },
  );

  test('U42 further claims, the key id and the algorithm are as they were asked for', async () => {
    const claims = { team: { id: 7 } };
    const token = await sign({ ...ann, secret, claims, keyId: 'old', algorithm: 'HS512' });
    expect(part(token, 0)).toEqual({ alg: 'HS512', typ: 'JWT', kid: 'old' });
    expect(part(token, 1)).toMatchObject(claims);
  });

  const { sub } = ann;
  test.each<[string, Partial<TokenOptions>, RegExp]>([
    ['no sub', { sub: '' }, /`sub` is missing/],
    ['half a character', { sub: 'ann\ud83d' }, /`sub` must be a text/],
    ['a number for a name', { name: 7 as unknown as string }, /`name` must be a text/],
    ['a number for a session', { sid: 7 as unknown as string }, /`sid` must be a text/],
    ['too much in it', { claims: { more: 'x'.repeat(9_000) } }, /the token is longer than 8192/],
    ['no time', { ttlS: 0 }, /`ttlS` must be a whole number of seconds/],
    ['half a second', { ttlS: 0.5 }, /`ttlS` must be a whole number of seconds/],
    ['a bad grant', { docs: [{ pattern: '', access: 'read' }] }, /docs\[0\] has no pattern/],
    ['a claim that is set here', { claims: { exp: 1 } }, /`claims` cannot set exp/],
    ['a short secret', { secret: 'short' }, /the JWT secret is too short/],
    ['no key', { secret: undefined }, /needs a `secret` or a `privateKey`/],
    ['two keys', { privateKey: pem(rsa.privateKey, 'pkcs8') }, /choose one/],
    ['a secret for RS256', { algorithm: 'RS256' }, /a secret signs with HS256/],
    ['a public key as secret', { secret: pem(rsa.publicKey, 'spki') }, /is a public or private key/],
    [
      'its inside as secret',
      { secret: pem(p256.publicKey, 'spki').replaceAll(/-{5}.*-{5}|\n/g, '') },
      /is a public or private key/,
    ],
    [
      'a private one as secret',
      { secret: pem(rsa.privateKey, 'pkcs8').replaceAll(/-{5}.*-{5}|\n/g, '') },
      /is a public or private key/,
    ],
    ['PKCS #1', { secret: undefined, privateKey: pem(rsa.privateKey, 'pkcs1') }, /openssl pkcs8 -topk8/],
    ['SEC 1', { secret: undefined, privateKey: pem(p256.privateKey, 'sec1') }, /openssl pkcs8 -topk8/],
    ['a public key', { secret: undefined, privateKey: pem(rsa.publicKey, 'spki') }, /is a public one/],
    [
      'a public JWK',
      { secret: undefined, privateKey: rsa.publicKey.export({ format: 'jwk' }) },
      /is not a private key/,
    ],
    ['no key at all', { secret: undefined, privateKey: 'nonsense' }, /is not PEM text/],
    [
      'another algorithm',
      { secret: undefined, privateKey: pem(rsa.privateKey, 'pkcs8'), algorithm: 'ES256' },
      /cannot be read as one for ES256/,
    ],
  ])('U43 are not made with %s, and the sentence holds no key', async (_, change, message) => {
    const refusal = await sign({ sub, secret, ...change }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TypeError);
    expect((refusal as TypeError).message).toMatch(message);
    for (const key of [secret, change.secret, change.privateKey])
      if (typeof key === 'string' && key.length > 8)
        expect((refusal as TypeError).message).not.toContain(key.slice(30, 60) || key);
  });

  test('U43 secrets that are no keys are taken, whatever they look like', async () => {
    for (let length = 16; length < 80; length++) {
      const text = Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString('base64');
      await expect(sign({ ...ann, secret: text })).resolves.toBeTypeOf('string');
    }
  });
});
