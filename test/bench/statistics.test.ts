// Minimum, median, maximum, and ratios of medians.

import { describe, expect, test } from 'vitest';
import { ratio, summary } from '../../bench/statistics.js';

describe('statistics', () => {
  test('H9 minimum, median and maximum, whatever the order', () => {
    expect(summary([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(summary([10, 9, 100, 1])).toEqual({ min: 1, median: 9.5, max: 100 });
    expect(summary([5])).toEqual({ min: 5, median: 5, max: 5 });
  });

  test('H9 values are compared as numbers and left as they are', () => {
    const values = [100, 20, 3];
    expect(summary(values)).toEqual({ min: 3, median: 20, max: 100 });
    expect(values).toEqual([100, 20, 3]);
  });

  test('H9 nothing has no summary', () => {
    expect(() => summary([])).toThrow(RangeError);
  });

  test('H9 a ratio is one of medians, and says nothing against 0', () => {
    expect(ratio(summary([1, 3, 100]), summary([6, 6, 0]))).toBe(0.5);
    expect(ratio(summary([1]), summary([0]))).toBe(undefined);
  });
});
