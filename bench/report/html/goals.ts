// The goals of the project with their verdicts, behind a fold: they are for those who work on it.

import { judgeGoals, subjectOf, type GoalResult, type Verdict } from '../../goals.js';
import { goalTally } from '../words.js';
import type { Results } from '../../results.js';
import { html, type Html } from './html.js';

/** Undefined for a bench that none of the goals is about. */
export function goalsSection(results: Results): Html | undefined {
  const goals = judgeGoals(results);
  if (goals.length === 0) return undefined;
  return html`<details id="goals" class="card fold">
    <summary>
      <h2>Goals of the project</h2>
      <span class="note">${goalTally(goals)}</span>
    </summary>
    <p class="note">
      Ratios of medians within this bench. The verdict is that with stock clients; that with native ones is
      beside it. Open a goal to see what was found.
    </p>
    <div class="goals">${goals.map(goalItem)}</div>
  </details>`;
}

function goalItem({ id, title, verdict, nativeVerdict, checks }: GoalResult): Html {
  const met = checks.filter((check) => check.verdict === 'met').length;
  return html`<details class="goal" ${verdict === 'missed' && html` open`}>
    <summary>
      <span class="goal-id">${id}</span>
      <span class="goal-title">${title}</span>
      <span class="goal-count">${met} of ${checks.length}</span>
      <span class="goal-chips"
        >${chip(verdict)} ${nativeVerdict !== undefined && chip(nativeVerdict, 'native ')}</span
      >
    </summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${id}: what was found">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Goal</th>
            <th scope="col">Found</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          ${checks.map(
            (check) =>
              html`<tr>
                <th scope="row"><a href="#${check.scenario}">${subjectOf(check)}</a></th>
                <td>${check.goal}</td>
                <td>
                  <strong>${check.found}</strong
                  >${check.numbers !== '' && html`<br /><small>${check.numbers}</small>`}
                </td>
                <td>${chip(check.verdict)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** `whose`: of which clients, where it is not said beside it. */
function chip(verdict: Verdict, whose = ''): Html {
  return html`<span class="chip" data-verdict="${verdict}">${whose}${verdict}</span>`;
}
