// The report for a terminal: a table per scenario with targets as rows, the goals, and the ratios that matter most at the end.

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
import { headlines, type Headline } from './headlines.js';
import { environmentRows, goalTally, isShort, readingNotes } from './words.js';

const gap = '  ';

/** Lines of at most `width` columns, as far as names allow. */
export function renderTable(results: Results, width = 110): string {
  const sections = [
    environmentRows(results.environment).map(([name, value]) => `${name.padEnd(9)}${value}`),
    ...compareAll(results).map((scenario) => scenarioLines(scenario, width)),
    unavailableLines(results, width),
    goalLines(decided(results), width),
    ['How to read this', ...readingNotes(results).flatMap((note) => wrapped(note, width, '  '))],
    ...ratioSections(results, width),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function scenarioLines(scenario: ScenarioComparison, width: number): string[] {
  const head = [scenario.title, `[${scenario.id}]  × is against ${scenario.reference}`];
  if (scenario.targets.length === 0) return [...head, '  not measured', ...absentLines(scenario, width)];
  const columns = scenario.figures.map((figure) => figureColumn(scenario, figure));
  return [
    ...head,
    ...inChunks(columns, width - nameWidth(scenario)).flatMap((chunk) => [
      '',
      ...tableLines(scenario, chunk),
    ]),
    ...absentLines(scenario, width),
    ...remarkLines(scenario, width),
  ];
}

function absentLines({ leftOut }: ScenarioComparison, width: number): string[] {
  if (leftOut.length === 0) return [];
  return ['', ...wrapped(`not measured here: ${leftOut.map(formatLeftOut).join('; ')}`, width, gap)];
}

interface Column {
  readonly head: readonly string[];
  /** One per target. */
  readonly cells: readonly string[];
  readonly width: number;
}

const widestHead = 26;

function figureColumn(scenario: ScenarioComparison, figure: FigureKey): Column {
  const cells = scenario.targets.map((target) => cellText(scenario, target, figure));
  const head = wrapped(labelOf(figure), widestHead, '');
  return { head, cells, width: Math.max(...[...head, ...cells].map((text) => text.length)) };
}

/** `4.5 ms (4.1 ms – 5 ms)  1.9×`. */
function cellText(scenario: ScenarioComparison, target: string, figure: FigureKey): string {
  const cell = scenario.cell(target, figure);
  if (cell === undefined) return missing;
  const spread = formatSpread(cell, figure);
  const median = formatMedian(cell, figure) + (spread === '' ? '' : ` (${spread})`);
  const hasRatio = target !== scenario.reference && figures[figure].better !== 'none';
  return hasRatio ? `${median} ${formatRatio(cell.ratio)}` : median;
}

function inChunks(columns: readonly Column[], width: number): Column[][] {
  const chunks: Column[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const column of columns) {
    used += gap.length + column.width;
    if (used > width) {
      chunks.push([]);
      used = gap.length + column.width;
    }
    chunks.at(-1)!.push(column);
  }
  return chunks;
}

function nameWidth({ targets }: ScenarioComparison): number {
  return Math.max(...targets.map((target) => target.length)) + gap.length;
}

function tableLines(scenario: ScenarioComparison, columns: readonly Column[]): string[] {
  const depth = Math.max(...columns.map(({ head }) => head.length));
  const line = (name: string, texts: readonly string[]): string =>
    gap +
    [name.padEnd(nameWidth(scenario) - gap.length), ...texts.map((text, i) => text.padEnd(columns[i]!.width))]
      .join(gap)
      .trimEnd();
  const heads = Array.from({ length: depth }, (_, row) =>
    line(
      '',
      columns.map(({ head }) => head[row - depth + head.length] ?? ''),
    ),
  );
  const rows = scenario.targets.map((target, row) =>
    line(
      target,
      columns.map(({ cells }) => cells[row]!),
    ),
  );
  return [...heads, ...rows];
}

function remarkLines({ failures, limits, notes }: ScenarioComparison, width: number): string[] {
  const failed = failures.map(
    (failure) =>
      `${failure.isDelivery ? 'WRONG DELIVERY' : 'FAILED'} (${formatSource(failure)}): ${failure.text}`,
  );
  const known = [...limits, ...notes].map((remark) => `${formatSource(remark)}: ${remark.text}`);
  const lines = [...failed, ...known].flatMap((text) => wrapped(text, width, gap));
  return lines.length === 0 ? [] : ['', ...lines];
}

function unavailableLines({ targets }: Results, width: number): string[] {
  const absent = targets.filter(({ unavailable }) => unavailable !== undefined);
  if (absent.length === 0) return [];
  return ['Not measured', ...absent.flatMap((one) => wrapped(`${one.name}: ${one.unavailable}`, width, gap))];
}

/** Goals are about work of the real size: a short run tells only of those that it could decide all the same. */
function decided(results: Results): readonly GoalResult[] {
  const goals = judgeGoals(results);
  if (!isShort(results)) return goals;
  return goals.filter(({ verdict, nativeVerdict }) => [verdict, nativeVerdict].includes('missed'));
}

function ratioSections(results: Results, width: number): string[][] {
  const { gains, costs } = headlines(results);
  const reference = referenceOf(results);
  return [
    ratioLines(`${reference} beside the closest other server that keeps documents`, gains, width),
    ratioLines(`${reference} beside a relay that keeps no documents and checks no tokens`, costs, width),
  ];
}

function ratioLines(head: string, items: readonly Headline[], width: number): string[] {
  if (items.length === 0) return [];
  const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
  const titles = widest(items.map(({ title }) => title));
  const times = widest(items.map((item) => item.times));
  return [
    ...wrapped(head, width, ''),
    ...items.map((item) =>
      `${gap}${item.title.padEnd(titles)}${gap}${item.times.padEnd(times)}${gap}${item.medians}`.trimEnd(),
    ),
  ];
}

function goalLines(goals: readonly GoalResult[], width: number): string[] {
  if (goals.length === 0) return [];
  return [`Goals: ${goalTally(goals)}`, ...goals.flatMap((goal) => ['', ...oneGoal(goal, width)])];
}

function oneGoal({ id, title, verdict, nativeVerdict, checks }: GoalResult, width: number): string[] {
  return [
    `${id.padEnd(4)}${verdict.toUpperCase().padEnd(8)} ${title}`,
    ...(nativeVerdict === undefined
      ? []
      : [`    ${nativeVerdict.toUpperCase().padEnd(8)} with native clients`]),
    ...checks.flatMap((check) => {
      const numbers = check.numbers === '' ? '' : ` (${check.numbers})`;
      const found = `${subjectOf(check)}: ${check.found}${numbers}; goal ${check.goal}`;
      return wrapped(`${check.verdict.padEnd(8)} ${found}`, width, '    ');
    }),
  ];
}

/** Lines of at most `width`, broken at blanks, each after `indent`, the second and later ones a little further in. */
function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.replaceAll(/\p{Cc}+/gu, ' ').split(/(?<=\S)\s/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(indent + (last === undefined || indent === '' ? '' : '  ') + word);
  }
  return lines;
}
