// One scenario of the page: bars of its main figures, its line plots, what failed, and every figure behind a fold.

import { figures, type FigureKey } from '../../figures.js';
import type { Results } from '../../results.js';
import type { Remark, ScenarioComparison } from '../comparison.js';
import {
  formatLeftOut,
  formatMedian,
  formatNumber,
  formatRatio,
  formatSource,
  formatSpread,
  labelOf,
  missing,
} from '../format.js';
import { barTable } from './bars.js';
import { html, type Html } from './html.js';
import { plotsOf, type LinePlot } from './plots.js';
import { lookOf } from './series.js';

export function scenarioSection(results: Results, scenario: ScenarioComparison): Html {
  const { id, title } = scenario;
  const plots = plotsOf(results, id);
  return html`<section id="${id}" class="card scenario" aria-labelledby="${id}-title">
    <h3 id="${id}-title">${title}</h3>
    ${failureList(scenario)} ${scenario.targets.length === 0 && html`<p class="note">Not measured.</p>`}
    <div class="views">
      ${mainFigures(scenario).map((figure) => barTable(scenario, figure))}
      ${plots.map((plot) => plotFigure(id, plot))}
    </div>
    ${absentNote(scenario)} ${remarkList(scenario)} ${scenario.figures.length > 0 && allFigures(scenario)}
  </section>`;
}

function absentNote({ leftOut }: ScenarioComparison): Html | undefined {
  if (leftOut.length === 0) return undefined;
  return html`<p class="note">Not measured here: ${leftOut.map(formatLeftOut).join('; ')}.</p>`;
}

/** What a scenario is run for, most telling first. */
const preferred: readonly FigureKey[] = [
  'highestDeliveriesPerS',
  'cpuPerMillion',
  'cpuMsPerJoin',
  'lastSyncedMs',
  'coldStartMs',
  'shareOfLevel',
  'acknowledgedPerS',
  'healthyP99Ms',
  'rssBytesPerConnection',
  'rssBytesPerDocument',
  'rssPerDocumentByte',
  'rssBytes',
  'growth',
  'p99Ms',
  'deliveriesPerS',
];

/** Scenarios that are run for something else than CPU. */
const ownFigures: Readonly<Record<string, readonly FigureKey[]>> = {
  'quiet-room': ['p50Ms', 'p99Ms'],
  'many-documents': ['cpuPerMillion', 'rssBytesPerOpening'],
  return: ['cpuMsPerJoin', 'bytesPerMissed'],
  'slow-readers': ['healthyP99Ms', 'rssBytes'],
  'durable-writes': ['shareOfLevel', 'acknowledgedPerS'],
  'growth-readers': ['growth'],
  'growth-joins': ['growth'],
  'growth-clients': ['growth'],
};

function mainFigures({ id, figures }: ScenarioComparison): FigureKey[] {
  const wanted = (ownFigures[id] ?? preferred).filter((figure) => figures.includes(figure)).slice(0, 2);
  return wanted.length > 0 ? wanted : figures.slice(0, 1);
}

function failureList({ failures }: ScenarioComparison): Html | undefined {
  if (failures.length === 0) return undefined;
  return html`<ul class="failures">
    ${failures.map(
      (failure) =>
        html`<li>
          <strong>${failure.isDelivery ? 'Wrong delivery' : 'Failed'}</strong>, ${formatSource(failure)}:
          ${failure.text}
        </li>`,
    )}
  </ul>`;
}

const mostOpenNotes = 4;

/** What limited a run is always seen; many notes are behind a fold. */
function remarkList({ limits, notes }: ScenarioComparison): Html {
  if (notes.length <= mostOpenNotes) return remarks([...limits, ...notes]);
  return html`${remarks(limits)}
    <details class="notes">
      <summary>${notes.length} notes</summary>
      ${remarks(notes)}
    </details>`;
}

function remarks(list: readonly Remark[]): Html {
  if (list.length === 0) return html``;
  return html`<ul class="remarks">
    ${list.map((remark) => html`<li>${formatSource(remark)}: ${remark.text}</li>`)}
  </ul>`;
}

/** The script draws into `.plot`; the table behind it says the same. */
function plotFigure(scenario: string, plot: LinePlot): Html {
  return html`<figure class="view">
    <figcaption>${plot.title}</figcaption>
    <ul class="legend">
      ${plot.series.map(({ target }) => {
        const { color, isDashed } = lookOf(target);
        return html`<li><i style="color:${color}" data-is-dashed="${String(isDashed)}"></i>${target}</li>`;
      })}
    </ul>
    <div class="plot" data-scenario="${scenario}" data-kind="${plot.kind}"></div>
    <details>
      <summary>Data of this plot</summary>
      ${plotTable(plot)}
    </details>
  </figure>`;
}

function plotTable({ title, x, y, series }: LinePlot): Html {
  const isShare = y.kind === 'share';
  const yText = (value: number): string => (isShare ? `${formatNumber(value * 100)} %` : formatNumber(value));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}: data">
    <table>
      <thead>
        <tr>
          <th scope="col">Target</th>
          <th scope="col">${x.label}</th>
          <th scope="col">${y.label}</th>
        </tr>
      </thead>
      <tbody>
        ${series.map(({ target, points }) =>
          points.map(
            (point) =>
              html`<tr>
                <th scope="row">${target}</th>
                <td>${formatNumber(point.x)}</td>
                <td>${yText(point.y)}${point.isLimited && ' (limited)'}</td>
              </tr>`,
          ),
        )}
      </tbody>
    </table>
  </div>`;
}

function allFigures(scenario: ScenarioComparison): Html {
  return html`<details class="all-figures">
    <summary>All figures</summary>
    <p class="note">
      Median, the smallest and the largest of the runs, and how many times that of ${scenario.reference}.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="All figures of ${scenario.title}">
      <table>
        <thead>
          <tr>
            <th scope="col">Target</th>
            ${scenario.figures.map((figure) => html`<th scope="col">${labelOf(figure)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${scenario.targets.map(
            (target) =>
              html`<tr>
                <th scope="row">${target}</th>
                ${scenario.figures.map((figure) => figureCell(scenario, target, figure))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function figureCell(scenario: ScenarioComparison, target: string, figure: FigureKey): Html {
  const cell = scenario.cell(target, figure);
  if (cell === undefined) return html`<td>${missing}</td>`;
  const spread = formatSpread(cell, figure);
  const hasRatio = target !== scenario.reference && figures[figure].better !== 'none';
  return html`<td>
    ${formatMedian(cell, figure)}${hasRatio && html` <b>${formatRatio(cell.ratio)}</b>`}
    ${spread !== '' && html`<br /><small>${spread}</small>`}
  </td>`;
}
