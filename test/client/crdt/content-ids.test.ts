// Which content an update has, by ids.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { areWithin, contentIdsOf, joinedIds, rangesWithout } from '../../../client/crdt/content-ids.js';
import { makeHistory } from '../../support/histories.js';
import { SeededRandom } from '../../support/seeded-random.js';

type Ranges = ReturnType<typeof Y.createDeleteSet>;

function ranges(...all: (readonly [clock: number, len: number])[]): Ranges {
  const set = Y.createDeleteSet();
  set.clients.set(
    1,
    all.map(([clock, len]) => ({ clock, len })),
  );
  return set;
}

function idsIn(set: Ranges): number[] {
  return [...set.clients.values()]
    .flat()
    .flatMap(({ clock, len }) => Array.from({ length: len }, (_, at) => clock + at));
}

describe('content ids', () => {
  it.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'J13: every update of a history is in the whole, and the whole is not in one of them (seed %i)',
    (seed) => {
      const { updates, reference } = makeHistory(seed);
      const whole = contentIdsOf(Y.encodeStateAsUpdate(reference));
      for (const update of updates) {
        expect(areWithin(contentIdsOf(update), whole)).toBe(true);
        expect(areWithin(whole, contentIdsOf(update))).toBe(false);
      }
      const some = updates.slice(0, 50).map(contentIdsOf);
      for (const ids of some) expect(areWithin(ids, joinedIds(some))).toBe(true);
      expect(areWithin(joinedIds(some), whole)).toBe(true);
    },
  );

  it('J13: a deletion is content like any other', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'hello');
    const before = contentIdsOf(Y.encodeStateAsUpdate(doc));
    doc.getText('text').delete(1, 2);
    const after = contentIdsOf(Y.encodeStateAsUpdate(doc));
    expect(areWithin(before, after)).toBe(true);
    expect(areWithin(after, before)).toBe(false);
  });

  it('J13: a gap in an update is not content', () => {
    const doc = new Y.Doc();
    const parts: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => parts.push(update));
    for (const letter of ['a', 'b', 'c']) doc.getText('text').insert(0, letter);
    const [first, second, third] = parts;
    const holed = contentIdsOf(Y.mergeUpdates([first!, third!]));
    expect(areWithin(contentIdsOf(second!), holed)).toBe(false);
    expect(areWithin(contentIdsOf(third!), holed)).toBe(true);
  });

  it('J13: what is left of ranges is what a set would leave', () => {
    const random = new SeededRandom(7);
    const some = (): Ranges => {
      const all = Array.from(
        { length: 1 + random.int(6) },
        () => [random.int(30), 1 + random.int(8)] as const,
      );
      return Y.mergeDeleteSets([ranges(...all)]);
    };
    for (let run = 0; run < 300; run++) {
      const [all, known] = [some(), some()];
      const without = new Set(idsIn(known));
      expect(idsIn(rangesWithout(all, known))).toEqual(idsIn(all).filter((id) => !without.has(id)));
    }
  });
});
