// A figure of every target as a table with bars: median as the bar, smallest and largest as its whiskers, ratio beside it.

import { figures, type FigureKey } from '../../figures.js';
import type { Cell, ScenarioComparison } from '../comparison.js';
import { formatMedian, formatRatio, formatSpread, labelOf, missing } from '../format.js';
import { html, type Html } from './html.js';
import { lookOf } from './series.js';

const directions = { lower: 'lower is better', higher: 'higher is better', none: '' } as const;

export function barTable(scenario: ScenarioComparison, figure: FigureKey): Html {
  const cells = scenario.targets.map((target) => scenario.cell(target, figure));
  const scale = Math.max(...cells.map((cell) => cell?.max ?? 0));
  const direction = directions[figures[figure].better];
  return html`<table class="view bars">
    <caption>
      ${labelOf(figure)}
      <small>${direction}</small>
    </caption>
    <thead class="unseen">
      <tr>
        <th scope="col">Target</th>
        <th scope="col">Median</th>
        <th scope="col">Against ${scenario.reference}</th>
      </tr>
    </thead>
    <tbody>
      ${scenario.targets.map((target, i) => barRow({ scenario, figure, target, cell: cells[i], scale }))}
    </tbody>
  </table>`;
}

function barRow({
  scenario,
  figure,
  target,
  cell,
  scale,
}: {
  readonly scenario: ScenarioComparison;
  readonly figure: FigureKey;
  readonly target: string;
  readonly cell: Cell | undefined;
  readonly scale: number;
}): Html {
  const isReference = target === scenario.reference;
  const ratio = isReference ? '1×' : formatRatio(cell?.ratio);
  return html`<tr class="${isReference ? 'bar-row reference' : 'bar-row'}">
    <th scope="row">${target}</th>
    <td class="bar-cell" title="${cell === undefined ? '' : formatSpread(cell, figure)}">
      ${cell !== undefined && bar(cell, target, scale)}
      <span class="bar-value">${cell === undefined ? missing : formatMedian(cell, figure)}</span>
    </td>
    <td class="bar-ratio">${cell === undefined ? missing : ratio}</td>
  </tr>`;
}

function bar(cell: Cell, target: string, scale: number): Html {
  const percent = (value: number): string => `${scale > 0 ? ((100 * value) / scale).toFixed(2) : 0}%`;
  const whiskers =
    cell.runs > 1 &&
    html`<i class="whisker" style="left:${percent(cell.min)};width:${percent(cell.max - cell.min)}"></i>`;
  return html`<span class="bar-track" aria-hidden="true"
    ><i class="bar" style="width:${percent(cell.median)};background:${lookOf(target).color}"></i
    >${whiskers}</span
  >`;
}
