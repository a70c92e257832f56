// How costs at several sizes become one figure.

import { expect, test } from 'vitest';
import { growthOf } from '../../../bench/scenarios/growth.js';

const labels = { x: 'readers', y: 'ms per update' };

test('growth is the last cost against the first, with all points in the unit asked for', () => {
  const points = [
    { x: 10, cpuS: 1, units: 100, limits: {} },
    { x: 1_000, cpuS: 3, units: 100, limits: {} },
  ];
  expect(growthOf(points, labels, 1_000)).toEqual({
    figures: { growth: 3 },
    points: [
      { x: 10, y: 10 },
      { x: 1_000, y: 30 },
    ],
    pointLabels: labels,
  });
});

test('H5 a limit at one point is the limit of the whole, and says where it was', () => {
  const points = [
    { x: 10, cpuS: 1, units: 1, limits: {} },
    { x: 100, cpuS: 1, units: 1, limits: { limit: 'load', notes: ['it was busy'] } as const },
  ];
  expect(growthOf(points, labels)).toMatchObject({ limit: 'load', notes: ['At 100 readers: it was busy'] });
});

test('CPU too little to be counted makes no figure, and says so', () => {
  const points = [
    { x: 10, cpuS: 0.01, units: 1, limits: {} },
    { x: 100, cpuS: 1, units: 1, limits: {} },
  ];
  const { figures, notes } = growthOf(points, labels);
  expect(figures).toEqual({});
  expect(notes?.join()).toContain('too short');
});
