// What may be a shared secret. Who signs with one and who verifies with it both ask here.

const minSecretBytes = 16;
const advisedSecretBytes = 32;

const encoder = new TextEncoder();

/**
 * The bytes of a secret. Throws TypeError when it is too short to be one, or when it is a key of another kind: a public key
 * used as a secret would let anybody who has read it sign tokens. The message never holds the secret.
 */
export function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (typeof secret !== 'string') throw new TypeError('the JWT secret is missing');
  if (secret.includes('-----BEGIN') || isJsonWebKey(secret) || isDerKey(secret)) {
    throw new TypeError(
      'the JWT secret is a public or private key; pass a public key as such, not as a secret',
    );
  }
  const bytes = encoder.encode(secret);
  if (bytes.length < minSecretBytes) {
    throw new TypeError(
      `the JWT secret is too short: at least ${minSecretBytes} bytes, better ${advisedSecretBytes}`,
    );
  }
  return bytes;
}

/** Whether a secret is accepted but shorter than is advised. */
export function isWeakSecret(secret: string): boolean {
  return encoder.encode(secret).length < advisedSecretBytes;
}

/** A JWK, or a set of them. */
function isJsonWebKey(text: string): boolean {
  return /^\s*\{/.test(text) && /"(?:kty|keys)"/.test(text);
}

/**
 * The inside of a PEM file, base64 without its lines. Every such key is a DER sequence (0x30) of exactly the length that it
 * states, and begins with the identifier of its kind (0x06 in a sequence) or with a version (0x02 0x01), as no random secret does.
 */
function isDerKey(text: string): boolean {
  const bytes = decodeBase64(text);
  if (bytes === undefined || bytes[0] !== 0x30) return false;
  const [, first = 0] = bytes;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2) return false;
  const stated =
    lengthBytes === 0 ? first : bytes.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  const start = 2 + lengthBytes;
  if (bytes.length - start !== stated) return false;
  const [tag, length, inside] = bytes.slice(start);
  return (tag === 0x30 && inside === 0x06) || (tag === 0x02 && length === 0x01);
}

/** Undefined for a text that is no base64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const joined = text.replaceAll(/\s/g, '');
  if (!/^[\w+/-]+={0,2}$/.test(joined)) return undefined;
  try {
    const decoded = atob(joined.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
