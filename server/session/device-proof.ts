// What the server remembers of a device's secret: enough to know the device again, not enough to be it.

import { createHash } from 'node:crypto';

/** What is shorter can be guessed; what is longer is no secret of ours. Characters. */
const shortest = 32;
const longest = 256;

/** A hash of the secret that a device gave in its hello; undefined for what is no secret. */
export function deviceProof(device: string): string | undefined {
  if (device.length < shortest || device.length > longest) return undefined;
  return createHash('sha256').update(device).digest('base64url').slice(0, 22);
}
