// A cost as the work grows: what the scenarios have in common that measure one at several sizes.

import type { Measurement } from '../measurement.js';
import { leastCpuS } from './stretch.js';

export interface Point {
  /** How much work. */
  readonly x: number;
  /** CPU of the server, s. */
  readonly cpuS: number;
  /** What it did for that, in units of the cost. */
  readonly units: number;
  readonly limits: Pick<Measurement, 'limit' | 'notes'>;
}

/** The costs in rising order of x, and how many times the last one is the first one. `scale`: CPU seconds to a cost's unit. */
export function growthOf(
  points: readonly Point[],
  labels: NonNullable<Measurement['pointLabels']>,
  scale = 1,
): Measurement {
  const costs = points.map(({ x, cpuS, units }) => ({ x, y: (cpuS * scale) / units }));
  const isShort = points.some(({ cpuS }) => cpuS < leastCpuS);
  const limit = points.find(({ limits }) => limits.limit !== undefined)?.limits.limit;
  const notes = points.flatMap(({ x, limits }) =>
    (limits.notes ?? []).map((note) => `At ${x} ${labels.x}: ${note}`),
  );
  if (isShort) notes.push('Too little CPU was used to be counted: the run is too short for this figure.');
  return {
    figures: isShort ? {} : { growth: costs.at(-1)!.y / costs[0]!.y },
    points: costs,
    pointLabels: labels,
    ...(limit === undefined ? {} : { limit }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}
