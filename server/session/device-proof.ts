// What the server remembers of a device's secret: enough to know the device again, not enough to be it.

import { createHash } from 'node:crypto';
import type { Claims } from '../../shared/permission.js';

/** What is shorter can be guessed; what is longer is no secret of ours. Characters. */
const shortest = 32;
const longest = 256;

/** A hash of the secret that a device gave in its hello; undefined for what is no secret. */
export function deviceProof(device: string): string | undefined {
  if (device.length < shortest || device.length > longest) return undefined;
  return createHash('sha256').update(device).digest('base64url').slice(0, 22);
}

/**
 * The id of a user's device: of the proof of its secret, and of the claim `sid` where it gives none. Undefined where there is no
 * user, or neither. Nobody can be another's device: the user is part of it, and a secret cannot be found from it.
 */
export function deviceId({ sub, sid }: Claims, proof: string | undefined): string | undefined {
  if (sub === undefined || (proof === undefined && sid === undefined)) return undefined;
  const mark = proof === undefined ? ['sid', sub, sid] : ['secret', sub, proof];
  return createHash('sha256').update(JSON.stringify(mark)).digest('base64url').slice(0, 16);
}
