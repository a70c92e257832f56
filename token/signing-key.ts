// The key that tokens are signed with: a shared secret, or a private key as PEM text or JWK. Nothing but Web Crypto.

import { importJWK, importPKCS8, type CryptoKey, type JWK } from 'jose';
import { decodeBase64, secretBytes } from './secret.js';

/** A key and the algorithm it signs with. */
export interface SigningKey {
  readonly key: CryptoKey | Uint8Array;
  readonly algorithm: string;
}

/** Where a key comes from: one of the two. */
export interface KeySource {
  /** Shared secret, as the server has it (`auth.secret`, `--jwt-secret`): at least 16 bytes, better 32. */
  readonly secret?: string | undefined;
  /** Private key: PEM text that begins with `-----BEGIN PRIVATE KEY-----` (PKCS #8), or a JWK. The server has the public key. */
  readonly privateKey?: string | JWK | undefined;
  /** Default: HS256 for a secret, and what the private key is for (RS256, ES256, ES384, ES512, EdDSA). */
  readonly algorithm?: string | undefined;
}

/** Reads the key. Rejects with TypeError, whose message holds nothing of the key. */
export async function signingKeyOf({ secret, privateKey, algorithm }: KeySource): Promise<SigningKey> {
  if (privateKey === undefined) {
    if (secret === undefined)
      throw new TypeError('a token needs a `secret` or a `privateKey` to be signed with');
    return { key: secretBytes(secret), algorithm: hmacAlgorithm(algorithm) };
  }
  if (secret !== undefined) throw new TypeError('`secret` and `privateKey` are both given: choose one');
  return typeof privateKey === 'string' ? fromPem(privateKey, algorithm) : fromJwk(privateKey, algorithm);
}

function hmacAlgorithm(algorithm = 'HS256'): string {
  if (!/^HS(?:256|384|512)$/.test(algorithm))
    throw new TypeError('a secret signs with HS256, HS384 or HS512; other algorithms need a `privateKey`');
  return algorithm;
}

async function fromPem(text: string, wanted: string | undefined): Promise<SigningKey> {
  // Environment variables often carry a PEM with its line ends written as \n.
  const pem = text.replaceAll('\\n', '\n').trim();
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) throw new TypeError(whatElse(pem));
  const algorithm = wanted ?? algorithmOfPem(pem);
  if (algorithm === undefined) throw new TypeError(unknownKind);
  return { algorithm, key: await importedWith(algorithm, () => importPKCS8(pem, algorithm)) };
}

async function fromJwk(jwk: JWK, wanted: string | undefined): Promise<SigningKey> {
  if (jwk.kty === 'oct' || jwk.d === undefined)
    throw new TypeError('the JWK is not a private key: it needs `kty` RSA, EC or OKP, and `d`');
  const algorithm = wanted ?? jwk.alg ?? algorithmOfJwk(jwk);
  if (algorithm === undefined) throw new TypeError(unknownKind);
  return { algorithm, key: await importedWith(algorithm, () => importJWK(jwk, algorithm)) };
}

const unknownKind =
  'the private key is of a kind that is not supported: use RSA, P-256, P-384, P-521 or Ed25519';

function whatElse(pem: string): string {
  if (/-----BEGIN (?:RSA|EC) PRIVATE KEY-----/.test(pem))
    return 'the private key is not PKCS #8; convert it: openssl pkcs8 -topk8 -nodes -in key.pem -out pkcs8.pem';
  if (pem.includes('ENCRYPTED'))
    return 'the private key is encrypted; decrypt it: openssl pkcs8 -in key.pem -out plain.pem';
  if (pem.includes('PUBLIC KEY') || pem.includes('CERTIFICATE'))
    return 'the private key is a public one: tokens are signed with the private key, and the server has the public one';
  return 'the private key is not PEM text that begins with -----BEGIN PRIVATE KEY-----';
}

async function importedWith<Key>(algorithm: string, read: () => Promise<Key>): Promise<Key> {
  try {
    return await read();
  } catch (cause) {
    throw new TypeError(`the private key cannot be read as one for ${algorithm}`, { cause });
  }
}

/** Object identifiers of keys, as they stand in the bytes of PKCS #8 (RFC 5208, 8410, 5480), in hexadecimal digits. */
const identifiers: Readonly<Record<string, string>> = {
  '06092a864886f70d010101': 'RS256',
  '06082a8648ce3d030107': 'ES256',
  '06052b81040022': 'ES384',
  '06052b81040023': 'ES512',
  '06032b6570': 'EdDSA',
};

function algorithmOfPem(pem: string): string | undefined {
  const bytes = decodeBase64(pem.replaceAll(/-----[^-]+-----/g, ''));
  if (bytes === undefined) return undefined;
  // Identifiers stand before the key itself.
  const head = Array.from(bytes.slice(0, 40), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return Object.entries(identifiers).find(([identifier]) => head.includes(identifier))?.[1];
}

function algorithmOfJwk({ kty, crv }: JWK): string | undefined {
  if (kty === 'RSA') return 'RS256';
  const curves: Readonly<Record<string, string>> = {
    'P-256': 'ES256',
    'P-384': 'ES384',
    'P-521': 'ES512',
    Ed25519: 'EdDSA',
  };
  return curves[crv ?? ''];
}
