// The report as one HTML file that needs nothing else: text and tables are in it, a script in it draws the plots.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Results } from '../results.js';
import { compareAll } from './comparison.js';
import { aboutSection } from './html/about.js';
import { goalsSection } from './html/goals.js';
import { html } from './html/html.js';
import { scenarioSection } from './html/scenario.js';
import { summarySection } from './html/summary.js';

/** Needs the built page of the package. */
export function renderPage(results: Results): string {
  const template = createRequire(import.meta.url).resolve('#bench-page');
  return fillPage(readFileSync(template, 'utf8'), results);
}

const reportPlace = '<!--report-->';
const resultsPlace = '<script type="application/json" id="results"></script>';

/** Puts the results into a page with a place for the report and one for the data. */
export function fillPage(template: string, results: Results): string {
  if (!template.includes(reportPlace) || !template.includes(resultsPlace))
    throw new TypeError('the page has no place for the results');
  const report = html`
    ${summarySection(results)}
    <section id="figures" aria-labelledby="figures-title">
      <h2 id="figures-title">Figures</h2>
      <p class="note">
        Bars are medians, whiskers the smallest and the largest run. Lines are the median run.
      </p>
      ${compareAll(results).map((scenario) => scenarioSection(results, scenario))}
    </section>
    ${aboutSection(results)} ${goalsSection(results)}
  `;
  // `<` would end the script element early, or begin a comment in it.
  const data = JSON.stringify(results).replaceAll('<', String.raw`\u003c`);
  return template
    .replace(resultsPlace, () => resultsPlace.replace('></', () => `>${data}</`))
    .replace(reportPlace, () => report.text);
}
