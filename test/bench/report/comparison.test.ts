import { expect, test } from 'vitest';
import type { Measurement } from '../../../bench/measurement.js';
import { compareScenario, typicalRun } from '../../../bench/report/comparison.js';
import {
  formatMedian,
  formatNumber,
  formatRatio,
  formatSpread,
  formatValue,
} from '../../../bench/report/format.js';
import type { Results, RunResult } from '../../../bench/results.js';
import { sampleResults } from './sample-results.js';

/** One scenario `s`, with these runs of each target. */
function resultsOf(targets: Readonly<Record<string, readonly Partial<RunResult>[]>>): Results {
  return {
    ...sampleResults,
    targets: Object.keys(targets).map((name) => ({ name, description: '' })),
    scenarios: [{ id: 's', title: 'S' }],
    runs: Object.entries(targets).flatMap(([target, runs]) =>
      runs.map((one, run) => ({ scenario: 's', target, run, ...one })),
    ),
  };
}

const p99 = (value: number, more: Partial<Measurement> = {}): Partial<RunResult> => ({
  measurement: { figures: { p99Ms: value }, ...more },
});

test('H9 a figure is minimum, median and maximum over runs, a ratio is of medians', () => {
  const results = resultsOf({ heddle: [p99(4), p99(2), p99(30)], bare: [p99(1), p99(9), p99(6)] });
  const { cell } = compareScenario(results, 's');
  expect(cell('heddle', 'p99Ms')).toMatchObject({ min: 2, median: 4, max: 30, runs: 3, ratio: 1 });
  expect(cell('bare', 'p99Ms')).toMatchObject({ min: 1, median: 6, max: 9, ratio: 1.5 });
});

test('H9 what is missing is missing: no figure, no runs, no reference to compare to', () => {
  const failure = { isDelivery: true, message: 'lost one' };
  const results = resultsOf({ heddle: [{ failure }, { failure }], bare: [p99(1), { failure }], idle: [] });
  const scenario = compareScenario(results, 's');
  expect(scenario.targets).toEqual(['heddle', 'bare']);
  expect(scenario.figures).toEqual(['p99Ms']);
  expect(scenario.cell('heddle', 'p99Ms')).toBeUndefined();
  expect(scenario.cell('idle', 'p99Ms')).toBeUndefined();
  expect(scenario.cell('bare', 'p50Ms')).toBeUndefined();
  const bare = scenario.cell('bare', 'p99Ms')!;
  expect(bare).toMatchObject({ median: 1, runs: 1, ratio: undefined });
  expect(formatRatio(bare.ratio)).toBe('–');
  expect(scenario.failures).toEqual([
    { target: 'heddle', runs: [1, 2], text: 'lost one', isDelivery: true },
    { target: 'bare', runs: [2], text: 'lost one', isDelivery: true },
  ]);
});

test('without Heddle the first target is what others are compared to', () => {
  const scenario = compareScenario(resultsOf({ mine: [p99(2)], other: [p99(5)] }), 's');
  expect(scenario.reference).toBe('mine');
  expect(scenario.cell('other', 'p99Ms')!.ratio).toBe(2.5);
});

test('a median rests on a limit when at least half of the runs were limited', () => {
  const limited = p99(9, { limit: 'load' });
  const cellOf = (runs: readonly Partial<RunResult>[]): unknown =>
    compareScenario(resultsOf({ heddle: runs }), 's').cell('heddle', 'p99Ms');
  expect(cellOf([p99(1), p99(2), limited])).toMatchObject({ limit: undefined, limitedRuns: 1, runs: 3 });
  expect(cellOf([p99(1), limited])).toMatchObject({ limit: 'load', limitedRuns: 1 });
  expect(cellOf([p99(1), limited, limited])).toMatchObject({ limit: 'load', limitedRuns: 2 });
});

test('limits and notes are said once per target, with their runs', () => {
  const noted = p99(1, { notes: ['slow disk'], limit: 'machine' });
  const scenario = compareScenario(resultsOf({ heddle: [noted, p99(1), noted], bare: [noted] }), 's');
  expect(scenario.notes).toEqual([
    { target: 'heddle', runs: [1, 3], text: 'slow disk' },
    { target: 'bare', runs: [1], text: 'slow disk' },
  ]);
  expect(scenario.limits.map(({ target, runs }) => ({ target, runs }))).toEqual([
    { target: 'heddle', runs: [1, 3] },
    { target: 'bare', runs: [1] },
  ]);
});

test('the typical run is the one with the median figure', () => {
  const results = resultsOf({ heddle: [p99(30), p99(2), p99(4), {}] });
  expect(typicalRun(results, { scenario: 's', target: 'heddle', figure: 'p99Ms' })?.figures.p99Ms).toBe(4);
  expect(typicalRun(results, { scenario: 's', target: 'bare', figure: 'p99Ms' })).toBeUndefined();
});

test('where no run came to the figure, the first one is drawn', () => {
  const short = resultsOf({ heddle: [{}, { measurement: { figures: { p50Ms: 1 } } }, p99(2)] });
  const figure = 'growth';
  expect(typicalRun(short, { scenario: 's', target: 'heddle', figure })?.figures).toEqual({ p50Ms: 1 });
});

test('figures have three significant digits and a unit', () => {
  expect([0, 0.00012345, 0.012345, 1.2345, 123.45].map(formatNumber)).toEqual([
    '0',
    '0.000123',
    '0.0123',
    '1.23',
    '123',
  ]);
  expect([1234.5, 98_765, 8_700_000, 2.5e9].map(formatNumber)).toEqual([
    '1.23 k',
    '98.8 k',
    '8.7 M',
    '2.5 G',
  ]);
  expect(formatValue(8_712_345, 'highestDeliveriesPerS')).toBe('8.71 M/s');
  expect(formatValue(2740, 'rssBytesPerConnection')).toBe('2.74 kB');
  expect(formatValue(29, 'bytesPerDelivery')).toBe('29 B');
  expect(formatValue(12_345.6, 'lastSyncedMs')).toBe('12,346 ms');
  expect(formatValue(0.88, 'shareOfLevel')).toBe('0.88');
});

test('a limited median shows on which side the truth lies, one run has no spread', () => {
  const cell = { min: 1, median: 2, max: 3, runs: 3, limitedRuns: 0, limit: undefined, ratio: 1 };
  expect(formatMedian(cell, 'p99Ms')).toBe('2 ms');
  expect(formatMedian({ ...cell, limit: 'load' }, 'p99Ms')).toBe('≤ 2 ms');
  expect(formatMedian({ ...cell, limit: 'load' }, 'highestDeliveriesPerS')).toBe('≥ 2/s');
  expect(formatMedian({ ...cell, limit: 'machine' }, 'deliveries')).toBe('~ 2');
  expect(formatSpread(cell, 'p99Ms')).toBe('1 ms – 3 ms');
  expect(formatSpread({ ...cell, runs: 1 }, 'p99Ms')).toBe('');
});
