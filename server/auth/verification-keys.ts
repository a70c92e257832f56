// Secrets and PEM texts as keys that verify, each bound to one algorithm when it is imported: a token's header can
// choose among them and never bend one to another use.

import { createPublicKey, type KeyObject } from 'node:crypto';

import { ConfigError } from '../errors.js';
import { secretBytes } from './secret.js';

/** Keys by the algorithm they verify. Its keys are the allow-list. */
export type KeysByAlgorithm = ReadonlyMap<string, CryptoKey>;

interface Importer {
  /** Algorithms that fit the key. */
  readonly fitting: readonly string[];
  /** Those believed when nothing else is configured. */
  readonly usual: readonly string[];
  import(algorithm: string): Promise<CryptoKey>;
}

const minRsaBits = 2048;
const hmac = ['HS256', 'HS384', 'HS512'];
const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const curves: Readonly<Record<string, { readonly algorithm: string; readonly curve: string }>> = {
  prime256v1: { algorithm: 'ES256', curve: 'P-256' },
  secp384r1: { algorithm: 'ES384', curve: 'P-384' },
  secp521r1: { algorithm: 'ES512', curve: 'P-521' },
};

/** Imports a shared secret. Throws ConfigError. */
export function importSecret(secret: string, algorithms?: readonly string[]): Promise<KeysByAlgorithm> {
  const bytes = secretBytes(secret);
  return importAll(algorithms, 'a secret', {
    fitting: hmac,
    usual: ['HS256'],
    import: (algorithm) =>
      crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: hashOf(algorithm) }, false, ['verify']),
  });
}

/** Imports a public key from PEM text, SPKI or X.509. Throws ConfigError. */
export async function importPublicKey(pem: string, algorithms?: readonly string[]): Promise<KeysByAlgorithm> {
  const key = readPem(pem);
  const kind = key.asymmetricKeyType ?? 'unknown';
  const spki = new Uint8Array(key.export({ format: 'der', type: 'spki' }));
  return importAll(algorithms, `a public key of type ${kind}`, importerOf(key, kind, spki));
}

function readPem(text: string): KeyObject {
  // Environment variables often carry a PEM with its line ends written as \n.
  const pem = text.replaceAll('\\n', '\n');
  if (pem.includes('PRIVATE KEY-----')) {
    throw new ConfigError(
      'the JWT public key is a private key; the server needs, and should have, only the public one',
    );
  }
  try {
    return createPublicKey(pem);
  } catch {
    throw new ConfigError(
      'the JWT public key cannot be read: it must be PEM text of a public key or a certificate',
    );
  }
}

function importerOf(key: KeyObject, kind: string, spki: Uint8Array<ArrayBuffer>): Importer {
  const importer = (
    fitting: readonly string[],
    parameters: (algorithm: string) => RsaHashedImportParams | EcKeyImportParams | Algorithm,
  ): Importer => ({
    fitting,
    usual: fitting,
    import: (algorithm) => crypto.subtle.importKey('spki', spki, parameters(algorithm), false, ['verify']),
  });
  if (kind === 'rsa') {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < minRsaBits)
      throw new ConfigError(`the JWT public key has ${bits} bits; RSA needs ${minRsaBits}`);
    return importer(rsa, (algorithm) => ({
      name: algorithm.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
      hash: hashOf(algorithm),
    }));
  }
  if (kind === 'ed25519') return importer(['EdDSA', 'Ed25519'], () => ({ name: 'Ed25519' }));
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (kind === 'ec' && curve !== undefined) {
    return importer([curve.algorithm], () => ({ name: 'ECDSA', namedCurve: curve.curve }));
  }
  throw new ConfigError(
    `the JWT public key is of a kind that is not supported (${kind}): use RSA, P-256, P-384, P-521 or Ed25519`,
  );
}

async function importAll(
  wanted: readonly string[] | undefined,
  what: string,
  importer: Importer,
): Promise<KeysByAlgorithm> {
  const algorithms = wanted ?? importer.usual;
  if (algorithms.length === 0) throw new ConfigError('the list of JWT algorithms is empty');
  const keys = new Map<string, CryptoKey>();
  for (const algorithm of algorithms) {
    if (!importer.fitting.includes(algorithm)) {
      throw new ConfigError(
        `JWT algorithm ${algorithm} does not fit ${what} (${importer.fitting.join(', ')})`,
      );
    }
    keys.set(algorithm, await importer.import(algorithm));
  }
  return keys;
}

/** RS256 and its like end in the bits of their hash. */
function hashOf(algorithm: string): string {
  return `SHA-${algorithm.slice(-3)}`;
}
