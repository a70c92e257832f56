// Short texts that this device keeps for all pages of an origin.

/** What could not be stored, as where there is no localStorage: kept as long as the program runs. */
const unstored = new Map<string, string>();

/** The text under the key; undefined where there is none. */
export function readDevice(key: string): string | undefined {
  const text = unstored.get(key);
  if (text !== undefined) return text;
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    // Not there, or refused to this page.
    return undefined;
  }
}

/** Keeps the text before it returns. */
export function writeDevice(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
    unstored.delete(key);
  } catch {
    // Not there, full, or refused to this page.
    unstored.set(key, text);
  }
}
