// A shared secret as an operator configures it: what is wrong with it is a ConfigError.

import * as token from '../../token/secret.js';
import { ConfigError } from '../errors.js';

export { isWeakSecret } from '../../token/secret.js';

/** The bytes of a secret. Throws ConfigError when it is too short to be one, or a key of another kind. */
export function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  try {
    return token.secretBytes(secret);
  } catch (cause) {
    throw new ConfigError((cause as TypeError).message, { cause });
  }
}
