// What a connection says of its device, kept in few bytes: there may be as many as connections.

import type { Claims } from '../../shared/permission.js';
import { deviceId } from './device-proof.js';
import type { DeviceSigns } from './session-devices.js';

class Signs implements DeviceSigns {
  readonly #proof: string | undefined;
  readonly name: string;
  readonly platform: string;
  /** The last answer: a connection is one user's, and is asked at each renewal. */
  #known: { readonly claims: Claims; readonly id: string | undefined } | undefined;

  constructor(proof: string | undefined, name: string, platform: string) {
    this.#proof = proof;
    this.name = name;
    this.platform = platform;
  }

  id(claims: Claims): string | undefined {
    if (this.#proof === undefined && claims.sid === undefined) return undefined;
    if (this.#known?.claims !== claims) this.#known = { claims, id: deviceId(claims, this.#proof) };
    return this.#known.id;
  }
}

/** `proof`: of the secret that the device has; undefined where it gives none. The texts are short. */
export function signsOf(
  proof: string | undefined,
  { name, platform }: { readonly name: string; readonly platform: string },
): DeviceSigns {
  return new Signs(proof, name, platform);
}
