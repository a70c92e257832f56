import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { parseDocumentName } from '../../../shared/document-name.js';
import { SyncError } from '../../../shared/errors.js';
import type { Claims } from '../../../shared/permission.js';
import type { Authenticator } from '../../../server/auth/authenticator.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import { ConfigError } from '../../../server/errors.js';
import type { AuthOptions } from '../../../server/options.js';
import {
  at,
  base64url,
  certificate,
  forge,
  goodClaims,
  hs256,
  hsToken,
  standingClock,
  refusalOf,
  rs256,
  rsa,
  rsaPem,
  rsToken,
  secret,
  type Signer,
} from './support.js';

const clock = standingClock();
const make = (options: AuthOptions, with_: object = {}): Promise<Authenticator> =>
  createJwtAuthenticator(options, { clock, ...with_ });
const notes = parseDocumentName('notes/a');

const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = rsa.publicKey.export({ format: 'jwk' });
const nothing: Signer = () => new Uint8Array(0);
const big = 'x'.repeat(1024 * 1024);
const withClaims = (claims: object) => rsToken({ ...goodClaims, ...claims });
const rawPayload = (payload: string) => rsToken(payload);

/** Hostile or broken tokens for a server that has an RSA public key, an issuer and an audience. */
const claims = { ...goodClaims, iss: 'https://issuer.example', aud: 'heddle' };
const base = (header: object, signer: Signer = rs256()) => forge(header, claims, signer);
const hostile: [name: string, token: string][] = [
  ['alg none', base({ alg: 'none' }, nothing)],
  ['alg None', base({ alg: 'None' }, nothing)],
  ['alg NONE with a signature', base({ alg: 'NONE' })],
  ['alg nOnE, no third part', base({ alg: 'nOnE' }, nothing).slice(0, -1)],
  ['no alg', base({})],
  ['alg of another type', base({ alg: ['RS256'] })],
  ['HS256 signed with the public PEM', base({ alg: 'HS256' }, hs256(rsaPem))],
  ['HS256 signed with the trimmed PEM', base({ alg: 'HS256' }, hs256(rsaPem.trim()))],
  ['HS256 signed with the JWK', base({ alg: 'HS256' }, hs256(JSON.stringify(jwk)))],
  ['HS256 signed with an empty key', base({ alg: 'HS256' }, hs256(''))],
  ['HS512 header on the HS256 forgery', base({ alg: 'HS512' }, hs256(rsaPem))],
  [
    'embedded jwk',
    base({ alg: 'RS256', jwk: other.publicKey.export({ format: 'jwk' }) }, rs256(other.privateKey)),
  ],
  ['jku', base({ alg: 'RS256', jku: 'http://127.0.0.1:9/keys' }, rs256(other.privateKey))],
  ['x5u', base({ alg: 'RS256', x5u: 'http://127.0.0.1:9/cert' }, rs256(other.privateKey))],
  ['x5c', base({ alg: 'RS256', x5c: ['MIIB'] }, rs256(other.privateKey))],
  ['kid traversal', base({ alg: 'HS256', kid: '../../../../dev/null' }, hs256(''))],
  ['kid with SQL', base({ alg: 'RS256', kid: "' OR 1=1 --" }, rs256(other.privateKey))],
  ['crit of an unknown extension', base({ alg: 'RS256', crit: ['exp'], exp: 1 })],
  ['crit empty', base({ alg: 'RS256', crit: [] })],
  ['b64 false', base({ alg: 'RS256', b64: false, crit: ['b64'] })],
  ['JWE of five parts', `${base64url('{"alg":"PBES2-HS256+A128KW","p2c":1000000000}')}.YQ.YQ.YQ.YQ`],
  ['another key', base({ alg: 'RS256' }, rs256(other.privateKey))],
  ['PS256 header on an RS256 signature', base({ alg: 'PS256' })],
  ['RS512 header on an RS256 signature', base({ alg: 'RS512' })],
  ['ES256 header', base({ alg: 'ES256' })],
  ['no signature', base({ alg: 'RS256' }, nothing)],
  ['signature of zeros', base({ alg: 'RS256' }, () => new Uint8Array(256))],
  ['payload changed after signing', tamper(base({ alg: 'RS256' }))],
  ['header not JSON', forge('no json', claims, rs256())],
  ['header a list', forge([], claims, rs256())],
  ['payload not JSON', forge({ alg: 'RS256' }, 'no json', rs256())],
  ['payload a list', forge({ alg: 'RS256' }, [], rs256())],
  ['payload null', forge({ alg: 'RS256' }, 'null', rs256())],
  ['1 MB', forge({ alg: 'RS256' }, { ...claims, big }, rs256())],
  ['200,000 dots', '.'.repeat(200_000)],
  ['8,000 dots', '.'.repeat(8000)],
  ['5,000 deep', forge({ alg: 'RS256' }, `{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`, rs256())],
  ['not base64url', base({ alg: 'RS256' }).replace('.', '.+')],
  ['white space', ` ${base({ alg: 'RS256' })}`],
  ['control characters', 'a\u0000.b\n.c'],
  ['no iss', forge({ alg: 'RS256' }, { ...goodClaims, aud: 'heddle' }, rs256())],
  ['wrong iss', forge({ alg: 'RS256' }, { ...claims, iss: 'https://issuer.example.evil' }, rs256())],
  ['no aud', forge({ alg: 'RS256' }, { ...goodClaims, iss: claims.iss }, rs256())],
  ['wrong aud', forge({ alg: 'RS256' }, { ...claims, aud: ['billing'] }, rs256())],
];

function tamper(token: string): string {
  const [header, , signature] = token.split('.');
  return `${header}.${base64url(JSON.stringify({ ...claims, sub: 'admin' }))}.${signature}`;
}

describe('hostile tokens', () => {
  test('A1 the list is not shorter than the one it was made from', () => {
    expect(hostile.length).toBeGreaterThanOrEqual(40);
  });

  test.each(hostile)('A1 refused: %s', async (_, token) => {
    const authenticator = await make({ publicKey: rsaPem, issuer: claims.iss, audience: claims.aud });
    const refusal = await refusalOf(authenticator.authenticate(token));
    expect(refusal.code).toBe('TOKEN_INVALID');
    expect(refusal.reason.length).toBeLessThan(123);
    expectNoTrace(refusal, token);
  });

  test('A1 what is refused above is otherwise right', async () => {
    const authenticator = await make({ publicKey: rsaPem, issuer: claims.iss, audience: claims.aud });
    await expect(authenticator.authenticate(base({ alg: 'RS256' }))).resolves.toMatchObject({ sub: 'ann' });
  });

  const byClaims: [name: string, token: string, code: string, reason: RegExp][] = [
    ['no exp', rsToken({ sub: 'ann' }), 'TOKEN_INVALID', /exp is missing/],
    ['exp as text', withClaims({ exp: '9999999999' }), 'TOKEN_INVALID', /exp/],
    ['exp 1e999', rawPayload('{"sub":"ann","exp":1e999}'), 'TOKEN_INVALID', /exp/],
    ['exp null', withClaims({ exp: null }), 'TOKEN_INVALID', /exp/],
    ['exp over', withClaims({ exp: at(-1) }), 'TOKEN_EXPIRED', /EXPIRED/],
    ['exp now', withClaims({ exp: at(0) }), 'TOKEN_EXPIRED', /EXPIRED/],
    ['exp negative', withClaims({ exp: -1 }), 'TOKEN_EXPIRED', /EXPIRED/],
    ['no sub', rsToken({ exp: at(60) }), 'TOKEN_INVALID', /sub is missing/],
    ['sub empty', withClaims({ sub: '' }), 'TOKEN_INVALID', /sub/],
    ['sub a number', withClaims({ sub: 1 }), 'TOKEN_INVALID', /sub/],
    ['sub an object', withClaims({ sub: { toString: 'ann' } }), 'TOKEN_INVALID', /sub/],
    ['sub half a character', rawPayload(`{"sub":"\\ud800","exp":${at(9)}}`), 'TOKEN_INVALID', /sub/],
    ['sub only in __proto__', rawPayload(`{"__proto__":{"sub":"a"},"exp":${at(9)}}`), 'TOKEN_INVALID', /sub/],
    ['iat in the future', withClaims({ iat: at(6) }), 'TOKEN_INVALID', /iat/],
    ['iat as text', withClaims({ iat: 'now' }), 'TOKEN_INVALID', /iat/],
    ['nbf in the future', withClaims({ nbf: at(6) }), 'TOKEN_INVALID', /nbf/],
    ['jti a number', withClaims({ jti: 7 }), 'TOKEN_INVALID', /jti/],
    ['sid a list', withClaims({ sid: ['a'] }), 'TOKEN_INVALID', /sid/],
    ['docs of another shape', withClaims({ docs: 'notes/**' }), 'TOKEN_INVALID', /docs/],
    [
      'docs with more than is known',
      withClaims({ docs: [{ pattern: 'a', access: 'read', until: 1 }] }),
      'TOKEN_INVALID',
      /docs\[0\]/,
    ],
    ['docs with admin', withClaims({ docs: [{ pattern: 'a', access: 'admin' }] }), 'TOKEN_INVALID', /access/],
  ];
  test.each(byClaims)('A1 refused although signed: %s', async (_, token, code, reason) => {
    const refusal = await refusalOf((await make({ publicKey: rsaPem })).authenticate(token));
    expect(refusal.code).toBe(code);
    expect(refusal.reason).toMatch(reason);
    expectNoTrace(refusal, token);
  });

  const allowed: [name: string, token: string, sub: string][] = [
    ['expires in 300 years', withClaims({ exp: at(300 * 365 * 86_400) }), 'ann'],
    ['duplicate claims: the last counts', rawPayload(`{"sub":"ann","sub":"bob","exp":${at(9)}}`), 'bob'],
    ['a __proto__ claim', rawPayload(`{"sub":"ann","exp":${at(9)},"__proto__":{"admin":true}}`), 'ann'],
    [
      '1,000 deep',
      rawPayload(`{"sub":"ann","exp":${at(9)},"x":${'['.repeat(1000)}${']'.repeat(1000)}}`),
      'ann',
    ],
    ['iat a little ahead', withClaims({ iat: at(5) }), 'ann'],
    ['nbf a little ahead', withClaims({ nbf: at(5) }), 'ann'],
    ['no docs', rsToken({ sub: 'ann', exp: at(9) }), 'ann'],
    ['a kid nobody knows', rsToken(goodClaims, { kid: '../../x' }), 'ann'],
  ];
  test.each(allowed)('A1 accepted when signed: %s', async (_, token, sub) => {
    await expect((await make({ publicKey: rsaPem })).authenticate(token)).resolves.toMatchObject({ sub });
  });

  test('A1 no token is TOKEN_MISSING', async () => {
    const authenticator = await make({ secret });
    expect((await refusalOf(authenticator.authenticate(undefined))).code).toBe('TOKEN_MISSING');
    expect((await refusalOf(authenticator.authenticate(''))).code).toBe('TOKEN_MISSING');
  });

  test('O2 200,000 dots and 1 MB are refused without being looked at', async () => {
    const authenticator = await make({ secret });
    const before = performance.now();
    for (let i = 0; i < 1000; i += 1) await refusalOf(authenticator.authenticate('.'.repeat(200_000)));
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('claims', () => {
  test('A1 are mapped, and the payload is whole', async () => {
    const authenticator = await make({ secret });
    const token = hsToken({ ...goodClaims, jti: 'j', sid: 's', name: 'Ann', plan: { seats: 3 } });
    const result = await authenticator.authenticate(token);
    expect(result).toMatchObject({ sub: 'ann', exp: at(60), iat: at(0), jti: 'j', sid: 's', name: 'Ann' });
    expect(result.docs).toEqual(goodClaims.docs);
    expect(result.payload['plan']).toEqual({ seats: 3 });
  });

  test('O1 a payload inherits nothing, holds no __proto__ and cannot be changed by who shares it', async () => {
    const payload = `{"sub":"ann","exp":${at(9)},"__proto__":{"admin":true},"deep":{"list":[1]}}`;
    const result = await (await make({ secret })).authenticate(hsToken(payload));
    expect(result.payload['constructor']).toBeUndefined();
    expect(Object.keys(result.payload)).toEqual(['sub', 'exp', 'deep']);
    expect(Object.assign({}, result.payload)).not.toHaveProperty('admin');
    expect(() => ((result.payload['deep'] as { list: number[] }).list[0] = 2)).toThrow(TypeError);
    expect(() => ((result as { sub: string }).sub = 'admin')).toThrow(TypeError);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('time', () => {
  test('A2 a token is over at exp exactly, cached or not, tolerance or not', async () => {
    const own = standingClock();
    const authenticator = await createJwtAuthenticator({ secret, clockToleranceS: 30 }, { clock: own });
    const token = hsToken({ ...goodClaims, exp: at(3) });
    await authenticator.authenticate(token);
    own.advance(2999);
    await authenticator.authenticate(token);
    await authenticator.authenticate(hsToken({ ...goodClaims, sub: 'bob', exp: at(3) }));
    own.advance(1);
    expect((await refusalOf(authenticator.authenticate(token))).code).toBe('TOKEN_EXPIRED');
    expect((await refusalOf(authenticator.authenticate(token))).code).toBe('TOKEN_EXPIRED');
    const fresh = hsToken({ ...goodClaims, sub: 'eve', exp: at(3) });
    expect((await refusalOf(authenticator.authenticate(fresh))).code).toBe('TOKEN_EXPIRED');
  });

  test('A1 a token known to be good is not verified again, and gives the same claims', async () => {
    const authenticator = await make({ secret });
    const token = hsToken();
    const first = await authenticator.authenticate(token);
    expect(await authenticator.authenticate(token)).toBe(first);
  });

  test('O2 the oldest of 10,000 verified tokens is forgotten, the one in use is kept', async () => {
    const authenticator = await make({ secret });
    const tokens = Array.from({ length: 10_001 }, (_, i) => hsToken({ ...goodClaims, sub: `user ${i}` }));
    const kept = await authenticator.authenticate(tokens[0]);
    const forgotten = await authenticator.authenticate(tokens[1]);
    for (const token of tokens.slice(2)) {
      await authenticator.authenticate(token);
      await authenticator.authenticate(tokens[0]);
    }
    expect(await authenticator.authenticate(tokens[0])).toBe(kept);
    expect(await authenticator.authenticate(tokens[1])).not.toBe(forgotten);
  });
});

describe('keys', () => {
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
  const pem = (pair: { publicKey: import('node:crypto').KeyObject }) =>
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const ed = generateKeyPairSync('ed25519');
  const p256 = ec('P-256');

  test('A1 RSA, EC and Ed25519 keys verify what fits them', async () => {
    const { sign } = await import('node:crypto');
    const ecSigner: Signer = (input) =>
      sign('sha256', Buffer.from(input), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' });
    const edSigner: Signer = (input) => sign(null, Buffer.from(input), ed.privateKey);
    const ecAuthenticator = await make({ publicKey: pem(p256) });
    const edAuthenticator = await make({ publicKey: pem(ed).replaceAll('\n', '\\n') });
    await ecAuthenticator.authenticate(forge({ alg: 'ES256' }, goodClaims, ecSigner));
    await edAuthenticator.authenticate(forge({ alg: 'EdDSA' }, goodClaims, edSigner));
    await edAuthenticator.authenticate(forge({ alg: 'Ed25519' }, goodClaims, edSigner));
    const refusal = await refusalOf(
      ecAuthenticator.authenticate(forge({ alg: 'EdDSA' }, goodClaims, edSigner)),
    );
    expect(refusal.reason).toMatch(/algorithm is not allowed/);
  });

  test('A1 a certificate gives its public key', async () => {
    const publicKey = new X509Certificate(certificate).publicKey;
    expect(publicKey.asymmetricKeyType).toBe('ec');
    await expect(make({ publicKey: certificate })).resolves.toBeDefined();
  });

  test('A1 algorithms narrow what is believed', async () => {
    const authenticator = await make({ publicKey: rsaPem, algorithms: ['PS256'] });
    expect((await refusalOf(authenticator.authenticate(rsToken()))).reason).toMatch(/algorithm/);
    const hs512 = await make({ secret, algorithms: ['HS512'] });
    expect((await refusalOf(hs512.authenticate(hsToken()))).reason).toMatch(/algorithm/);
  });

  const rsaText = rsaPem.split('\n').slice(1, -2).join('');
  const refused: [name: string, options: AuthOptions, message: RegExp][] = [
    ['no key', {}, /exactly one/],
    ['two kinds of key', { secret, publicKey: rsaPem }, /exactly one/],
    ['a PEM as the secret', { secret: rsaPem }, /is a public or private key/],
    [
      'a PEM on one line as the secret',
      { secret: rsaPem.replaceAll('\n', '\\n') },
      /is a public or private key/,
    ],
    ['the inside of a PEM as the secret', { secret: rsaText }, /is a public or private key/],
    ['a JWK as the secret', { secret: JSON.stringify(jwk) }, /is a public or private key/],
    ['a certificate as the secret', { secret: certificate }, /is a public or private key/],
    ['an empty secret', { secret: '' }, /too short/],
    ['a secret of 15 bytes', { secret: 'x'.repeat(15) }, /too short/],
    [
      'a private key as the public one',
      { publicKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      /private key/,
    ],
    ['a secret as the public key', { publicKey: secret }, /cannot be read/],
    [
      'an RSA key of 1024 bits',
      { publicKey: pem(generateKeyPairSync('rsa', { modulusLength: 1024 })) },
      /1024 bits/,
    ],
    ['a curve nobody signs with', { publicKey: pem(ec('secp256k1')) }, /not supported/],
    ['an X25519 key', { publicKey: pem(generateKeyPairSync('x25519')) }, /not supported/],
    ['HS256 with a public key', { publicKey: rsaPem, algorithms: ['RS256', 'HS256'] }, /HS256 does not fit/],
    ['RS256 with a secret', { secret, algorithms: ['RS256'] }, /RS256 does not fit/],
    ['none', { secret, algorithms: ['none'] }, /none does not fit/],
    ['no algorithm', { secret, algorithms: [] }, /empty/],
    [
      'HS256 with a JWKS',
      { jwksUrl: 'https://issuer.example/keys', algorithms: ['HS256'] },
      /HS256 does not fit/,
    ],
    ['a JWKS that is a file', { jwksUrl: 'file:///etc/passwd' }, /http or https/],
    ['a JWKS that is no URL', { jwksUrl: 'issuer.example' }, /http or https/],
  ];
  test.each(refused)('A1 refused at start: %s', async (_, options, message) => {
    const error = await make(options).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
    const given = [options.secret, options.publicKey].filter((key) => key !== undefined && key !== '');
    for (const key of given) expect(inspect(error)).not.toContain(key);
  });
});

describe('rights', () => {
  const known: Claims = { sub: 'ann', payload: {}, docs: [{ pattern: 'notes/**', access: 'write' }] };

  test('A1 come from the docs claim, and none without one', async () => {
    const authenticator = await make({ secret });
    expect(authenticator.authorize(known, notes)).toBe('write');
    expect(authenticator.authorize(known, parseDocumentName('other'))).toBe('none');
    expect(authenticator.authorize({ sub: 'ann', payload: {} }, notes)).toBe('none');
  });

  test('A1 come from the hook instead when there is one, whatever docs says', async () => {
    const asked: unknown[] = [];
    const authorize = (claims: Claims, name: string) => {
      asked.push(claims, name);
      return Promise.resolve('read' as const);
    };
    const authenticator = await make({ secret }, { authorize });
    const result = await authenticator.authenticate(hsToken({ ...goodClaims, docs: { ours: true } }));
    expect(result.docs).toBeUndefined();
    expect(result.payload['docs']).toEqual({ ours: true });
    await expect(authenticator.authorize(result, notes)).resolves.toBe('read');
    expect(asked).toEqual([result, 'notes/a']);
  });

  const answers: [name: string, authorize: () => unknown, code: string][] = [
    [
      'throws',
      () => {
        throw new Error('secret detail');
      },
      'FORBIDDEN',
    ],
    ['rejects', () => Promise.reject(new Error('secret detail')), 'FORBIDDEN'],
    [
      'throws a SyncError',
      () => {
        throw new SyncError('STORE_UNAVAILABLE');
      },
      'STORE_UNAVAILABLE',
    ],
    ['returns nothing', () => undefined, 'INTERNAL'],
    ['returns true', () => true, 'INTERNAL'],
    ['returns admin', () => 'admin', 'INTERNAL'],
  ];
  test.each(answers)('A1 a hook that %s lets nobody in', async (_, authorize, code) => {
    const authenticator = await make({ secret }, { authorize });
    const refusal = await refusalOf(() => authenticator.authorize(known, notes));
    expect(refusal.code).toBe(code);
    expect(refusal.reason).not.toContain('secret detail');
  });
});

/** Neither the token nor its payload or signature is in what an error says or carries. */
function expectNoTrace(error: Error, token: string): void {
  const text = inspect(error, { depth: 10, showHidden: true, maxStringLength: null }) + JSON.stringify(error);
  for (const part of token.split('.').filter(({ length }) => length > 12))
    expect(text.includes(part)).toBe(false);
  for (const word of ['ann', 'notes/**']) expect(text.includes(`'${word}'`)).toBe(false);
}
