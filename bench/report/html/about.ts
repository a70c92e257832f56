// The end of the page: how to read it, what the targets are, the machine, the command that repeats it.

import type { Results } from '../../results.js';
import { environmentRows, readingNotes } from '../words.js';
import { html, type Html } from './html.js';

export function aboutSection(results: Results): Html {
  return html`<section id="about" class="card about" aria-labelledby="about-title">
    <h2 id="about-title">How to read this</h2>
    <ul>
      ${readingNotes(results).map((note) => html`<li>${note}</li>`)}
    </ul>
    <h2>Targets</h2>
    <dl>${results.targets.map(targetEntry)}</dl>
    <h2>Machine</h2>
    <dl>
      ${environmentRows(results.environment).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    <h2>Measure it again</h2>
    <pre><code>${results.command}</code></pre>
  </section>`;
}

function targetEntry({ name, description, unavailable }: Results['targets'][number]): Html {
  const absent = unavailable !== undefined && html` <strong>Not measured:</strong> ${unavailable}`;
  return html`<dt>${name}</dt>
    <dd>${description}${absent}</dd>`;
}
