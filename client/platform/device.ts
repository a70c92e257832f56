// A name for this browser, the same each time, by which a user can tell their devices apart.

const key = 'heddle.device';

let own: string | undefined;

/** 128 random bits in hex, kept in localStorage; where there is none, the same for as long as the program runs. */
export function deviceId(): string {
  own ??= stored() ?? randomId();
  return own;
}

function stored(): string | undefined {
  try {
    const found = localStorage.getItem(key);
    if (found !== null && found !== '') return found;
    const made = randomId();
    localStorage.setItem(key, made);
    return made;
  } catch {
    // Not there, or refused to this page.
    return undefined;
  }
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
