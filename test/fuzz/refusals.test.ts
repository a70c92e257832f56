// Clients whose edits are refused: rights that change, values that are too large, marks that are tidied. What they say of
// themselves is true. HEDDLE_SEED replays one run, HEDDLE_TRACE then tells its steps. Seeds that have failed once are in
// refusal-seeds.json, and are played in every run.

import { expect, test } from 'vitest';
import { chooseSeed, withSeed } from '../support/seeded-random.js';
import redSeeds from './refusal-seeds.json' with { type: 'json' };
import { RefusalWorld } from './refusal-world.js';

const runs = Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 60);
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const steps = 60;

function play(seed: number): Promise<RefusalWorld['counts']> {
  return withSeed(seed, async (random) => {
    const world = new RefusalWorld(random);
    if (isReplay && process.env['HEDDLE_TRACE'] !== undefined) world.trace = (what) => console.log(what);
    try {
      for (let step = 0; step < steps; step++) await world.step();
      await world.settle();
    } catch (error) {
      await world.close().catch(() => {});
      throw error;
    }
    await world.close();
    return world.counts;
  });
}

const seed = chooseSeed();

test(
  `K42, K43: clients that are refused something say what is so, from seed ${seed} on`,
  { timeout: Math.max(120_000, runs * 2_000) },
  async () => {
    const sum: Record<string, number> = {};
    const seeds = Array.from({ length: runs }, (_, run) => seed + run);
    for (const one of isReplay ? [seed] : [...redSeeds, ...seeds])
      for (const [what, count] of Object.entries(await play(one))) sum[what] = (sum[what] ?? 0) + count;
    console.info(`${runs} runs from seed ${seed}`, sum);
    if (!isReplay) for (const [what, count] of Object.entries(sum)) expect(count, what).toBeGreaterThan(0);
  },
);
