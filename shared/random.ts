// Chance, as everything else sees it. The only place that may touch the platform's random numbers.

/** 32 random bits that nobody can guess. */
export function randomUint32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}
