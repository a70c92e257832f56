// What the line plots of a scenario show, as data: the page draws it, and the tables behind the plots list it.
// Also runs in the page: nothing of Node here.

import type { FigureKey } from '../../figures.js';
import type { Measurement } from '../../measurement.js';
import type { Results } from '../../results.js';
import { typicalRun } from '../comparison.js';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Something else than the server kept it from being better. */
  readonly isLimited: boolean;
}

export interface Axis {
  readonly label: string;
  readonly kind: 'log' | 'share';
}

export interface LinePlot {
  readonly kind: 'ramp' | 'latency' | 'growth';
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** A line across at this height, with its words. */
  readonly rule: { readonly y: number; readonly text: string } | undefined;
  readonly series: readonly { readonly target: string; readonly points: readonly PlotPoint[] }[];
}

/** The plots of one scenario: those its measurements have data for. Of each target the run with the median figure. */
export function plotsOf(results: Results, scenario: string): LinePlot[] {
  return kinds.map((kind) => plotOf(kind, results, scenario)).filter(({ series }) => series.length > 0);
}

function plotOf({ figure, pointsOf, ...plot }: Kind, results: Results, scenario: string): LinePlot {
  const runs = results.targets.flatMap(({ name: target }) => {
    const run = typicalRun(results, { scenario, target, figure });
    return run === undefined ? [] : [{ target, run }];
  });
  const series = runs
    .map(({ target, run }) => ({ target, points: pointsOf(run).filter((point) => isDrawable(plot, point)) }))
    .filter(({ points }) => points.length > 1);
  const labels =
    plot.kind === 'growth' ? runs.find(({ run }) => run.pointLabels)?.run.pointLabels : undefined;
  if (labels === undefined) return { ...plot, series };
  return { ...plot, x: { ...plot.x, label: labels.x }, y: { ...plot.y, label: labels.y }, series };
}

/** A logarithm has no place for 0. */
function isDrawable({ x, y }: Pick<LinePlot, 'x' | 'y'>, point: PlotPoint): boolean {
  return (x.kind !== 'log' || point.x > 0) && (y.kind !== 'log' || point.y > 0);
}

type Kind = Omit<LinePlot, 'series'> & {
  readonly figure: FigureKey;
  readonly pointsOf: (measurement: Measurement) => PlotPoint[];
};

const kinds: readonly Kind[] = [
  {
    kind: 'ramp',
    title: 'Latency as the rate rises',
    figure: 'highestDeliveriesPerS',
    x: { label: 'deliveries per second', kind: 'log' },
    y: { label: 'latency, 99 %, ms', kind: 'log' },
    rule: { y: 100, text: '100 ms' },
    pointsOf: ({ ramp = [] }) =>
      ramp.map((step) => ({ x: step.deliveriesPerS, y: step.p99Ms, isLimited: step.limit !== undefined })),
  },
  {
    kind: 'latency',
    title: 'Share of deliveries by latency',
    figure: 'p99Ms',
    x: { label: 'latency, ms', kind: 'log' },
    y: { label: 'share of deliveries', kind: 'share' },
    rule: undefined,
    pointsOf: ({ latency }) =>
      (latency?.points ?? []).map(({ ms, share }) => ({ x: ms, y: share, isLimited: false })),
  },
  {
    kind: 'growth',
    title: 'Cost as the work grows',
    figure: 'growth',
    x: { label: 'size of the work', kind: 'log' },
    y: { label: 'cost', kind: 'log' },
    rule: undefined,
    pointsOf: ({ points = [], limit }) =>
      points.map(({ x, y }) => ({ x, y, isLimited: limit !== undefined })),
  },
];
