// Short texts that this device keeps for all pages of an origin.

/** For where there is no localStorage: kept as long as the program runs. */
const inMemory = new Map<string, string>();

/** The text under the key; undefined where there is none. */
export function readDevice(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return inMemory.get(key);
  }
}

/** Keeps the text before it returns. */
export function writeDevice(key: string, value: string): void {
  inMemory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // Not there, or refused to this page.
  }
}
