// Client ids as Yjs draws them: 32 random bits. Here from a seed.

import * as prng from 'lib0/prng';

/** So many ids, no two the same, none of `taken`. */
export function drawClientIds(random: prng.PRNG, count: number, taken: Iterable<number> = []): number[] {
  const used = new Set(taken);
  const ids: number[] = [];
  while (ids.length < count) {
    const id = prng.uint53(random, 1, 0xffffffff);
    if (used.has(id)) continue;
    used.add(id);
    ids.push(id);
  }
  return ids;
}
