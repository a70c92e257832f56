import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { figures } from '../../../bench/figures.js';
import { judgeGoals, subjectOf } from '../../../bench/goals.js';
import { compareAll, type ScenarioComparison } from '../../../bench/report/comparison.js';
import { formatMedian, formatRatio, formatSpread } from '../../../bench/report/format.js';
import { escapeHtml } from '../../../bench/report/html/html.js';
import { renderMarkdown } from '../../../bench/report/markdown.js';
import { fillPage } from '../../../bench/report/page.js';
import { renderTable } from '../../../bench/report/table.js';
import type { Results } from '../../../bench/results.js';
import { sampleResults } from './sample-results.js';

const template = readFileSync(
  fileURLToPath(new URL('../../../bench/report/page/index.html', import.meta.url)),
  'utf8',
);

/** The part of a report between one text and the next one that ends it. */
function between(text: string, from: string, to: string): string {
  const start = text.indexOf(from);
  expect(start, from).toBeGreaterThan(-1);
  const end = text.indexOf(to, start + from.length);
  return text.slice(start, end === -1 ? undefined : end);
}

/** What each report says of one target in one scenario. */
const reports: Readonly<
  Record<string, (results: Results) => (scenario: ScenarioComparison, target: string) => string>
> = {
  table: (results) => {
    const text = renderTable(results);
    const ids = results.scenarios.map(({ id }) => id);
    return ({ id }, target) => {
      const next = ids[ids.indexOf(id) + 1];
      // A line for each few columns.
      return between(text, `[${id}]`, next === undefined ? '\nNot measured' : `[${next}]`)
        .split('\n')
        .filter((line) => line.startsWith(`  ${target} `))
        .join('\n');
    };
  },
  markdown: (results) => {
    const text = renderMarkdown(results);
    const absolute = text.slice(text.indexOf('## Absolute figures'));
    const ratios = between(text, '## Ratios', '## Failures');
    return ({ id, title }, target) => {
      const parts = [between(absolute, `(\`${id}\`)`, '\n###')];
      if (ratios.includes(`### ${title}`)) parts.push(between(ratios, `### ${title}`, '\n###'));
      return parts
        .flatMap((part) => part.split('\n').filter((line) => line.startsWith(`| ${target} `)))
        .join('\n');
    };
  },
  page: (results) => {
    const text = fillPage(template, results);
    return ({ id }, target) =>
      between(text, `<section id="${id}"`, '</section>')
        .split('</tr>')
        .filter((row) => row.includes(`<th scope="row">${target}</th>`))
        .join('\n');
  },
};

describe.each(Object.keys(reports))('%s', (name) => {
  const inReport = reports[name]!(sampleResults);
  const written = (text: string): string => (name === 'page' ? escapeHtml(text) : text);

  test('H10 has every figure: median, smallest and largest, ratio', () => {
    let seen = 0;
    for (const scenario of compareAll(sampleResults)) {
      for (const target of scenario.targets) {
        const said = inReport(scenario, target);
        for (const figure of scenario.figures) {
          const cell = scenario.cell(target, figure);
          if (cell === undefined) continue;
          expect(said, `${scenario.id} ${target} ${figure}`).toContain(written(formatMedian(cell, figure)));
          expect(said).toContain(written(formatSpread(cell, figure)));
          if (target !== scenario.reference && figures[figure].better !== 'none')
            expect(said).toContain(formatRatio(cell.ratio));
          seen++;
        }
      }
    }
    expect(seen).toBeGreaterThan(150);
  });

  test('H9 what is missing is shown as missing', () => {
    const scenario = compareAll(sampleResults).find(({ id }) => id === 'hot-room-2000')!;
    const target = 'y-websocket-server+leveldb';
    expect(scenario.cell(target, 'cpuPerMillion')).toBeUndefined();
    expect(inReport(scenario, target)).toContain('–');
  });
});

const wholes = {
  table: renderTable(sampleResults, 10_000),
  markdown: renderMarkdown(sampleResults),
  page: fillPage(template, sampleResults),
};

describe.each(Object.entries(wholes))('%s', (name, text) => {
  const written = (words: string): string =>
    name === 'page' ? escapeHtml(words) : name === 'table' ? words : words.replaceAll('*', String.raw`\*`);

  test('H10 has the goals with the same verdicts, findings and numbers', () => {
    for (const { id, title, checks } of judgeGoals(sampleResults)) {
      expect(text).toContain(id);
      expect(text).toContain(written(title));
      for (const { found, numbers, goal } of checks)
        for (const part of [found, numbers, goal]) expect(text).toContain(written(part));
    }
  });

  test('H9 says who was not measured at a scenario, and why', () => {
    const said = text.replaceAll(/\s+/g, ' ').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
    for (const words of [
      'bare and bare-5ms (no documents are kept)',
      'heddle+native (a document takes <the same> whoever speaks)',
    ])
      expect(said).toContain(words);
  });

  test('H10 tells whose clients a finding is about', () => {
    const subjects = judgeGoals(sampleResults).flatMap(({ checks }) => checks.map(subjectOf));
    expect(subjects.filter((subject) => subject.endsWith('native clients')).length).toBeGreaterThan(5);
    const said = text.replaceAll(/\s+/g, ' ');
    for (const subject of subjects) expect(said).toContain(written(subject));
  });

  test('H10 shows failures, limits, notes, the machine, and the command that repeats it', () => {
    for (const words of [
      'reader 7 misses 14 updates of client 3114021',
      'the server did not listen within 20 s',
      'the load generator was the limit',
      'the relay was the limit, not the commit',
      'Example CPU @ 2.40GHz',
      'commit 0123456789ab',
      'v20.19.4',
    ])
      expect(text).toContain(words);
    if (name !== 'table') expect(text).toContain(sampleResults.command);
  });
});

test('the verdict of every goal is told in each report', () => {
  for (const { id, title, verdict, nativeVerdict } of judgeGoals(sampleResults)) {
    expect(wholes.table).toContain(`${id.padEnd(4)}${verdict.toUpperCase().padEnd(8)} ${title}`);
    const both = nativeVerdict === undefined ? verdict : `${verdict}, with native clients ${nativeVerdict}`;
    expect(wholes.markdown).toContain(`**${id}: ${both}.** ${title}`);
    const inPage = between(wholes.page, `<span class="goal-id">${id}</span>`, '</summary>');
    expect(inPage).toContain(`data-verdict="${verdict}"`);
    if (nativeVerdict === undefined) continue;
    expect(wholes.table).toContain(`    ${nativeVerdict.toUpperCase().padEnd(8)} with native clients`);
    expect(inPage).toContain(`native ${nativeVerdict}`);
  }
});

test('the top of the page compares Heddle to other servers, not to its own clients', () => {
  const tiles = between(wholes.page, '<ul class="tiles">', '</ul>');
  expect(tiles).toContain('#return');
  expect(tiles).not.toContain('heddle+native');
});

test('U63 the page begins with who is beside whom, how much less work it is, and at what cost; goals are behind a fold', () => {
  const main = wholes.page.slice(wholes.page.indexOf('<main>'));
  const places = [
    'beside y-websocket-server',
    'How much less work',
    'At what cost',
    'id="figures"',
    'id="about"',
  ].map((part) => main.indexOf(part));
  expect(places.every((place) => place > 0)).toBe(true);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(main.indexOf('<details id="goals"')).toBeGreaterThan(places.at(-1)!);
  expect(main.slice(0, places[3])).not.toMatch(/goal/i);
  const costs = between(main, 'At what cost', '</ul>');
  expect(costs.match(/class="tile"/g)).toHaveLength(5);
  expect(costs).toContain('; bare ');
});

test('U63 the table ends with the ratios, and a short run tells of no goal that it could not decide', () => {
  const short: Results = { ...sampleResults, settings: { ...sampleResults.settings, time: 0.1, size: 0.1 } };
  for (const results of [sampleResults, short]) {
    const last = renderTable(results).trimEnd().split('\n').slice(-4);
    for (const line of last)
      expect(line).toMatch(/^ {2}\S.* (?:[\d.]+× (?:less|more)|the same) +\S.*; bare \S/);
  }
  expect(renderTable(sampleResults)).toMatch(/^B\d+ +UNKNOWN/m);
  expect(renderTable(short)).not.toMatch(/^B\d+ +(?:UNKNOWN|MET)/m);
  const wrong = judgeGoals(short).filter(({ verdict }) => verdict === 'missed');
  for (const { id } of wrong) expect(renderTable(short)).toContain(`${id.padEnd(4)}MISSED`);
});

test('table lines stay within the width asked for', () => {
  const lines = renderTable(sampleResults, 100).split('\n');
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
});

test('RESULTS.md is written as the formatter would', async () => {
  const options = { parser: 'markdown', printWidth: 110, singleQuote: true };
  expect(await format(wholes.markdown, options)).toBe(wholes.markdown);
});

test('H10 the page loads nothing from elsewhere, and nothing of the results becomes markup', () => {
  const hostile = '</script><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)> "\'&';
  const page = fillPage(template, {
    ...sampleResults,
    command: hostile,
    environment: { ...sampleResults.environment, cpu: hostile },
    targets: [{ name: hostile, description: hostile, unavailable: hostile }, ...sampleResults.targets],
    scenarios: sampleResults.scenarios.map(({ id }) => ({ id, title: hostile })),
    runs: [
      ...sampleResults.runs.map((run) => ({ ...run, target: run.target === 'bare' ? hostile : run.target })),
      { scenario: 'quiet-room', target: 'heddle', run: 3, failure: { isDelivery: true, message: hostile } },
    ],
  });
  const elements = (text: string): string[] => text.match(/<[a-z][^>]*>/gi) ?? [];
  const named = (name: string, text: string): string[] =>
    elements(text).filter((element) => element.startsWith(`<${name}`));
  for (const name of ['script', 'img', 'link', 'iframe', 'object'])
    expect(named(name, page), name).toEqual(named(name, template));
  const attributes = elements(page).flatMap((element) =>
    [...element.matchAll(/\s([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => ({ name, value })),
  );
  const addresses = attributes.filter(({ name }) => /^(?:src|srcset|href|action|data|poster)$/.test(name));
  expect(addresses.length).toBeGreaterThan(10);
  expect(addresses.filter(({ value }) => /^\s*(?:\w+:|\/\/)/.test(value))).toEqual([]);
  expect(attributes.filter(({ name, value }) => name.startsWith('on') || /url\(/.test(value))).toEqual([]);
});

test('H10 the results in the page are those it was made of', () => {
  const [, data] = /<script type="application\/json" id="results">(.*?)<\/script>/s.exec(wholes.page)!;
  expect(JSON.parse(data!)).toEqual(JSON.parse(JSON.stringify(sampleResults)));
});

test('a page without places for the results is refused', () => {
  expect(() => fillPage('<html></html>', sampleResults)).toThrow('no place');
});

test('results of a run that measured nothing can be shown', () => {
  const empty: Results = { ...sampleResults, targets: [], runs: [] };
  expect(renderTable(empty)).toContain('not measured');
  expect(renderMarkdown(empty)).toContain('Not measured.');
  expect(fillPage(template, empty)).toContain('Not measured.');
});
