import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseResults, readResults, ResultsError, writeResults } from '../../../bench/report/json.js';
import type { Results } from '../../../bench/results.js';
import { sampleResults } from './sample-results.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'heddle-results-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('H10 results come back from their file as they were', () => {
  const file = join(folder, 'results.json');
  writeResults(file, sampleResults);
  expect(readResults(file)).toEqual(JSON.parse(JSON.stringify(sampleResults)));
  expect(readdirSync(folder)).toEqual(['results.json']);
});

test('a figure that is no number is not written, and the file that was there stays', () => {
  const file = join(folder, 'results.json');
  writeResults(file, sampleResults);
  const run = { scenario: 's', target: 'heddle', run: 0, measurement: { figures: { p99Ms: Number.NaN } } };
  const broken: Results = { ...sampleResults, runs: [run] };
  expect(() => writeResults(file, broken)).toThrow(/runs\[0\]\.measurement\.figures\.p99Ms/);
  expect(readResults(file).runs).toHaveLength(sampleResults.runs.length);
});

test.each([
  ['not JSON', '{', 'is not JSON'],
  ['a list', '[]', 'no results'],
  ['something else', '{"name":"x"}', 'no results'],
  ['a later format', '{"format":2}', 'has format 2'],
  ['nothing but the format', '{"format":1}', 'damaged at environment'],
  ['runs of no shape', JSON.stringify({ ...sampleResults, runs: [{}] }), 'damaged at runs[0].scenario'],
  [
    'a target without a name',
    JSON.stringify({ ...sampleResults, targets: [{ name: 'a', description: '' }, { description: '' }] }),
    'damaged at targets[1].name',
  ],
  [
    'a target left out without a reason',
    JSON.stringify({
      ...sampleResults,
      scenarios: [{ id: 's', title: 'S', leftOut: [{ targets: ['a'] }] }],
    }),
    'damaged at scenarios[0].leftOut[0].why',
  ],
  [
    'an unknown limit',
    JSON.stringify({
      ...sampleResults,
      runs: [{ scenario: 's', target: 't', run: 0, measurement: { figures: {}, limit: 'moon' } }],
    }),
    'damaged at runs[0].measurement.limit',
  ],
])('%s is refused in one line that names the file', (_, text, reason) => {
  const file = join(folder, 'some.json');
  writeFileSync(file, text);
  const error = errorOf(() => readResults(file));
  expect(error).toBeInstanceOf(ResultsError);
  expect(error.message).toContain(file);
  expect(error.message).toContain(reason);
  expect(error.message).not.toContain('\n');
});

test('a file that is not there is named', () => {
  expect(() => readResults(join(folder, 'none.json'))).toThrow(ResultsError);
  expect(() => readResults(join(folder, 'none.json'))).toThrow(/none\.json cannot be read/);
});

test('what a later version adds does not hinder', () => {
  const text = JSON.stringify({
    ...sampleResults,
    extra: 1,
    scenarios: [{ id: 'a', title: 'A', more: true }],
  });
  expect(parseResults(text, 'here').scenarios).toHaveLength(1);
});

function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was taken');
}
