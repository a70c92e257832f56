// Targets beside each other in one scenario: statistics over runs, ratios of medians, what failed and what was limited.
// Every report is made of this, so that all of them say the same. Also runs in the page: nothing of Node here.

import { figures, type FigureKey } from '../figures.js';
import type { Limit, Measurement } from '../measurement.js';
import { heddle, type LeftOut, type Results, type RunResult } from '../results.js';
import { ratio, summary, type Summary } from '../statistics.js';

/** One figure of one target, over its runs. */
export interface Cell {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** How many runs have the figure. */
  readonly runs: number;
  /** How many of them were limited by something else than the server. */
  readonly limitedRuns: number;
  /** What limited the median: set when at least half of the runs were limited. */
  readonly limit: Limit | undefined;
  /** This median over the reference's; undefined where the reference has none, or 0. */
  readonly ratio: number | undefined;
}

/** Something a reader should know of one target in one scenario, and in which of its runs (counted from 1). */
export interface Remark {
  readonly target: string;
  readonly runs: readonly number[];
  readonly text: string;
}

export interface ScenarioComparison {
  readonly id: string;
  readonly title: string;
  /** The target the ratios are against. */
  readonly reference: string;
  /** Those that were run, in the order of the results. */
  readonly targets: readonly string[];
  /** Those that at least one of them has, in the order of bench/figures.ts. */
  readonly figures: readonly FigureKey[];
  cell(target: string, figure: FigureKey): Cell | undefined;
  /** Targets that it was not measured at, and why. */
  readonly leftOut: readonly LeftOut[];
  readonly failures: readonly (Remark & { readonly isDelivery: boolean })[];
  readonly limits: readonly Remark[];
  readonly notes: readonly Remark[];
}

/** The target that others are compared to: Heddle, or the first where Heddle was not measured. */
export function referenceOf(results: Results): string {
  const names = results.targets
    .filter(({ unavailable }) => unavailable === undefined)
    .map(({ name }) => name);
  return names.includes(heddle) ? heddle : (names[0] ?? heddle);
}

export function compareAll(results: Results): ScenarioComparison[] {
  return results.scenarios.map(({ id }) => compareScenario(results, id));
}

/** A scenario that was not run has no targets and no figures. */
export function compareScenario(results: Results, id: string): ScenarioComparison {
  const reference = referenceOf(results);
  const known = results.scenarios.find((scenario) => scenario.id === id);
  const runs = results.runs.filter(({ scenario }) => scenario === id);
  const targets = results.targets
    .map(({ name }) => name)
    .filter((name) => runs.some(({ target }) => target === name));
  const cellOf = (target: string, figure: FigureKey): Cell | undefined =>
    makeCell(measurementsOf(runs, target), figure, summaryOf(measurementsOf(runs, reference), figure));
  return {
    id,
    title: known?.title ?? id,
    reference,
    targets,
    figures: (Object.keys(figures) as FigureKey[]).filter((figure) =>
      targets.some((target) => cellOf(target, figure) !== undefined),
    ),
    cell: cellOf,
    leftOut: known?.leftOut ?? [],
    ...remarksOf(runs),
  };
}

/**
 * One real run of a target to draw: the one whose figure is the median (the lower one of two), or the first one where no run
 * came to the figure.
 */
export function typicalRun(
  results: Results,
  { scenario, target, figure }: { scenario: string; target: string; figure: FigureKey },
): Measurement | undefined {
  const runs = results.runs.filter((run) => run.scenario === scenario);
  const measured = measurementsOf(runs, target);
  const complete = measured.filter(({ figures }) => figures[figure] !== undefined);
  complete.sort((a, b) => a.figures[figure]! - b.figures[figure]!);
  return complete[Math.floor((complete.length - 1) / 2)] ?? measured[0];
}

function measurementsOf(runs: readonly RunResult[], target: string): Measurement[] {
  return runs.flatMap((run) => (run.target === target && run.measurement ? [run.measurement] : []));
}

function summaryOf(measurements: readonly Measurement[], figure: FigureKey): Summary | undefined {
  const values = measurements.flatMap(({ figures }) => figures[figure] ?? []);
  return values.length === 0 ? undefined : summary(values);
}

function makeCell(
  measurements: readonly Measurement[],
  figure: FigureKey,
  reference: Summary | undefined,
): Cell | undefined {
  const found = summaryOf(measurements, figure);
  if (found === undefined) return undefined;
  const measured = measurements.filter(({ figures }) => figures[figure] !== undefined);
  const limited = measured.filter(({ limit }) => limit !== undefined);
  return {
    ...found,
    runs: measured.length,
    limitedRuns: limited.length,
    // With fewer, the median lies between runs that were not limited.
    limit: limited.length * 2 >= measured.length ? limited[0]?.limit : undefined,
    ratio: reference === undefined ? undefined : ratio(found, reference),
  };
}

function remarksOf(runs: readonly RunResult[]): Pick<ScenarioComparison, 'failures' | 'limits' | 'notes'> {
  const failed = runs.flatMap(({ target, run, failure }) =>
    failure ? [{ target, run, text: failure.message, isDelivery: failure.isDelivery }] : [],
  );
  const limited = runs.flatMap(({ target, run, measurement }) =>
    measurement?.limit ? [{ target, run, text: limitTexts[measurement.limit] }] : [],
  );
  const noted = runs.flatMap(({ target, run, measurement }) =>
    (measurement?.notes ?? []).map((text) => ({ target, run, text })),
  );
  return {
    failures: [true, false].flatMap((isDelivery) =>
      gathered(failed.filter((failure) => failure.isDelivery === isDelivery)).map((remark) => ({
        ...remark,
        isDelivery,
      })),
    ),
    limits: gathered(limited),
    notes: gathered(noted),
  };
}

const limitTexts: Readonly<Record<Limit, string>> = {
  load: 'the load generator was the limit, not the server',
  machine: 'other work on the machine took the cores',
};

/** The same words about the same target are said once, with the runs they are about. */
function gathered(remarks: readonly { target: string; run: number; text: string }[]): Remark[] {
  const found = new Map<string, { target: string; runs: number[]; text: string }>();
  for (const { target, run, text } of remarks) {
    const key = JSON.stringify([target, text]);
    const remark = found.get(key) ?? { target, runs: [], text };
    remark.runs.push(run + 1);
    found.set(key, remark);
  }
  return [...found.values()];
}
