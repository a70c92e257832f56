// A whole bench, small: scenarios of every kind at two servers, and all that it writes.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allScenarios, readResults, renderMarkdown, renderPage, type Results } from '../../../bench/index.js';
import { BenchProcess } from '../../support/bench-process.js';
import { makeFolder } from '../../support/server-process.js';

const targets = ['heddle', 'heddle+native', 'bare'];
/** Each needs something else of the bench or of a server; test/bench/process/scenarios.test.ts runs them all. */
const ids = [
  'hot-room-500',
  'quiet-room',
  'many-rooms',
  'join-storm',
  'awareness',
  'slow-readers',
  'cold-start',
];
let home: { path: string; remove: () => Promise<void> };
let run: BenchProcess;
let code: number | null;
let results: Results;
const file = (name: string): string => join(home.path, name);

beforeAll(async () => {
  home = await makeFolder();
  const flags = `--quick --only ${ids.join(',')} --targets ${targets.join(',')} --runs 1`;
  const outputs = `--json ${file('results.json')} --html ${file('results.html')} --markdown ${file('RESULTS.md')}`;
  run = new BenchProcess(home.path, `${flags} ${outputs}`.split(' '));
  code = await run.ended();
  results = readResults(file('results.json'));
}, 280_000);

afterAll(() => home.remove());

test('H12 a smoke run ends well', () => {
  const failures = results.runs.filter(({ failure }) => failure !== undefined);
  expect({ code, failures, stderr: code === 0 ? '' : run.stderr }).toEqual({
    code: 0,
    failures: [],
    stderr: '',
  });
});

test('H6 every scenario was measured at every target that fits, in turn', () => {
  const expected = allScenarios
    .filter(({ id }) => ids.includes(id))
    .map(({ id, needs }) => ({
      id,
      targets: targets.filter(
        (name) => name !== 'bare' || needs.every((need) => need === 'process' || need === 'awareness'),
      ),
    }));
  expect(results.runs.map(({ scenario, target, run }) => `${scenario} ${target} ${run}`)).toEqual(
    expected.flatMap(({ id, targets }) => targets.map((target) => `${id} ${target} 0`)),
  );
  expect(results).toMatchObject({
    format: 1,
    settings: { seed: 1, time: 0.1, size: 0.1 },
    command: `heddle bench --only ${ids.join(',')} --targets heddle,heddle+native,bare --runs 1 --quick`,
    targets: targets.map((name) => ({ name })),
  });
});

test('H9 every measurement has figures, and all are numbers', () => {
  for (const { scenario, target, measurement } of results.runs) {
    const values = Object.values(measurement?.figures ?? {});
    expect(values.length, `${scenario} at ${target}`).toBeGreaterThan(0);
    for (const value of values) expect(value, `${scenario} at ${target}`).toSatisfy(Number.isFinite);
  }
});

test('H10 the page and the report are those of the JSON', async () => {
  expect(await readFile(file('results.html'), 'utf8')).toBe(renderPage(results));
  expect(await readFile(file('RESULTS.md'), 'utf8')).toBe(renderMarkdown(results));
});

test('H6 no process and no data is left', async () => {
  expect(await run.processes()).toEqual([]);
  expect(await run.data()).toEqual([]);
});
