// A secret of this browser, one for each server: whoever hands it in again is the same device, also under another user. A
// server that learns its own secret learns nothing that it could show to another server.

import { randomSecret } from '../../shared/random.js';

/** For where there is no localStorage: the same for as long as the program runs. */
const inMemory = new Map<string, string>();

/** 128 random bits in hex, kept in localStorage. `server` is the server's address. */
export function deviceSecret(server: string): string {
  const key = `heddle.device:${server}`;
  const secret = stored(key) ?? inMemory.get(key) ?? randomSecret();
  inMemory.set(key, secret);
  return secret;
}

/** What is stored under the key, or now is; undefined where nothing can be stored. */
function stored(key: string): string | undefined {
  try {
    const found = localStorage.getItem(key);
    if (found !== null && found !== '') return found;
    const made = inMemory.get(key) ?? randomSecret();
    localStorage.setItem(key, made);
    return made;
  } catch {
    // Not there, or refused to this page.
    return undefined;
  }
}
