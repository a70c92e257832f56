// The top of the page: beside whom, how much faster, at what cost.

import type { Results } from '../../results.js';
import { referenceOf } from '../comparison.js';
import { headlines, rivals, type Headline } from '../headlines.js';
import { formatDate, runCount } from '../words.js';
import { html, type Html } from './html.js';

export function summarySection(results: Results): Html {
  const { environment, targets } = results;
  const runs = runCount(results);
  const reference = referenceOf(results);
  const beside = rivals(results, reference);
  const { gains, costs } = headlines(results);
  const what = targets.find(({ name }) => name === reference)?.description;
  return html`<header class="summary">
    <h1>Yjs servers, measured side by side</h1>
    ${
      beside.length > 0 &&
      html`<p class="lead">
        <strong>${reference}</strong> beside ${listed(beside)}: the same clients, the same documents, the same
        machine.
      </p>`
    }
    <p class="note">
      ${what !== undefined && html`${what}. `}Measured ${formatDate(environment.date)} on ${environment.cpu},
      ${runs === 1 ? 'one run' : `${runs} runs`} of each.
    </p>
    ${tileList('How much less work', `${reference} beside the closest other server that keeps documents`, gains)}
    ${tileList('At what cost', `${reference} beside a relay that keeps no documents and checks no tokens`, costs)}
  </header>`;
}

function tileList(title: string, words: string, items: readonly Headline[]): Html | undefined {
  if (items.length === 0) return undefined;
  return html`<h2 class="tiles-head">${title} <small>${words}</small></h2>
    <ul class="tiles">
      ${items.map(tileItem)}
    </ul>`;
}

function tileItem({ title, scenario, times, isGood, medians }: Headline): Html {
  return html`<li class="tile">
    <a href="#${scenario}">${title}</a>
    <strong class="tile-ratio" data-is-good="${String(isGood)}">${times}</strong>
    <span>${medians}</span>
  </li>`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? String(names[0]) : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
