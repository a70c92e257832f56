// The scenarios with joins and traces, at servers that are wrong in one way and at one that is not.

import { expect, onTestFinished, test } from 'vitest';
import { joinStorm } from '../../../bench/scenarios/join-storm.js';
import { returnAfterMissing } from '../../../bench/scenarios/return.js';
import { traceReplay } from '../../../bench/scenarios/trace-replay.js';
import { brokenTarget } from '../../support/broken-server.js';
import { runScenario } from './run-scenario.js';
import { writeSmallTrace } from './small-trace.js';

test('H3 joins answered from an old state are caught', async () => {
  await expect(runScenario(joinStorm, brokenTarget('stale'))).rejects.toThrow(/misses client|got less/);
  await expect(runScenario(returnAfterMissing, brokenTarget('stale'))).rejects.toThrow(
    /misses client|got less/,
  );
});

test('H2 joins that bring the whole document are measured', async () => {
  const storm = await runScenario(joinStorm, brokenTarget('none'));
  expect(storm.figures.bytesPerJoin).toBeGreaterThan(storm.figures.documentBytes! * 0.9);
  const back = await runScenario(returnAfterMissing, brokenTarget('none'));
  expect(back.figures.bytesPerJoin).toBeLessThan(storm.figures.bytesPerJoin! / 2);
  expect(back.figures.bytesPerMissed).toBeGreaterThan(1);
});

test('H8 a replayed trace ends in its endContent; what comes twice counts once, what is swapped is caught', async () => {
  const { file: trace, remove } = await writeSmallTrace(20);
  onTestFinished(remove);
  // 400 updates to three others each.
  for (const fault of ['none', 'doubles'] as const)
    expect((await runScenario(traceReplay, brokenTarget(fault), { trace })).figures.deliveries).toBe(1_200);
  await expect(runScenario(traceReplay, brokenTarget('swaps'), { trace })).rejects.toThrow('came before');
});
