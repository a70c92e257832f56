import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { FakeClock } from '../../support/fake-clock.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
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
  const make = () => createJwtAuthenticator({ jwksUrl: url }, { clock });
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
    clock.advance(10 * 60_000);
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
