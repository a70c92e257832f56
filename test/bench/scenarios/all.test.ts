// The list of scenarios: what a runner and a reader of the results rely on.

import { expect, test } from 'vitest';
import { allScenarios } from '../../../bench/scenarios/all.js';

test('every scenario has an id of its own that can be typed, and a title', () => {
  const ids = allScenarios.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, title } of allScenarios) {
    expect(id).toMatch(/^[a-z0-9-]+$/);
    expect(title.length).toBeGreaterThan(10);
  }
});

test('H12 every scenario has a bound of some minutes at most', () => {
  for (const { id, maxSeconds } of allScenarios) {
    expect(maxSeconds, id).toBeGreaterThan(0);
    expect(maxSeconds, id).toBeLessThanOrEqual(300);
  }
});

test('only a scenario that needs a trace is left out without one', () => {
  expect(allScenarios.filter(({ needsTrace }) => needsTrace === true).map(({ id }) => id)).toEqual([
    'trace-replay',
  ]);
});
