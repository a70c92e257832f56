// How a bench goes on when something does not, without servers and load: those are in test/bench/process/.

import { expect, test } from 'vitest';
import { measureOnce } from '../../../bench/run/measure-once.js';
import { failure, type Outcome } from '../../../bench/run/outcome.js';
import type { Step } from '../../../bench/run/plan.js';
import { runBenchWith, type BenchOptions, type Measure } from '../../../bench/run/runner.js';
import { TargetUnavailable, type Target } from '../../../bench/targets/target.js';
import type { Results } from '../../../bench/results.js';
import { scenario, settings, target } from './samples.js';

const measured: Outcome = { measurement: { figures: { deliveries: 1 } } };
const nameOf = ({ scenario, target, run }: Step): string => `${scenario.id} ${target.name} ${run}`;

/** Two scenarios, two targets, two runs. */
const options = (rest: BenchOptions = {}): BenchOptions => ({
  scenarios: [scenario('s'), scenario('t')],
  targets: [target('a'), target('b')],
  runs: 2,
  ...rest,
});

function recorder(measure: Measure = async () => measured): { steps: string[]; measure: Measure } {
  const steps: string[] = [];
  return {
    steps,
    measure: (step, how) => {
      steps.push(nameOf(step));
      return measure(step, how);
    },
  };
}

test('H6 every step of the plan is measured once, in its order, and is among the results', async () => {
  const { steps, measure } = recorder();
  const results = await runBenchWith(
    measure,
    options({ settings: { seed: 7 }, command: 'heddle bench --seed 7' }),
  );
  expect(steps).toEqual(['s a 0', 's b 0', 's a 1', 's b 1', 't a 0', 't b 0', 't a 1', 't b 1']);
  expect(results.runs.map(({ scenario, target, run }) => `${scenario} ${target} ${run}`)).toEqual(steps);
  expect(results).toMatchObject({
    format: 1,
    settings: { seed: 7, time: 1, size: 1 },
    command: 'heddle bench --seed 7',
    targets: [{ name: 'a', description: 'description of a' }, { name: 'b' }],
    scenarios: [{ id: 's', title: 'title of s' }, { id: 't' }],
  });
});

test('H9 results say which targets a scenario left out, and why', async () => {
  const passesOver = [{ targets: ['b'], why: 'it is the same' }];
  const run = (areNamed: boolean): Promise<Results> =>
    runBenchWith(
      async () => measured,
      options({ scenarios: [scenario('s', { passesOver }), scenario('t')], areNamed }),
    );
  expect((await run(false)).scenarios).toEqual([
    { id: 's', title: 'title of s', leftOut: [{ targets: ['b'], why: 'it is the same' }] },
    { id: 't', title: 'title of t' },
  ]);
  expect((await run(true)).scenarios[0]).not.toHaveProperty('leftOut');
});

test('H12 a failed run is recorded and named, and the rest goes on', async () => {
  const lines: string[] = [];
  const { steps, measure } = recorder(async (step) =>
    nameOf(step) === 's b 0' ? failure('one update is missing', true) : measured,
  );
  const results = await runBenchWith(measure, options({ line: (text) => lines.push(text) }));
  expect(steps).toHaveLength(8);
  expect(results.runs.filter(({ failure }) => failure !== undefined)).toEqual([
    { scenario: 's', target: 'b', run: 0, failure: { isDelivery: true, message: 'one update is missing' } },
  ]);
  expect(lines).toContain('  failed: one update is missing');
  expect(lines[0]).toBe('[1 of 8, 0:00] s, a, run 1');
  expect(lines.at(-1)).toMatch(/^\[8 of 8, \d+:\d\d, about \d+:\d\d left\] t, b, run 2$/);
});

test('H7 a target that cannot be had is named with the reason, once, and left out', async () => {
  const lines: string[] = [];
  const absent: Target = {
    ...target('b'),
    prepare: async () => {
      throw new TargetUnavailable('no compiler here');
    },
  };
  const { steps, measure } = recorder();
  const results = await runBenchWith(
    measure,
    options({ targets: [target('a'), absent], line: (text) => lines.push(text) }),
  );
  expect(steps).toEqual(['s a 0', 's a 1', 't a 0', 't a 1']);
  expect(results.targets[1]).toEqual({
    name: 'b',
    description: 'description of b',
    unavailable: 'no compiler here',
  });
  expect(lines.filter((line) => line.includes('no compiler here'))).toEqual([
    'b is left out: no compiler here',
  ]);
});

test('H7 so is one that turns out to be unavailable when it is started', async () => {
  const { steps, measure } = recorder(async ({ target }) => {
    if (target.name === 'a') throw new TargetUnavailable('gone');
    return measured;
  });
  const results = await runBenchWith(measure, options());
  expect(steps).toEqual(['s a 0', 's b 0', 's b 1', 't b 0', 't b 1']);
  expect(results.targets[0]?.unavailable).toBe('gone');
});

test('a target that no scenario is for is not even prepared', async () => {
  let isPrepared = false;
  const idle = { ...target('idle'), prepare: async () => void (isPrepared = true) };
  const needy = scenario('needy', { needs: ['storage'] });
  const results = await runBenchWith(recorder().measure, options({ scenarios: [needy], targets: [idle] }));
  expect([isPrepared, results.runs, results.scenarios]).toEqual([false, [], []]);
});

test('what there is is saved after every scenario', async () => {
  const saved: Results[] = [];
  const results = await runBenchWith(
    recorder().measure,
    options({ save: (soFar) => void saved.push(soFar) }),
  );
  expect(saved.map(({ runs }) => runs.length)).toEqual([4, 8]);
  expect(saved[1]).toEqual(results);
});

test('H12 an interruption ends the bench with what was measured saved, and the broken run not counted', async () => {
  const interruption = new AbortController();
  const saved: Results[] = [];
  const { steps, measure } = recorder(async (step) => {
    if (nameOf(step) === 's b 1') interruption.abort(new Error('enough'));
    return measured;
  });
  const bench = runBenchWith(
    measure,
    options({ signal: interruption.signal, save: (soFar) => void saved.push(soFar) }),
  );
  await expect(bench).rejects.toThrow('enough');
  expect(steps).toHaveLength(4);
  expect(saved.map(({ runs }) => runs.length)).toEqual([3]);
});

test('H12 a server that does not start is a failed run', async () => {
  const step = { scenario: scenario('s'), target: target('a'), run: 0 };
  expect(await measureOnce(step, { settings, signal: undefined, status: () => {} })).toEqual(
    failure('a did not start: is not to be run'),
  );
});
