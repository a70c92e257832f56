// Instructions per update, counted by valgrind. Interpreted (--jitless), so that the count depends on the code alone and
// not on when it was compiled: it says how much work there is, not how long it takes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { budgets } from '../counters/measure-counters.js';
import { bundled, outputOf } from '../counters/node-script.js';
import { hasTool } from '../counters/tools.js';

const canCount = hasTool('valgrind', '--version');
const updates = 4_000;
/** New space for everything, MB, and no chance and no other threads. */
const nodeFlags = [
  '--jitless',
  '--single-threaded',
  '--hash-seed=1',
  '--random-seed=1',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
];

let script: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  script = await bundled('instructions');
});
afterAll(() => script.remove());

async function instructionsFor(count: number): Promise<number> {
  const valgrindFlags = ['--tool=callgrind', '--callgrind-out-file=/dev/null'];
  const output = await outputOf('valgrind', [
    ...valgrindFlags,
    process.execPath,
    ...nodeFlags,
    script.file,
    String(count),
  ]);
  const found = /Collected : (\d+)/.exec(output)?.[1];
  if (found === undefined) throw new Error(`valgrind has not counted: ${output.slice(-500)}`);
  return Number(found);
}

describe.skipIf(!canCount)('instructions', () => {
  test('H11 judging and recording an update takes no more than its budget', async () => {
    const [some, none] = await Promise.all([instructionsFor(updates), instructionsFor(0)]);
    const perUpdate = (some - none) / updates;
    const { budget, what } = budgets['instructions.judge']!;
    console.log(`instructions.judge ${Math.round(perUpdate)} of ${budget}`);
    expect(perUpdate, what).toBeLessThanOrEqual(budget);
  });
});
