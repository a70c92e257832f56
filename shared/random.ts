// Chance, as everything else sees it. The only place that may touch Math.random.

/** 32 random bits; not for secrets. */
export function randomUint32(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
