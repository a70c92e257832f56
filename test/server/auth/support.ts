// Forges tokens with node:crypto, so that what is tested is not what makes the input.

import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

import { SyncError } from '../../../shared/errors.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

export const startMs = 1_800_000_000_000;

/** A clock that stands still at the time the tokens below are made for. */
export const standingClock = (): FakeClock => createFakeClock(startMs);

export const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url');

export const secret = 'a secret of at least thirty-two bytes';
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** Seconds since the epoch, from the clock's start. */
export const at = (offsetS: number): number => startMs / 1000 + offsetS;

export const goodClaims = {
  sub: 'ann',
  exp: at(60),
  iat: at(0),
  docs: [{ pattern: 'notes/**', access: 'write' }],
};

export type Signer = (input: string) => Uint8Array;
export const hs256 =
  (key: string | Uint8Array): Signer =>
  (input) =>
    createHmac('sha256', key).update(input).digest();
export const rs256 =
  (key: KeyObject = rsa.privateKey): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), key);

/** A token of any header and payload, objects or raw text, with any signature. */
export function forge(header: unknown, payload: unknown, signer: Signer): string {
  const text = (part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part));
  const input = `${base64url(text(header))}.${base64url(text(payload))}`;
  return `${input}.${base64url(signer(input))}`;
}

export const hsToken = (payload: unknown = goodClaims, header: object = {}): string =>
  forge({ alg: 'HS256', ...header }, payload, hs256(secret));
export const rsToken = (payload: unknown = goodClaims, header: object = {}): string =>
  forge({ alg: 'RS256', ...header }, payload, rs256());

/** The SyncError an answer was refused with. */
export async function refusalOf(answer: Promise<unknown> | (() => unknown)): Promise<SyncError> {
  try {
    await (typeof answer === 'function' ? answer() : answer);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** P-256, self-signed, good for 100 years; nobody has its private key. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUe2onYgf5VpSylC036Ebjxcud6KowCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjAxOTE1MzRaGA8yMTI2MTAyNzE5MTUz
NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCeV
2lrzieA9mVkG4Fsy6MHWnMBTJcFKw/BmbD3EGu1zJPsVB3r569+1jzChYXztwHTP
zpj62CtMJ+lxnMT1456jUzBRMB0GA1UdDgQWBBSkuJN1pU1b6FrCoqZoqdVq+XxU
pzAfBgNVHSMEGDAWgBSkuJN1pU1b6FrCoqZoqdVq+XxUpzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCJS2TpzXEx0X1imXhlGjMX2EmmsgJv76na
AflFebfHgAIhALaQEyMXvnlL0BkD0rCYOTFDmJVjZIo8xyHG6+F3zcUQ
-----END CERTIFICATE-----`;
