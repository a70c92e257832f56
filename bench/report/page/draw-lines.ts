// One line per target, with Observable Plot. Colours come from the style sheet, so light and dark need no new drawing.

import {
  axisX,
  axisY,
  dot,
  gridX,
  gridY,
  line,
  plot as newPlot,
  ruleY,
  text,
  tip,
  pointer,
} from '@observablehq/plot';
import type { Markish, ScaleOptions } from '@observablehq/plot';
import { formatNumber } from '../format.js';
import type { Axis, LinePlot, PlotPoint } from '../html/plots.js';
import { lookOf } from '../html/series.js';

interface SeriesPoint extends PlotPoint {
  readonly target: string;
}

/** A new drawing, `width` px wide. */
export function drawLines(plot: LinePlot, width: number): Element {
  const targets = plot.series.map(({ target }) => target).join(', ');
  return newPlot({
    width,
    height: Math.round(Math.min(340, Math.max(240, width * 0.6))),
    marginLeft: 44,
    marginRight: 14,
    marginTop: 24,
    marginBottom: 40,
    x: scaleOf(plot.x, domainOfX(plot)),
    y: scaleOf(plot.y, domainOfY(plot)),
    ariaLabel: `${plot.title}: ${plot.y.label} by ${plot.x.label}`,
    ariaDescription: `One line each for ${targets}. The table below the plot has the data.`,
    marks: [
      ...frame(plot, width),
      ...plot.series.flatMap((series) => [
        lineOf(series),
        ...(plot.kind === 'latency' ? [] : [dotsOf(series)]),
      ]),
      tipMark(plot),
    ],
  });
}

type Domain = readonly [min: number, max: number];

function scaleOf({ kind }: Axis, domain: Domain): ScaleOptions {
  return kind === 'log' ? { type: 'log', domain } : { domain };
}

function domainOfX(plot: LinePlot): Domain {
  return around(allPoints(plot).map(({ x }) => x));
}

/** At least a power of ten, so that small differences look small. */
function domainOfY(plot: LinePlot): Domain {
  if (plot.y.kind === 'share') return [0, 1];
  const rules = plot.rule === undefined ? [] : [plot.rule.y];
  const [min, max] = around([...allPoints(plot).map(({ y }) => y), ...rules]);
  if (max / min >= 10) return [min, max];
  const power = Math.floor(Math.log10(min));
  return [10 ** power, 10 ** Math.max(power + 1, Math.ceil(Math.log10(max)))];
}

function around(values: readonly number[]): Domain {
  return [Math.min(...values), Math.max(...values)];
}

function frame(plot: LinePlot, width: number): Markish[] {
  const { x, y, rule } = plot;
  const xTicks = ticksOf(x, domainOfX(plot), width / 55);
  const yTicks = ticksOf(y, domainOfY(plot), 7);
  const grid = { stroke: 'var(--line)', strokeOpacity: 1 };
  const axis = { color: 'var(--ink-soft)', tickSize: 0, fontSize: 11, labelArrow: 'none' } as const;
  return [
    gridX({ ...grid, ticks: xTicks }),
    gridY({ ...grid, ticks: yTicks }),
    axisX({ ...axis, ticks: xTicks, label: x.label, labelAnchor: 'right', text: tickText(x) }),
    axisY({ ...axis, ticks: yTicks, label: y.label, labelAnchor: 'top', text: tickText(y) }),
    ...(rule === undefined
      ? []
      : [
          ruleY([rule.y], { stroke: 'var(--bad)', strokeDasharray: '3 4' }),
          text([rule.text], {
            y: rule.y,
            frameAnchor: 'left',
            dx: 4,
            dy: 8,
            textAnchor: 'start',
            fill: 'var(--bad)',
          }),
        ]),
  ];
}

/** 1, 2, 5, 10, 20 and so on within the values; powers of ten alone where those would be more than `most`. */
function ticksOf({ kind }: Axis, [min, max]: Domain, most: number): number[] {
  if (kind === 'share') return [0, 0.25, 0.5, 0.75, 1];
  const powers = Array.from(
    { length: Math.ceil(Math.log10(max / min)) + 2 },
    (_, i) => 10 ** (Math.floor(Math.log10(min)) + i),
  );
  const within = (ticks: number[]): number[] => ticks.filter((tick) => tick >= min && tick <= max);
  const fine = within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  return fine.length > most ? within(powers) : fine;
}

function tickText({ kind }: Axis): (value: number) => string {
  return kind === 'share' ? (value) => `${formatNumber(value * 100)} %` : formatNumber;
}

type Series = LinePlot['series'][number];

function lineOf({ target, points }: Series): Markish {
  const { color, isDashed } = lookOf(target);
  return line(points, {
    x: 'x',
    y: 'y',
    stroke: color,
    strokeWidth: target === 'heddle' ? 2.6 : 1.6,
    strokeLinejoin: 'round',
    ...(isDashed ? { strokeDasharray: '5 3' } : {}),
  });
}

/** A point that something else limited is hollow. */
function dotsOf({ target, points }: Series): Markish {
  const { color } = lookOf(target);
  return dot(points, {
    x: 'x',
    y: 'y',
    r: target === 'heddle' ? 3 : 2.2,
    stroke: color,
    fill: (point: PlotPoint) => (point.isLimited ? 'var(--paper)' : color),
  });
}

/** What is known of the point nearest to the pointer. */
function tipMark(plot: LinePlot): Markish {
  const title = (point: SeriesPoint): string => tipText(plot, point);
  const look = { fill: 'var(--paper)', stroke: 'var(--ink-soft)', lineHeight: 1.35 };
  return tip(allPoints(plot), pointer({ x: 'x', y: 'y', title, ...look }));
}

function allPoints({ series }: LinePlot): SeriesPoint[] {
  return series.flatMap(({ target, points }) => points.map((point) => ({ ...point, target })));
}

function tipText({ x, y }: LinePlot, point: SeriesPoint): string {
  const limited = point.isLimited ? '\nlimited by the load or the machine' : '';
  return `${point.target}\n${x.label}: ${tickText(x)(point.x)}\n${y.label}: ${tickText(y)(point.y)}${limited}`;
}
