// JSON text that is looked at before it is parsed.

import { assert, jsonValue, property } from 'fast-check';
import { expect, it } from 'vitest';
import { countJsonValues } from '../../../server/crdt/json-shape.js';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const items: unknown[] = Object.values(value);
  // The container, its commas, and what is in it.
  return 1 + Math.max(0, items.length - 1) + items.reduce<number>((sum, item) => sum + countOf(item), 0);
}

it('O2: the depth of any JSON is known before it is parsed, to the level, and so are its values', () => {
  assert(
    property(jsonValue({ maxDepth: 8 }), (value) => {
      const text = JSON.stringify(value);
      const depth = depthOf(value);
      expect(countJsonValues(text, depth)).toBe(countOf(value));
      if (depth > 0) expect(countJsonValues(text, depth - 1)).toBe(-1);
    }),
  );
});

it('O2: brackets and quotes in strings count for nothing, whatever is escaped', () => {
  for (const text of ['"[{,\\"[\\\\"', '{"a\\\\":"]]]"}', '"\\"[[["', '"unclosed [['])
    expect(countJsonValues(text, 1)).toBe(text.startsWith('{') ? 1 : 0);
  expect(countJsonValues('['.repeat(1_000_000), 100)).toBe(-1);
});
