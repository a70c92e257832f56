// The order of a bench, and how long it will still take.

import { expect, test } from 'vitest';
import { fits, leftOut, planSteps, type Step } from '../../../bench/run/plan.js';
import { clockText, remainingMs } from '../../../bench/run/remaining-time.js';
import { scenario, settings, target } from './samples.js';

const names = (steps: readonly Step[]): string[] =>
  steps.map(({ scenario, target, run }) => `${scenario.id} ${target.name} ${run}`);

test('H6 targets take turns: first runs of a scenario before second ones, and no other scenario between', () => {
  const scenarios = [scenario('s'), scenario('t')];
  const steps = planSteps({ scenarios, targets: [target('a'), target('b')], runs: 2, settings });
  expect(names(steps)).toEqual(['s a 0', 's b 0', 's a 1', 's b 1', 't a 0', 't b 0', 't a 1', 't b 1']);
});

test('a target is left out of what it cannot do', () => {
  const scenarios = [scenario('any'), scenario('stored', { needs: ['sync', 'storage'] })];
  const targets = [target('relay', ['process']), target('full', ['sync', 'storage', 'process'])];
  expect(names(planSteps({ scenarios, targets, runs: 1, settings }))).toEqual([
    'any relay 0',
    'any full 0',
    'stored full 0',
  ]);
});

test('a scenario may pass over targets that nobody named, and may want a trace', () => {
  const scenarios = [scenario('one', { passesOver: [{ targets: ['b'], why: 'it is the same' }] })];
  const options = { scenarios, targets: [target('a'), target('b')], runs: 1, settings };
  expect(names(planSteps(options))).toEqual(['one a 0']);
  expect(names(planSteps({ ...options, areNamed: true }))).toEqual(['one a 0', 'one b 0']);
  const traced = scenario('traced', { needsTrace: true });
  expect(fits(traced, target('a'), settings)).toBe(false);
  expect(fits(traced, target('a'), { ...settings, trace: 'trace.json' })).toBe(true);
});

test('who is left out of a scenario is named with the reason, those of one reason together', () => {
  const one = scenario('one', {
    needs: ['sync', 'process'],
    passesOver: [
      { targets: ['full', 'other'], why: 'it is the same' },
      { targets: ['absent'], why: 'it is slow' },
    ],
  });
  const targets = [
    target('relay', ['process']),
    target('full', ['sync', 'process']),
    target('unseen', ['sync']),
    target('other', ['sync', 'process']),
    target('measured', ['sync', 'process']),
  ];
  expect(leftOut(one, { targets, settings })).toEqual([
    { targets: ['relay'], why: 'no documents are kept' },
    { targets: ['full', 'other'], why: 'it is the same' },
    { targets: ['unseen'], why: 'CPU and memory of the server are not known' },
  ]);
  expect(leftOut(one, { targets: targets.slice(1, 2), settings, areNamed: true })).toEqual([]);
  expect(leftOut(scenario('traced', { needsTrace: true }), { targets: targets.slice(4), settings })).toEqual([
    { targets: ['measured'], why: 'no trace was given' },
  ]);
});

test('the remaining time is that of what is known of each scenario, or of all', () => {
  const scenarios = [scenario('quick'), scenario('slow'), scenario('unknown')];
  const steps = planSteps({ scenarios, targets: [target('a'), target('b')], runs: 1, settings });
  expect(remainingMs([], steps)).toBeUndefined();
  const done = [
    { step: steps[0]!, ms: 1_000 },
    { step: steps[2]!, ms: 9_000 },
  ];
  // One more quick, one more slow, two of which nothing is known.
  expect(remainingMs(done, [steps[1]!, ...steps.slice(3)])).toBe(1_000 + 9_000 + 2 * 5_000);
});

test('times are shown as on a clock', () => {
  expect([7_400, 61_000, 3_600_000 + 62_000].map(clockText)).toEqual(['0:07', '1:01', '1:01:02']);
});
