// What may be a shared secret. Both who signs and who verifies come through here.

import { createPublicKey } from 'node:crypto';

import { ConfigError } from '../errors.js';

const minSecretBytes = 16;
const advisedSecretBytes = 32;

const encoder = new TextEncoder();

/**
 * The bytes of a secret. Throws ConfigError when it is too short to be one, or when it is a key of another kind: a
 * public key used as a secret would let anybody who has read it sign tokens.
 */
export function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (secret.includes('-----BEGIN') || isPublicKey(secret)) {
    throw new ConfigError(
      'the JWT secret is a public or private key; pass a public key as such, not as a secret',
    );
  }
  const bytes = encoder.encode(secret);
  if (bytes.length < minSecretBytes) {
    throw new ConfigError(
      `the JWT secret is too short: at least ${minSecretBytes} bytes, better ${advisedSecretBytes}`,
    );
  }
  return bytes;
}

/** Whether a secret is accepted but shorter than is advised. */
export function isWeakSecret(secret: string): boolean {
  return encoder.encode(secret).length < advisedSecretBytes;
}

/** A JWK (or a set of them), or the base64 of a DER key: the inside of a PEM file. */
function isPublicKey(text: string): boolean {
  if (/^\s*\{/.test(text) && /"(?:kty|keys)"/.test(text)) return true;
  try {
    createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return true;
  } catch {
    return false;
  }
}
