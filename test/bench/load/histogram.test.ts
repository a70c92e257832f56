import * as prng from 'lib0/prng';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../bench/load/histogram.js';

describe('histogram', () => {
  test('quantiles are right within two percent, from microseconds to minutes', () => {
    const random = prng.create(1);
    const values = Array.from({ length: 20_000 }, () => 0.002 * 10 ** (prng.real53(random) * 7));
    const histogram = new Histogram();
    for (const value of values) histogram.add(value);
    values.sort((a, b) => a - b);
    for (const share of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = values[Math.ceil(share * values.length) - 1]!;
      expect(Math.abs(histogram.quantile(share) / exact - 1)).toBeLessThan(0.02);
    }
  });

  test('two together are as one that was told everything', () => {
    const [a, b, both] = [new Histogram(), new Histogram(), new Histogram()];
    for (let i = 1; i <= 1_000; i++) {
      (i % 3 === 0 ? a : b).add(i / 7);
      both.add(i / 7);
    }
    a.merge(b);
    expect(a.curve()).toEqual(both.curve());
  });

  test('a curve rises, and ends with the longest of all', () => {
    const histogram = new Histogram();
    for (let i = 1; i <= 1_000; i++) histogram.add(i);
    const { count, points } = histogram.curve();
    expect(count).toBe(1_000);
    for (const [i, { share, ms }] of points.entries()) {
      expect(share).toBeGreaterThan(points[i - 1]?.share ?? 0);
      expect(ms).toBeGreaterThanOrEqual(points[i - 1]?.ms ?? 0);
    }
    expect(points.at(-1)).toEqual({ share: 1, ms: 1_000 });
  });

  test('of nothing there are no quantiles', () => {
    const histogram = new Histogram();
    histogram.add(5);
    histogram.clear();
    expect(histogram.quantile(0.5)).toBeNaN();
    expect(histogram.curve()).toEqual({ count: 0, points: [] });
  });
});
