// The table of sizes in README against what it measures.

import { expect, test } from 'vitest';
import { measureSizes, shownTable, sizeTable } from '../../scripts/sizes.mjs';

test('U51 README says what Heddle costs whoever installs it, to within five in a hundred', async () => {
  const measured = sizeTable(await measureSizes());
  const shown = shownTable();
  const figures = (table: string | undefined): number[] =>
    [...(table ?? '').matchAll(/([\d.]+) (?:KB|MB|packages)/g)].map(([, figure]) => Number(figure));
  const words = (table: string | undefined): string | undefined =>
    table?.replaceAll(/[\d.]+ (?=KB|MB|packages)|[ -]+/g, '');
  expect(words(shown), 'run: node scripts/sizes.mjs').toBe(words(measured));
  expect(figures(measured)).toHaveLength(7);
  for (const [index, figure] of figures(measured).entries())
    expect(
      Math.abs(figures(shown)[index]! / figure - 1),
      `run: node scripts/sizes.mjs\n${measured}`,
    ).toBeLessThan(0.05);
}, 120_000);
