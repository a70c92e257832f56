// The documents against the code: rules against test titles, tables against their source.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { errorTable } from '../shared/errors.js';
import { defaultLimits } from '../shared/limits.js';
import { clientMessages, serverMessages } from '../shared/native/messages.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const ruleId = /[A-Z]\d+/;
const rules = [...read('docs/behaviour.md').matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map(([, id = '']) => id);

/** Rule numbers at the beginning of titles, also `D1, D3: ...`, as found in the sources. */
const cited = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => {
    const titles = read(`test/${name}`).matchAll(
      /\b(?:test|it|describe)(?:\.(?:each|skipIf|runIf|concurrent|for)(?:\([^)]*\))?)*\(\s*(?:\n\s*)?[`'"]((?:[A-Z]\d+(?:, | and )?)+)[\s:]/g,
    );
    return [...titles].flatMap(([, ids = '']) => ids.split(/, | and /).map((id) => ({ id, name })));
  });

describe('documents', () => {
  test('L6 every rule has a test, and every number in a test title is a rule', () => {
    expect(new Set(rules).size).toBe(rules.length);
    expect(rules.length).toBeGreaterThan(20);
    for (const id of rules) expect(id).toMatch(ruleId);
    const citedIds = new Set(cited.map(({ id }) => id));
    expect(rules.filter((id) => !citedIds.has(id))).toEqual([]);
    expect(cited.filter(({ id }) => !rules.includes(id))).toEqual([]);
  });

  test('L6 the close codes in docs/protocol.md are those of the code', () => {
    const rows = [...read('docs/protocol.md').matchAll(/^\| (\d+) +\| `(\w+)` +\| (\d+) +\| ([\w-]+) +\|/gm)];
    const documented = rows.map(([, close, code, http, retry]) => ({
      code,
      close: Number(close),
      http: Number(http),
      retry,
    }));
    expect(documented).toEqual(Object.entries(errorTable).map(([code, meaning]) => ({ code, ...meaning })));
  });

  test.each([
    ['From the client:', clientMessages],
    ['From the server:', serverMessages],
  ])('L6 the messages in docs/protocol.md are those of the code (%s)', (heading, table) => {
    const [, section = ''] = read('docs/protocol.md').split(heading);
    const [text = ''] = section
      .split('\n\n')
      .filter((paragraph) => paragraph.trimStart().startsWith('| type'));
    const documented = [...text.matchAll(/^\| (\d+) +\| `([\w-]+)` +\| (.+?) +\|$/gm)].map(
      ([, number, type, fields = '']) => [
        type,
        Number(number),
        [...fields.matchAll(/(\w+)`/g)].map(([, name]) => name),
      ],
    );
    expect(documented).toEqual(
      Object.entries(table).map(([type, [number, fields]]) => [type, number, Object.keys(fields)]),
    );
  });

  test('L6 the limits in docs/limits.md are the defaults of the code', () => {
    const rows = [...read('docs/limits.md').matchAll(/^\| `(\w+)` +\| +(\d+) +\|/gm)];
    const documented = Object.fromEntries(rows.map(([, key = '', value]) => [key, Number(value)]));
    expect(documented).toEqual(defaultLimits);
  });

  test('L6 every file that ARCHITECTURE.md and README.md name is there', () => {
    for (const document of ['ARCHITECTURE.md', 'README.md']) {
      const named = [
        ...read(document).matchAll(/`((?:server|shared|bench|test|docs|examples|scripts)\/[\w./-]*)`/g),
      ];
      expect(named.length).toBeGreaterThan(0);
      for (const [, path = ''] of named)
        expect(() => readdirOrFile(path), `${document} names ${path}`).not.toThrow();
    }
  });
});

function readdirOrFile(path: string): unknown {
  return path.endsWith('/') ? readdirSync(join(root, path)) : readFileSync(join(root, path));
}
