// The top of the page: what was measured, and the ratios that matter most.

import { figures, type FigureKey } from '../../figures.js';
import { judgeGoals } from '../../goals.js';
import { ownTargets, type Results } from '../../results.js';
import { compareScenario, referenceOf } from '../comparison.js';
import { formatMedian, formatNumber } from '../format.js';
import { formatDate, goalTally, runCount } from '../words.js';
import { html, type Html } from './html.js';

/** What a tile is about, in the order of the page. */
const tiles: readonly { readonly title: string; readonly scenario: string; readonly figure: FigureKey }[] = [
  { title: 'CPU per delivery, busy room', scenario: 'hot-room-500', figure: 'cpuPerMillion' },
  { title: 'Highest rate, busy room', scenario: 'hot-room-ramp', figure: 'highestDeliveriesPerS' },
  { title: 'CPU per delivery, many rooms', scenario: 'many-rooms', figure: 'cpuPerMillion' },
  { title: 'CPU per join, large document', scenario: 'join-storm', figure: 'cpuMsPerJoin' },
  { title: 'CPU per returning client', scenario: 'return', figure: 'cpuMsPerJoin' },
  { title: 'CPU per awareness change', scenario: 'awareness', figure: 'cpuPerMillion' },
  { title: 'Memory per connection', scenario: 'idle-connections', figure: 'rssBytesPerConnection' },
  { title: 'Cold start to first sync', scenario: 'cold-start', figure: 'coldStartMs' },
];

export function summarySection(results: Results): Html {
  const { environment } = results;
  const runs = runCount(results);
  const goals = judgeGoals(results);
  return html`<header class="summary">
    <h1>Yjs servers, measured side by side</h1>
    <p class="lead">
      ${formatDate(environment.date)}, ${environment.cpu}, ${runs === 1 ? 'one run' : `${runs} runs`} of each.
      ${goals.length > 0 && `Goals: ${goalTally(goals)}.`}
    </p>
    ${tileList(results)}
  </header>`;
}

function tileList(results: Results): Html | undefined {
  const items = tiles.flatMap((tile) => tileItem(results, tile) ?? []);
  if (items.length === 0) return undefined;
  return html`<p class="tiles-head">
      <strong>${referenceOf(results)}</strong> beside the closest other server that keeps documents:
    </p>
    <ul class="tiles">
      ${items}
    </ul>`;
}

function tileItem(results: Results, { title, scenario, figure }: (typeof tiles)[number]): Html | undefined {
  const comparison = compareScenario(results, scenario);
  const ours = comparison.cell(comparison.reference, figure);
  const rival = closestRival(comparison, figure);
  if (ours === undefined || rival === undefined || rival.ratio <= 0) return undefined;
  const { better } = figures[figure];
  const isMore = rival.ratio < 1;
  const times = formatNumber(isMore ? 1 / rival.ratio : rival.ratio);
  const isGood = isMore === (better === 'higher');
  return html`<li class="tile">
    <a href="#${scenario}">${title}</a>
    <strong class="tile-ratio" data-is-good="${String(isGood)}">${times}× ${isMore ? 'more' : 'less'}</strong>
    <span>${formatMedian(ours, figure)}; ${rival.target} ${rival.text}</span>
  </li>`;
}

/** The other server that is best at the figure. Bare relays keep no documents and stand for a bound, not for a choice; the
 * targets that are Heddle too are the same server. */
function closestRival(
  comparison: ReturnType<typeof compareScenario>,
  figure: FigureKey,
): { target: string; ratio: number; text: string } | undefined {
  const rivals = comparison.targets
    .filter(
      (target) =>
        target !== comparison.reference && !ownTargets.includes(target) && !target.startsWith('bare'),
    )
    .flatMap((target) => {
      const cell = comparison.cell(target, figure);
      return cell?.ratio === undefined
        ? []
        : [{ target, ratio: cell.ratio, text: formatMedian(cell, figure) }];
    })
    .sort((a, b) => a.ratio - b.ratio);
  return figures[figure].better === 'higher' ? rivals.at(-1) : rivals[0];
}
