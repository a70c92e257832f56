// A secret of this browser, one for each server: whoever hands it in again is the same device, also under another user. A
// server that learns its own secret learns nothing that it could show to another server.

import { randomSecret } from '../../shared/random.js';
import { readDevice, writeDevice } from './device-storage.js';

/** Also when what the device keeps is cleared meanwhile, the secret is the same for as long as the program runs. */
const inUse = new Map<string, string>();

/** 128 random bits in hex, which this device keeps. `server` is the server's address. */
export function deviceSecret(server: string): string {
  const key = `heddle.device:${server}`;
  const kept = readDevice(key);
  const secret = kept || inUse.get(key) || randomSecret();
  inUse.set(key, secret);
  if (secret !== kept) writeDevice(key, secret);
  return secret;
}
