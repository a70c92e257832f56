// What is no number is found, wherever it is.

import { expect, test } from 'vitest';
import { badNumber } from '../../../bench/load/bad-number.js';

test('H9 a figure that is no number is found before it would be shown as missing', () => {
  const ramp = [{ offeredPerS: 1, p99Ms: Number.NaN }];
  expect(badNumber({ figures: { p99Ms: 1 }, notes: ['fine'], limit: undefined })).toBeUndefined();
  expect(badNumber({ figures: { p50Ms: 1, p99Ms: Number.NaN } })).toBe('figures.p99Ms');
  expect(badNumber({ figures: {}, ramp })).toBe('ramp.0.p99Ms');
  expect(badNumber({ figures: { cpuPerMillion: 1 / 0 } })).toBe('figures.cpuPerMillion');
});
