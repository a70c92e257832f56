import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { FakeClock } from '../../support/fake-clock.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import type { AuthOptions } from '../../../server/options.js';
import type { LogFields } from '../../../shared/logger.js';
import { forge, goodClaims, hs256, standingClock, refusalOf, rs256, at } from './support.js';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const [one, two, three] = [pair(), pair(), pair()];
const published = (key: { publicKey: KeyObject }, kid?: string) => ({
  ...key.publicKey.export({ format: 'jwk' }),
  ...(kid === undefined ? {} : { kid }),
  use: 'sig',
  alg: 'RS256',
});
const signed = (key: { privateKey: KeyObject }, kid?: string, claims: object = goodClaims) =>
  forge({ alg: 'RS256', ...(kid === undefined ? {} : { kid }) }, claims, rs256(key.privateKey));

describe('published keys', () => {
  let server: Server;
  let url: string;
  let keys: object[];
  let status: number;
  let requests: number;
  let clock: FakeClock;

  beforeEach(async () => {
    [keys, status, requests, clock] = [[published(one, 'one')], 200, 0, standingClock()];
    server = createServer((_, response) => {
      requests += 1;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });
  afterEach(() => {
    vi.restoreAllMocks();
    server.close();
    server.closeAllConnections();
  });
  let lines: { level: string; fields: LogFields; message: string }[];
  const note = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message });
  const make = (options: Partial<AuthOptions> = {}) => {
    lines = [];
    const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
    return createJwtAuthenticator({ jwksUrl: url, ...options }, { clock, logger });
  };
  const far = { ...goodClaims, exp: at(86_400) };

  test('A1 are fetched once, when first needed, for many tokens at once', async () => {
    const authenticator = await make();
    expect(requests).toBe(0);
    const tokens = Array.from({ length: 50 }, (_, i) =>
      signed(one, 'one', { ...goodClaims, sub: `user ${i}` }),
    );
    await Promise.all(tokens.map((token) => authenticator.authenticate(token)));
    expect(requests).toBe(1);
  });

  test('A1 a rotated key is fetched when a token names it; the old one still counts while published', async () => {
    const authenticator = await make();
    await authenticator.authenticate(signed(one, 'one'));
    keys = [published(one, 'one'), published(two, 'two')];
    clock.advance(10_000);
    await authenticator.authenticate(signed(two, 'two'));
    await authenticator.authenticate(signed(one, 'one', { ...goodClaims, sub: 'bob' }));
    expect(requests).toBe(2);
  });

  test('O2 bad tokens with unknown key ids do not become requests', async () => {
    const authenticator = await make();
    await authenticator.authenticate(signed(one, 'one'));
    for (let i = 0; i < 200; i += 1) {
      expect((await refusalOf(authenticator.authenticate(signed(two, `bad ${i}`)))).reason).toMatch(/no key/);
    }
    expect(requests).toBe(1);
    clock.advance(10_000);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => refusalOf(authenticator.authenticate(signed(two, `worse ${i}`)))),
    );
    for (let i = 0; i < 50; i += 1) await refusalOf(authenticator.authenticate(signed(two, `worst ${i}`)));
    expect(requests).toBe(2);
  });

  test('A1 the keys at hand are used while the issuer is down, however long', async () => {
    // jose has ages of its own and asks the real clock.
    vi.spyOn(Date, 'now').mockImplementation(() => clock.now());
    const authenticator = await make();
    await authenticator.authenticate(signed(one, 'one', far));
    status = 500;
    for (let hour = 0; hour < 5; hour += 1) {
      clock.advance(3_600_000);
      await authenticator.authenticate(signed(one, 'one', { ...far, sub: `user ${hour}` }));
    }
    expect((await refusalOf(authenticator.authenticate(signed(two, 'two', far)))).code).toBe('TOKEN_INVALID');
    status = 200;
    keys = [published(one, 'one'), published(two, 'two')];
    clock.advance(10_000);
    await authenticator.authenticate(signed(two, 'two', far));
  });

  test('A1 an issuer that was never reached is not the fault of the token, and is asked at a pace', async () => {
    status = 503;
    const authenticator = await make();
    for (let i = 0; i < 20; i += 1) {
      const refusal = await refusalOf(authenticator.authenticate(signed(one, 'one')));
      expect([refusal.code, refusal.retry]).toEqual(['INTERNAL', 'backoff']);
      expect(inspect(refusal)).not.toContain(signed(one, 'one').slice(-40));
    }
    expect(requests).toBe(1);
    status = 200;
    clock.advance(1000);
    await authenticator.authenticate(signed(one, 'one'));
    expect(requests).toBe(2);
  });

  test('A1 a withdrawn key stops counting once the keys are fetched again, cached tokens too', async () => {
    const authenticator = await make();
    const token = signed(one, 'one', far);
    await authenticator.authenticate(token);
    keys = [published(two, 'two')];
    clock.advance(5 * 60_000);
    await authenticator.authenticate(token); // starts the fetch in the background
    await expect.poll(() => requests).toBe(2);
    await expect
      .poll(() =>
        authenticator.authenticate(token).then(
          () => 'accepted',
          (error: { code: string }) => error.code,
        ),
      )
      .toBe('TOKEN_INVALID');
  });

  test('O23 a withdrawn key counts for ten minutes at most, also where no token has come meanwhile', async () => {
    const authenticator = await make();
    const token = signed(one, 'one', far);
    await authenticator.authenticate(token);
    keys = [published(two, 'two')];
    clock.advance(10 * 60_000 - 1);
    // A client that comes in the last moment is let in, and has the keys fetched for the next one.
    await authenticator.authenticate(token);
    await expect.poll(() => requests).toBe(2);
    const other = await make();
    keys = [published(one, 'one')];
    await other.authenticate(token);
    keys = [published(two, 'two')];
    clock.advance(10 * 60_000);
    expect((await refusalOf(other.authenticate(token))).code).toBe('TOKEN_INVALID');
  });

  test('O23 while the issuer is down the keys at hand count, and whoever asks is told so', async () => {
    const authenticator = await make();
    const token = signed(one, 'one', far);
    await authenticator.authenticate(token);
    expect(authenticator.keys).toBe('at hand');
    status = 500;
    clock.advance(10 * 60_000);
    await authenticator.authenticate(token);
    expect(authenticator.keys).toBe('old');
    expect(lines).toMatchObject([
      { level: 'warn', message: "the token issuer's keys cannot be fetched: those at hand are used" },
    ]);
    // At a pace.
    for (let i = 0; i < 20; i++) await authenticator.authenticate(token);
    expect([requests, lines.length]).toEqual([2, 1]);
    status = 200;
    clock.advance(10_000);
    await authenticator.authenticate(token);
    expect(authenticator.keys).toBe('at hand');
    expect(lines.at(-1)).toMatchObject({ level: 'info', fields: { url } });
  });

  test('O22 a token that names a new key within the pause is refused, which the log says once', async () => {
    const authenticator = await make();
    await authenticator.authenticate(signed(one, 'one'));
    clock.advance(10_000);
    await refusalOf(authenticator.authenticate(signed(three, 'three')));
    expect(lines).toEqual([]);
    keys = [published(one, 'one'), published(two, 'two')];
    clock.advance(2_000);
    for (let i = 0; i < 10; i++) await refusalOf(authenticator.authenticate(signed(two, 'two')));
    expect(lines).toMatchObject([{ level: 'warn', fields: { url, kid: 'two', pauseMs: 8_000 } }]);
    clock.advance(8_000);
    await authenticator.authenticate(signed(two, 'two'));
    clock.advance(1_000);
    await refusalOf(authenticator.authenticate(signed(three, 'three')));
    expect([requests, lines.length]).toEqual([3, 2]);
  });

  test('O17 an issuer that cannot be reached is logged with its URL and the cause, without what may be secret of it', async () => {
    await new Promise((resolve) => server.close(resolve));
    const authenticator = await make({ jwksUrl: `${url}?key=secret` });
    expect(authenticator.keys).toBe('missing');
    await expect.poll(() => lines.length).toBe(1);
    const [{ level, fields, message }] = lines as [(typeof lines)[number]];
    expect([level, message]).toEqual([
      'error',
      "the token issuer's keys cannot be fetched: nobody is let in",
    ]);
    expect(fields).toMatchObject({ url, cause: expect.stringContaining('ECONNREFUSED') as string });
    expect(inspect(lines)).not.toContain('secret');
    await expect(make({ jwksUrl: url.replace('//', '//user:password@') })).rejects.toThrow(
      /user and a password/,
    );
  });

  test.each([
    ['a status', () => (status = 418), /200/],
    ['something else than keys', () => (keys = 'nonsense' as never), /./],
  ])('O17 an issuer that answers with %s is logged with it', async (_, spoil, cause) => {
    spoil();
    const authenticator = await make();
    expect((await refusalOf(authenticator.authenticate(signed(one, 'one')))).code).toBe('INTERNAL');
    expect(lines).toMatchObject([
      { level: 'error', fields: { url, cause: expect.stringMatching(cause) as string } },
    ]);
  });

  test('O17 asking whether there are keys fetches them, at the pace of all requests', async () => {
    status = 503;
    const authenticator = await make();
    for (let i = 0; i < 10; i++) expect(authenticator.keys).toBe('missing');
    await expect.poll(() => requests).toBe(1);
    await expect.poll(() => lines.length).toBe(1);
    status = 200;
    clock.advance(1_000);
    void authenticator.keys;
    await expect.poll(() => authenticator.keys).toBe('at hand');
    expect(requests).toBe(2);
  });

  test('O24 clocks may differ by a minute where the option says so, and expiry is exact all the same', async () => {
    const early = { ...goodClaims, iat: at(59), nbf: at(59) };
    const usual = await make();
    expect((await refusalOf(usual.authenticate(signed(one, 'one', early)))).code).toBe('TOKEN_INVALID');
    const tolerant = await make({ clockToleranceS: 60 });
    await tolerant.authenticate(signed(one, 'one', early));
    const tooEarly = { ...goodClaims, iat: at(62), nbf: at(62) };
    expect((await refusalOf(tolerant.authenticate(signed(one, 'one', tooEarly)))).code).toBe('TOKEN_INVALID');
    const over = { ...goodClaims, exp: at(-1) };
    expect((await refusalOf(tolerant.authenticate(signed(one, 'one', over)))).code).toBe('TOKEN_EXPIRED');
  });

  test('A1 a token without a key id is tried with each key it fits', async () => {
    keys = [published(one), published(two)];
    const authenticator = await make();
    await authenticator.authenticate(signed(one));
    await authenticator.authenticate(signed(two));
    expect((await refusalOf(authenticator.authenticate(signed(three)))).reason).toMatch(/does not verify/);
    const expired = signed(two, undefined, { ...goodClaims, exp: at(-1) });
    expect((await refusalOf(authenticator.authenticate(expired))).code).toBe('TOKEN_EXPIRED');
  });

  test('A1 the published key is not a secret: HS256 with it is refused', async () => {
    const authenticator = await make();
    const text = JSON.stringify(published(one, 'one'));
    const forged = forge({ alg: 'HS256', kid: 'one' }, goodClaims, hs256(text));
    expect((await refusalOf(authenticator.authenticate(forged))).reason).toMatch(/algorithm/);
    expect(requests).toBe(0);
  });

  test.each([
    ['a symmetric key', [{ kty: 'oct', kid: 'one', k: 'YWJj', alg: 'HS256' }]],
    ['nothing', []],
    ['keys for encryption', [{ ...published(one, 'one'), use: 'enc' }]],
    ['broken keys', [{ kty: 'RSA', kid: 'one', n: '!', e: 'AQAB', alg: 'RS256' }]],
  ])('O1 a set that holds %s lets nobody in', async (_, set) => {
    keys = set;
    const authenticator = await make();
    expect((await refusalOf(authenticator.authenticate(signed(one, 'one')))).code).toBe('TOKEN_INVALID');
  });
});
