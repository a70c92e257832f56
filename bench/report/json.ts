// Results as a file: written whole or not at all, and believed only when they have the shape this version knows.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';

import type { Results } from '../results.js';

/** A file holds no results, or none of this format. The message is one line and names the file. */
export class ResultsError extends Error {
  override readonly name = 'ResultsError';
}

/**
 * Results as text; `name` is what messages call it. Throws ResultsError when a figure is no number: JSON has no word for it, and
 * the text could not be read again.
 */
export function resultsText(results: Results, name: string): string {
  const text = `${JSON.stringify(results, null, 2)}\n`;
  parseResults(text, name);
  return text;
}

/** Throws ResultsError, as `resultsText` does. */
export function writeResults(file: string, results: Results): void {
  const text = resultsText(results, file);
  // Written after every scenario: a run that is cut short leaves the last whole file.
  const unfinished = `${file}.part`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
}

/** Results of a file; `-` is standard input. Throws ResultsError. */
export function readResults(file: string): Results {
  return parseResults(readText(file), file === '-' ? 'standard input' : file);
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new ResultsError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** `name` is what messages call it. Throws ResultsError. */
export function parseResults(text: string, name: string): Results {
  const value = parseJson(text, name);
  if (!isRecord(value) || !('format' in value))
    throw new ResultsError(`${name} holds no results of heddle bench`);
  if (value.format !== 1)
    throw new ResultsError(`${name} has format ${String(value.format)}; this version reads 1`);
  const place = faultIn(value, resultsShape, '');
  if (place !== undefined) throw new ResultsError(`${name} is damaged at ${place}`);
  return value as unknown as Results;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ResultsError(`${name} is not JSON`, { cause });
  }
}

/** What a value has to be. A list of one shape is an array of such; `?` at the end of a key makes it optional. */
type Shape =
  'text' | 'number' | 'numbers' | 'boolean' | 'limit' | readonly [Shape] | { readonly [key: string]: Shape };

const measurementShape: Shape = {
  figures: 'numbers',
  'latency?': { count: 'number', points: [{ share: 'number', ms: 'number' }] },
  'ramp?': [
    {
      offeredPerS: 'number',
      deliveriesPerS: 'number',
      p50Ms: 'number',
      p99Ms: 'number',
      'cpuPerMillion?': 'number',
      'serverBusy?': 'number',
      'limit?': 'limit',
    },
  ],
  'points?': [{ x: 'number', y: 'number' }],
  'pointLabels?': { x: 'text', y: 'text' },
  'limit?': 'limit',
  'notes?': ['text'],
};

const resultsShape: Shape = {
  environment: {
    date: 'text',
    cpu: 'text',
    cores: 'number',
    memoryBytes: 'number',
    os: 'text',
    node: 'text',
    version: 'text',
    'commit?': 'text',
    isPinned: 'boolean',
  },
  settings: { seed: 'number', time: 'number', size: 'number', 'trace?': 'text' },
  command: 'text',
  targets: [{ name: 'text', description: 'text', 'unavailable?': 'text' }],
  scenarios: [{ id: 'text', title: 'text', 'leftOut?': [{ targets: ['text'], why: 'text' }] }],
  runs: [
    {
      scenario: 'text',
      target: 'text',
      run: 'number',
      'measurement?': measurementShape,
      'failure?': { isDelivery: 'boolean', message: 'text' },
    },
  ],
};

const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  limit: (value) => value === 'load' || value === 'machine',
};

/** The first place that has not its shape, like `runs[3].figures.p99Ms`. */
function faultIn(value: unknown, shape: Shape, place: string): string | undefined {
  if (shape === 'numbers') return isRecord(value) ? faultInNumbers(value, place) : place;
  if (typeof shape === 'string') return kinds[shape]!(value) ? undefined : place;
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return place;
    return first(value.map((item, index) => () => faultIn(item, shape[0] as Shape, `${place}[${index}]`)));
  }
  if (!isRecord(value)) return place;
  return first(
    Object.entries(shape).map(([key, inner]) => () => {
      const name = key.replace(/\?$/, '');
      if (value[name] === undefined && key.endsWith('?')) return undefined;
      return faultIn(value[name], inner, place === '' ? name : `${place}.${name}`);
    }),
  );
}

function faultInNumbers(value: Record<string, unknown>, place: string): string | undefined {
  const wrong = Object.keys(value).find((key) => !Number.isFinite(value[key]));
  return wrong === undefined ? undefined : `${place}.${wrong}`;
}

function first(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const place = look();
    if (place !== undefined) return place;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
