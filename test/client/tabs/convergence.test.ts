// Tabs that come, go, die, freeze, are offline and hear each other in any order: those that are left have the same in the
// end. HEDDLE_FUZZ_RUNS plays more worlds, HEDDLE_SEED replays one. Seeds that have failed once are in seeds.json, and played
// in every run.

import { expect, test } from 'vitest';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';
import redSeeds from './seeds.json' with { type: 'json' };
import { World } from './tabs-world.js';

const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const runs = isReplay ? 1 : Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 500);

function converges(seed: number): Promise<World['counts']> {
  return withSeed(seed, async (random) => {
    const world = new World(random);
    await world.run();
    await world.settle();
    expect(world.counts.errors).toBe(0);
    await world.close();
    return world.counts;
  });
}

const seed = chooseSeed();

test(
  `J8, J10, J11: tabs with random faults end equal, from seed ${seed} on`,
  { timeout: Math.max(300_000, runs * 2_000) },
  async () => {
    const sum: Record<string, number> = {};
    const seeds = Array.from({ length: runs }, (_, run) => seed + run);
    for (const one of isReplay ? seeds : [...redSeeds, ...seeds])
      for (const [name, count] of Object.entries(await converges(one))) sum[name] = (sum[name] ?? 0) + count;
    console.info(`${runs} runs from seed ${seed}`, sum);
    if (isReplay) return;
    expect(sum['killed']).toBeGreaterThan(0);
    expect(sum['left']).toBeGreaterThan(0);
    expect(sum['orphaned']).toBeGreaterThan(0);
  },
);
