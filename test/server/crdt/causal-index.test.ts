// The causal index case by case: what is cut off, what is taken in part, what a verdict says.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { SeekableUpdate } from '../../../server/crdt/seekable-update.js';
import { decodeStateVector, emptyUpdate } from '../../../server/crdt/state-vector.js';
import { loaded, makeHistory, Random } from '../../support/histories.js';
import { ATTACKER, bytesOf, item, raw, seedUpdate, text, update, VICTIM } from './hostile-updates.js';

function seeded(): CausalIndex {
  const index = new CausalIndex(defaultLimits);
  index.apply(index.judge(seedUpdate()));
  return index;
}

interface DecodedStruct {
  id: Y.ID;
  length: number;
  origin?: Y.ID | null;
  rightOrigin?: Y.ID | null;
  parent?: unknown;
  content?: object;
}

function structsOf(update: Uint8Array): unknown[] {
  return (Y.decodeUpdate(update).structs as unknown as DecodedStruct[]).map((struct) => ({
    name: struct.constructor.name,
    id: [struct.id.client, struct.id.clock],
    length: struct.length,
    origin: struct.origin ?? null,
    right: struct.rightOrigin ?? null,
    // With an origin the parent is not on the wire.
    parent: struct.origin || struct.rightOrigin ? null : struct.parent,
    content: struct.content?.constructor.name,
    value: JSON.stringify(struct.content, (_, value: unknown) =>
      typeof value === 'bigint'
        ? String(value)
        : value instanceof Y.AbstractType || value instanceof Y.Doc
          ? ''
          : value,
    ),
  }));
}

const splittable: Record<string, [struct: Uint8Array, length: number]> = {
  GC: [bytesOf(0, 5), 5],
  Deleted: [item(1, { root: 'text' }, 5), 5],
  JSON: [item(2, { root: 'list' }, 3, '1', 'undefined', '{"a":[]}'), 3],
  'any, in a map': [item(8, { root: 'map', sub: 'k' }, 3, raw(125, 1), raw(117, 1, 126), raw(119, 1, 97)), 3],
  text: [text({ root: 'text' }, 'aé日😀b'), 6],
  'text with neighbours': [text({ origin: [VICTIM, 3], right: [VICTIM, 4] }, '😀😀'), 4],
  'text before something': [text({ right: [VICTIM, 0] }, 'abc'), 3],
};

describe('what is known already', () => {
  it.each(Object.entries(splittable))(
    'C3: is cut off a struct as Yjs cuts it (%s)',
    (_name, [struct, length]) => {
      const whole = update([[ATTACKER, 0, [struct, text({ root: 'text' }, 'end')]]]);
      for (let known = 1; known < length; known++) {
        const index = seeded();
        index.apply(index.judge(update([[ATTACKER, 0, [text({ root: 'text' }, 'x'.repeat(known))]]])));
        const verdict = index.judge(whole);
        expect(verdict).toMatchObject({ outcome: 'new', isIncomplete: false, soleClient: ATTACKER });
        const vector = Y.encodeStateVector(loaded([update([[ATTACKER, 0, [bytesOf(0, known)]]])]));
        expect(structsOf(verdict.update)).toEqual(structsOf(Y.diffUpdate(whole, vector)));
        index.apply(verdict);
        expect(index.clockOf(ATTACKER)).toBe(length + 3);
        expect(index.judge(whole).outcome).toBe('known');
      }
    },
  );

  it('C3: delete ranges lose what is deleted already', () => {
    const index = seeded();
    index.apply(index.judge(update([], [[VICTIM, [2, 2], [6, 1]]])));
    const verdict = index.judge(update([], [[VICTIM, [1, 9]]]));
    expect(verdict.outcome).toBe('new');
    index.apply(verdict);
    expect(index.deletes()).toEqual(update([], [[VICTIM, [1, 9]]]));
    const later = index.judge(update([], [[VICTIM, [0, 3], [5, 1]]]));
    expect(later.update).toEqual(update([], [[VICTIM, [0, 1]]]));
  });

  it('C3: comes back as the same bytes when it adds nothing', () => {
    const index = seeded();
    expect(index.judge(seedUpdate()).outcome).toBe('known');
    expect(index.judge(emptyUpdate)).toMatchObject({ outcome: 'known', soleClient: -1 });
  });

  it.each([1, 2, 3, 4, 5, 6])('C2: a diff holds what Yjs would send (seed %i)', (seed) => {
    const { updates, reference } = makeHistory(seed, { steps: 300 });
    const merged = mergeAccepted(updates);
    const seekable = new SeekableUpdate(merged);
    const random = new Random(seed);
    for (let round = 0; round < 30; round++) {
      const vector = new Map<number, number>();
      for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(reference)))
        if (random.chance(0.8)) vector.set(client, random.int(clock + 1));
      const encoded = bytesOf(vector.size, ...[...vector].flat());
      const diff = seekable.diff(decodeStateVector(encoded, defaultLimits)) ?? emptyUpdate;
      expect(structsOf(diff)).toEqual(structsOf(Y.diffUpdate(merged, encoded)));
    }
  });
});

describe('what cannot be taken', () => {
  const isVictim = (client: number): boolean => client === VICTIM;

  it('C2: is left out, and the rest is taken', () => {
    const index = seeded();
    const mixed = update(
      [
        [
          ATTACKER,
          0,
          [text({ root: 'text' }, 'mine'), text({ origin: [55, 0] }, 'waits'), text({ root: 'text' }, 'too')],
        ],
        [VICTIM, 11, [text({ root: 'text' }, 'forged')]],
        [3, 0, [text({ origin: [VICTIM, 12] }, 'waits for the forged')]],
      ],
      [[VICTIM, [9, 10]]],
    );
    const verdict = index.judge(mixed, isVictim);
    expect(verdict).toMatchObject({
      outcome: 'new',
      isIncomplete: true,
      isForeign: true,
      soleClient: ATTACKER,
    });
    expect(verdict.update).toEqual(
      update([[ATTACKER, 0, [text({ root: 'text' }, 'mine')]]], [[VICTIM, [9, 2]]]),
    );
    index.apply(verdict);
    expect(index.judge(mixed)).toMatchObject({
      outcome: 'new',
      isIncomplete: true,
      isForeign: false,
      soleClient: -1,
    });
  });

  it('C2: does not hold up its own client when what it waits for is in the same update', () => {
    const index = seeded();
    const knot = update([
      [30, 0, [text({ origin: [10, 1] }, 'c'), text({ origin: [20, 0] }, 'd')]],
      [20, 0, [text({ origin: [30, 0] }, 'b')]],
      [10, 0, [text({ root: 'text' }, 'a'), text({ right: [VICTIM, 0] }, 'z')]],
    ]);
    const verdict = index.judge(knot);
    expect(verdict).toMatchObject({ outcome: 'new', isIncomplete: false, soleClient: -1 });
    expect(verdict.update).toBe(knot);
    loaded([seedUpdate(), verdict.update]);
  });

  it('C2: foreign ids may be sent again when nothing is added to them', () => {
    expect(seeded().judge(seedUpdate(), isVictim)).toMatchObject({ outcome: 'known', isForeign: false });
  });
});

describe('a verdict', () => {
  it('C3: can be applied after other documents were judged', () => {
    const index = seeded();
    const verdict = index.judge(update([[ATTACKER, 0, [text({ root: 'text' }, 'x')]]]));
    seeded().judge(makeHistory(1).updates[0]!);
    index.apply(verdict);
    expect(index.clockOf(ATTACKER)).toBe(1);
    expect(() => index.apply(verdict)).toThrow('stale verdict');
  });
});

describe('the index', () => {
  it('O2: is small for plain text, and for many client ids', () => {
    const small = seeded();
    expect(small.memoryBytes).toBeLessThan(1024);
    const random = new Random(1);
    const doc = new Y.Doc();
    const index = new CausalIndex(defaultLimits);
    doc.on('update', (change: Uint8Array) => index.apply(index.judge(change)));
    for (let i = 0; i < 10_000; i++)
      doc.getText('text').insert(random.int(doc.getText('text').length + 1), 'a');
    expect(index.memoryBytes).toBeLessThan(2048);

    const crowded = new CausalIndex(defaultLimits);
    for (let from = 0; from < 100_000; from += 10_000)
      crowded.apply(
        crowded.judge(
          update(
            Array.from({ length: 10_000 }, (_, i) => [from + 10_000 - i, 0, [text({ root: 'text' }, 'x')]]),
          ),
        ),
      );
    expect(crowded.clientCount).toBe(100_000);
    expect(crowded.memoryBytes).toBeLessThan(6_000_000);
  });
});
