// Chance, as everything else sees it. The only place that may touch the platform's random numbers.

/** 32 random bits that nobody can guess. */
export function randomUint32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}

/** 128 random bits that nobody can guess, in hex. */
export function randomSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
