// Random users, random edits, random faults: in the end everybody has the same document, and so has the store.
// HEDDLE_FUZZ_MS runs it longer; HEDDLE_SEED replays one run. Seeds that once failed are kept in seeds.json.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { chooseSeed, withSeed } from '../support/seeded-random.js';
import { World } from './world.js';

const budgetMs = Number(process.env['HEDDLE_FUZZ_MS'] ?? 20_000);
const stepsPerRun = 400;
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const kept = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as number[];

/** Throws unless all end equal. */
function converges(seed: number): Promise<Pick<World, 'checkpoints' | 'acknowledged'>> {
  return withSeed(seed, async (random) => {
    const world = await World.create(random);
    try {
      await world.run(stepsPerRun);
      for (const [documentName, all] of await world.settle()) {
        const [first] = all;
        for (const { who, content } of all) {
          expect(content, `${who} and ${first?.who} of ${documentName}; ${world.events.join(', ')}`).toEqual(
            first?.content,
          );
        }
      }
      expect(world.undeserved()).toEqual([]);
      return world;
    } finally {
      await world.close();
    }
  });
}

test.skipIf(isReplay || kept.length === 0)(
  'C1: seeds that once failed converge',
  { timeout: 300_000 },
  async () => {
    for (const seed of kept) await converges(seed);
  },
);

const seed = chooseSeed();

test(`C1: random faults, from seed ${seed} on`, { timeout: budgetMs + 120_000 }, async () => {
  if (isReplay) {
    await converges(seed);
    return;
  }
  const from = performance.now();
  const sum = { checkpoints: 0, acknowledged: 0 };
  let runs = 0;
  for (; performance.now() - from < budgetMs; runs++) {
    const { checkpoints, acknowledged } = await converges(seed + runs);
    sum.checkpoints += checkpoints;
    sum.acknowledged += acknowledged;
  }
  console.info(`${runs} runs from seed ${seed}`, sum);
  expect(runs).toBeGreaterThan(0);
});
