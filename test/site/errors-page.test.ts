// The page of errors against the tables of the code. That no code is left out of the guide, its types hold.

import { expect, test } from 'vitest';
import { serveOptions } from '../../server/config/option-table.js';
import { exitCodes } from '../../server/errors.js';
import { errorTable } from '../../shared/errors.js';
import { defaultLimits } from '../../shared/limits.js';
import {
  exitAdvice,
  offlineAdvice,
  reasonAdvice,
  storeAdvice,
  wireAdvice,
  type Advice,
} from '../../site/error-guide.js';
import { errorsPage } from '../../site/errors-page.js';

const page = errorsPage();

/** What stands under a heading. */
function sectionOf(heading: string): string {
  const [, after = ''] = page.split(`### ${heading}\n`);
  return after.split(/^##/m)[0] ?? '';
}

test('U56 every code of the wire has its numbers, a cause and a cure', () => {
  for (const [code, { close, http }] of Object.entries(errorTable)) {
    const section = sectionOf(code);
    expect(section, code).toContain(`**${close}**, HTTP ${http}`);
    expect(section, code).toMatch(/\*\*Cause\.\*\* \S.+\.\n/);
    expect(section, code).toMatch(/\*\*Cure\.\*\* \S.+\.\n/);
  }
  expect(Object.keys(wireAdvice)).toEqual(Object.keys(errorTable));
});

test('U56 so has every reason of the client, every fault of a copy and of a store, and every exit code', () => {
  const tables: readonly (readonly [prefix: string, table: Readonly<Record<string, Advice>>])[] = [
    ['', reasonAdvice],
    ['', offlineAdvice],
    ['Store: ', storeAdvice],
  ];
  const headings = [
    ...tables.flatMap(([prefix, table]) => Object.keys(table).map((name) => `${prefix}${name}`)),
    ...Object.values(exitCodes).map((code) => `Exit code ${code}`),
  ];
  expect(Object.keys(exitAdvice).sort()).toEqual(Object.keys(exitCodes).sort());
  for (const heading of headings) {
    expect(sectionOf(heading), heading).toMatch(/\*\*Cause\.\*\* \S/);
    expect(sectionOf(heading), heading).toMatch(/\*\*Cure\.\*\* \S/);
  }
});

test('U56 limits, options and commands that advice names are there', () => {
  const flags = new Set(serveOptions.map(({ flag }) => flag));
  for (const [, limit = ''] of page.matchAll(/`(max[A-Z]\w+)`/g))
    expect(Object.keys(defaultLimits)).toContain(limit);
  const named = [...page.matchAll(/`--([a-z-]+)/g)].map(([, flag = '']) => flag);
  expect(named.length).toBeGreaterThan(3);
  for (const flag of named) expect(flags).toContain(flag);
});
