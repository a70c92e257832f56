// Whole devices against one server: tabs with connection, offline copy and each other, killed at any moment, networks that
// go, thin lines, listeners of an application that throw, a server that crashes and may take small messages only. What was counted as durable or said to be saved
// is there in the end, once, everywhere; who says that the server has all tells the truth; and who may not read has nothing of it. HEDDLE_SEED replays one run, HEDDLE_TRACE
// then tells its steps. Seeds that have failed once are in device-seeds.json, and are played in every run.

import { expect, test } from 'vitest';
import { chooseSeed, withSeed } from '../support/seeded-random.js';
import { collectUncaught } from '../support/uncaught.js';
import { applicationFault } from './device-edits.js';
import { World } from './device-world.js';
import redSeeds from './device-seeds.json' with { type: 'json' };

const runs = Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 60);
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const steps = 80;

/** What has happened, to see that it has. */
type Counts = World['counts'] & { crashes: number; checkpoints: number };

function play(seed: number): Promise<Counts> {
  return withSeed(seed, async (random) => {
    const world = new World(random);
    if (isReplay && process.env['HEDDLE_TRACE'] !== undefined) world.trace = (what) => console.log(what);
    try {
      for (let step = 0; step < steps; step++) await world.step();
      await world.settle();
    } catch (error) {
      await world.close().catch(() => {});
      throw error;
    }
    await world.close();
    const { crashes, checkpoints, counts } = world;
    return { ...counts, crashes, checkpoints };
  });
}

const seed = chooseSeed();

test(
  `C1, K3, K41, K58, N23, I1, J9, J13, J19: whole devices, from seed ${seed} on`,
  { timeout: Math.max(120_000, runs * 2_000) },
  async () => {
    const uncaught = collectUncaught();
    const sum: Record<string, number> = {};
    const seeds = Array.from({ length: runs }, (_, run) => seed + run);
    for (const one of isReplay ? [seed] : [...redSeeds, ...seeds])
      for (const [what, count] of Object.entries(await play(one))) sum[what] = (sum[what] ?? 0) + count;
    expect(uncaught.filter((error) => error !== applicationFault)).toEqual([]);
    expect(isReplay || uncaught.length > 0).toBe(true);
    console.info(`${runs} runs from seed ${seed}`, sum);
    if (!isReplay) for (const [what, count] of Object.entries(sum)) expect(count, what).toBeGreaterThan(0);
  },
);
