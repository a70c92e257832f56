// What a reader wants to know first: how Heddle stands beside the best of the others, and what it costs beside a relay that
// keeps nothing. The page begins with these, and the table ends with them.

import { figures, type FigureKey } from '../figures.js';
import { ownTargets, type Results } from '../results.js';
import { compareScenario, type Cell, type ScenarioComparison } from './comparison.js';
import { formatMedian, formatNumber } from './format.js';

/** One ratio in words. */
export interface Headline {
  readonly title: string;
  readonly scenario: string;
  /** `3.57× less`. */
  readonly times: string;
  /** The reference is the better one, or as good. */
  readonly isGood: boolean;
  /** The two medians: `2.35 s; hocuspocus 8.4 s`. */
  readonly medians: string;
}

export interface Headlines {
  /** Beside the best other server that keeps documents. */
  readonly gains: readonly Headline[];
  /** Beside a relay that keeps no documents: what it costs to keep them. */
  readonly costs: readonly Headline[];
}

interface Subject {
  readonly title: string;
  readonly scenario: string;
  readonly figure: FigureKey;
}

const gains: readonly Subject[] = [
  { title: 'CPU per delivery, busy room', scenario: 'hot-room-500', figure: 'cpuPerMillion' },
  { title: 'Highest rate, busy room', scenario: 'hot-room-ramp', figure: 'highestDeliveriesPerS' },
  { title: 'CPU per delivery, many rooms', scenario: 'many-rooms', figure: 'cpuPerMillion' },
  { title: 'CPU per join, large document', scenario: 'join-storm', figure: 'cpuMsPerJoin' },
  { title: 'CPU per returning client', scenario: 'return', figure: 'cpuMsPerJoin' },
  { title: 'CPU per awareness change', scenario: 'awareness', figure: 'cpuPerMillion' },
  { title: 'Memory per connection', scenario: 'idle-connections', figure: 'rssBytesPerConnection' },
  { title: 'Cold start to first sync', scenario: 'cold-start', figure: 'coldStartMs' },
];

const costs: readonly Subject[] = [
  { title: 'CPU per delivery, busy room', scenario: 'hot-room-500', figure: 'cpuPerMillion' },
  { title: 'CPU per delivery, many rooms', scenario: 'many-rooms', figure: 'cpuPerMillion' },
  { title: 'Latency, busy room', scenario: 'hot-room-500', figure: 'p50Ms' },
  { title: 'Latency, quiet room', scenario: 'quiet-room', figure: 'p50Ms' },
  { title: 'Memory per connection', scenario: 'idle-connections', figure: 'rssBytesPerConnection' },
];

/** A bare relay keeps no documents: it stands for a bound, not for a choice. */
const relay = 'bare';

/** The ratios that matter most, as far as they were measured. */
export function headlines(results: Results): Headlines {
  return {
    gains: gains.flatMap((subject) => headline(results, subject, isRival) ?? []),
    costs: costs.flatMap((subject) => headline(results, subject, (target) => target === relay) ?? []),
  };
}

/** The other servers that were measured and keep documents. */
export function rivals({ targets }: Results, reference: string): readonly string[] {
  return targets
    .filter(({ name, unavailable }) => unavailable === undefined && name !== reference && isRival(name))
    .map(({ name }) => name);
}

/** Targets that are Heddle too are the same server. */
function isRival(target: string): boolean {
  return !ownTargets.includes(target) && !target.startsWith(relay);
}

function headline(
  results: Results,
  { title, scenario, figure }: Subject,
  isAsked: (target: string) => boolean,
): Headline | undefined {
  const comparison = compareScenario(results, scenario);
  const ours = comparison.cell(comparison.reference, figure);
  const best = bestOf(comparison, figure, isAsked);
  if (ours === undefined || best?.cell.ratio === undefined || best.cell.ratio <= 0) return undefined;
  const { ratio } = best.cell;
  const { better } = figures[figure];
  const isMore = ratio < 1;
  const isSame = ratio === 1;
  return {
    title,
    scenario,
    times: isSame ? 'the same' : `${formatNumber(isMore ? 1 / ratio : ratio)}× ${isMore ? 'more' : 'less'}`,
    isGood: isSame || isMore === (better === 'higher'),
    medians: `${formatMedian(ours, figure)}; ${best.target} ${formatMedian(best.cell, figure)}`,
  };
}

function bestOf(
  comparison: ScenarioComparison,
  figure: FigureKey,
  isAsked: (target: string) => boolean,
): { readonly target: string; readonly cell: Cell } | undefined {
  const found = comparison.targets
    .filter((target) => target !== comparison.reference && isAsked(target))
    .flatMap((target) => {
      const cell = comparison.cell(target, figure);
      return cell?.ratio === undefined ? [] : [{ target, cell }];
    })
    .sort((a, b) => a.cell.ratio! - b.cell.ratio!);
  return figures[figure].better === 'higher' ? found.at(-1) : found[0];
}
