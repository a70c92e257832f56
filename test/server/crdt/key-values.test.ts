// Structs with several values of one key: what the causal index makes of them.

import * as Y from 'yjs';
import { expect, it } from 'vitest';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { bytesOf, item, raw, update } from './hostile-updates.js';

const writer = 7;
const number = (value: number): Uint8Array => raw(125, value);
const values = (count: number): Uint8Array =>
  item(
    8,
    { root: 'map', sub: 'k' },
    count,
    bytesOf(...Array.from({ length: count }, (_, i) => number(i % 60))),
  );

function judged(bytes: Uint8Array): Uint8Array {
  const verdict = new CausalIndex(defaultLimits).judge(bytes);
  expect(verdict.outcome).toBe('new');
  return verdict.update;
}

it('C12: the values that a key had in a document without garbage collection are taken as they are', () => {
  const doc = new Y.Doc({ gc: false });
  const map = doc.getMap('map');
  for (let value = 0; value < 20; value++) map.set('k', value);
  map.set('l', new Y.Map([['inside', 1]]));
  const bytes = Y.encodeStateAsUpdate(doc);
  expect(Y.decodeUpdate(bytes).structs[0]).toMatchObject({ length: 19 });
  expect(judged(bytes)).toBe(bytes);
});

it.each([
  { name: 'nothing', deletes: [], shown: 2 },
  { name: 'the first', deletes: [[writer, [0, 1]]], shown: 2 },
  { name: 'the last two', deletes: [[writer, [1, 2]]], shown: undefined },
] as const)('C12: values are apart where the update deletes $name of them', ({ deletes, shown }) => {
  const bytes = judged(update([[writer, 0, [values(3)]]], deletes));
  expect(Y.decodeUpdate(bytes).structs.map(({ length }) => length)).toEqual([1, 1, 1]);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, bytes);
  expect(doc.getMap('map').get('k')).toBe(shown);
});

it('C12: of values of which some are known the others are apart', () => {
  const index = new CausalIndex(defaultLimits);
  index.apply(index.judge(update([[writer, 0, [values(2)]]])));
  const verdict = index.judge(update([[writer, 0, [values(5), item(8, { root: 'list' }, 1, number(9))]]]));
  const { structs } = Y.decodeUpdate(verdict.update);
  expect(structs.map(({ id, length }) => [id.clock, length])).toEqual([
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 1],
  ]);
});

it('C12: values of a list that follow bare ids of a map stay together', () => {
  const list = item(8, { root: 'list' }, 3, number(1), number(2), number(3));
  const bytes = update([
    [writer, 0, [values(1), bytesOf(0, 2), item(8, { origin: [writer, 2] }, 2, number(1), number(2)), list]],
  ]);
  expect(judged(bytes)).toBe(bytes);
});

it('C12: more values than an update may have are refused', () => {
  expect(() => judged(update([[writer, 0, [values((1 << 16) + 1)]]]))).toThrow('values of a key');
});
