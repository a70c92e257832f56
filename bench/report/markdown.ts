// The report as RESULTS.md: goals first, then ratios, then absolute figures with their machine named.

import { figures, type FigureKey } from '../figures.js';
import { judgeGoals, subjectOf, type GoalResult } from '../goals.js';
import type { Results } from '../results.js';
import { compareAll, referenceOf, type ScenarioComparison } from './comparison.js';
import {
  formatLeftOut,
  formatMedian,
  formatRatio,
  formatSource,
  formatSpread,
  labelOf,
  missing,
} from './format.js';
import { environmentRows, formatDate, goalTally, readingNotes, verdictText } from './words.js';

export function renderMarkdown(results: Results): string {
  const scenarios = compareAll(results);
  const goals = judgeGoals(results);
  const { environment, command } = results;
  const blocks = [
    '# Results of the bench',
    `Measured ${formatDate(environment.date)} on ${escaped(environment.cpu)}. This file is written by the bench; again with:`,
    `\`\`\`sh\n${command}\n\`\`\``,
    ...goalBlocks(goals),
    '## What to know before reading on',
    bullets(readingNotes(results)),
    '## Targets',
    bullets(results.targets.map(targetLine)),
    `## Ratios to ${referenceOf(results)}`,
    ...scenarios.flatMap(ratioBlocks),
    ...troubleBlocks(scenarios),
    '## Absolute figures of this machine',
    bullets(environmentRows(environment).map(([name, value]) => `${name}: ${escaped(value)}`)),
    'Median, and the smallest and the largest of the runs below it.',
    ...scenarios.flatMap(figureBlocks),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function goalBlocks(goals: readonly GoalResult[]): string[] {
  if (goals.length === 0) return [];
  const intro = `${goalTally(goals)}. What was found for each is below the table.`;
  return ['## Goals', intro, goalTable(goals), ...goals.map(goalBlock)];
}

function goalTable(goals: readonly GoalResult[]): string {
  return table(
    ['', 'goal', 'stock clients', 'native clients'],
    goals.map(({ id, title, verdict, nativeVerdict }) => [
      id,
      title,
      `**${verdict}**`,
      nativeVerdict === undefined ? missing : `**${nativeVerdict}**`,
    ]),
  );
}

function goalBlock({ id, title, verdict, nativeVerdict, checks }: GoalResult): string {
  const rows = checks.map((check) => [
    subjectOf(check),
    check.goal,
    escaped(check.found) + (check.numbers === '' ? '' : ` (${check.numbers})`),
    check.verdict,
  ]);
  const parts = [
    `**${id}: ${verdictText(verdict, nativeVerdict)}.** ${title}`,
    table(['what', 'goal', 'found', 'verdict'], rows),
  ];
  return parts.join('\n\n');
}

function targetLine({ name, description, unavailable }: Results['targets'][number]): string {
  const absent = unavailable === undefined ? '' : ` **Not measured:** ${escaped(unavailable)}`;
  return `**${escaped(name)}**: ${escaped(description)}${absent}`;
}

function ratioBlocks(scenario: ScenarioComparison): string[] {
  const shown = scenario.figures.filter(
    (figure) => figures[figure].better !== 'none' && scenario.cell(scenario.reference, figure) !== undefined,
  );
  const others = scenario.targets.filter((target) => target !== scenario.reference);
  if (shown.length === 0 || others.length === 0) return [];
  const cellOf = (target: string, figure: FigureKey): string =>
    formatRatio(scenario.cell(target, figure)?.ratio);
  return [`### ${escaped(scenario.title)}`, targetTable({ targets: others, shown, cellOf })];
}

function figureBlocks(scenario: ScenarioComparison): string[] {
  const head = `### ${escaped(scenario.title)} (\`${scenario.id}\`)`;
  const absent = scenario.leftOut.length === 0 ? [] : [absentText(scenario)];
  if (scenario.targets.length === 0) return [head, 'Not measured.', ...absent];
  const cellOf = (target: string, figure: FigureKey): string => {
    const cell = scenario.cell(target, figure);
    if (cell === undefined) return missing;
    const spread = formatSpread(cell, figure);
    return formatMedian(cell, figure) + (spread === '' ? '' : `<br>${spread}`);
  };
  return [head, targetTable({ targets: scenario.targets, shown: scenario.figures, cellOf }), ...absent];
}

function absentText({ leftOut }: ScenarioComparison): string {
  return `Not measured here: ${escaped(leftOut.map(formatLeftOut).join('; '))}.`;
}

function targetTable({
  targets,
  shown,
  cellOf,
}: {
  targets: readonly string[];
  shown: readonly FigureKey[];
  cellOf: (target: string, figure: FigureKey) => string;
}): string {
  return table(
    ['', ...shown.map(labelOf)],
    targets.map((target) => [escaped(target), ...shown.map((figure) => cellOf(target, figure))]),
  );
}

function troubleBlocks(scenarios: readonly ScenarioComparison[]): string[] {
  const failures = scenarios.flatMap(({ id, failures }) =>
    failures.map((failure) => {
      const kind = failure.isDelivery ? '**wrong delivery**' : 'failed';
      return `\`${id}\`, ${escaped(formatSource(failure))}: ${kind}: ${escaped(failure.text)}`;
    }),
  );
  const remarks = scenarios.flatMap(({ id, limits, notes }) =>
    [...limits, ...notes].map(
      (remark) => `\`${id}\`, ${escaped(formatSource(remark))}: ${escaped(remark.text)}`,
    ),
  );
  return [
    '## Failures',
    failures.length === 0 ? 'None.' : bullets(failures),
    '## Limits and notes',
    remarks.length === 0 ? 'None.' : bullets(remarks),
  ];
}

/** Padded, as a formatter would write it: the file is committed. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((_, i) => Math.max(3, ...[heads, ...rows].map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, i) => text.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

/** Text of a server or of the machine, so that it is text in Markdown too, on one line. */
function escaped(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|#]/g, String.raw`\$&`);
}
