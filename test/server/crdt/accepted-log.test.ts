// The promise of the causal index, checked against Yjs itself: whatever order histories arrive in, what is accepted
// loads without anything pending and is the document its authors made.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { SeekableUpdate } from '../../../server/crdt/seekable-update.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { decodeStateVector } from '../../../server/crdt/state-vector.js';
import { UpdateInspector } from '../../../server/crdt/update-inspector.js';
import {
  contentOf as wholeContentOf,
  type History,
  loaded,
  makeHistory,
  Random,
} from '../../support/histories.js';

const SEEDS = Array.from(
  { length: Number(process.env.SEEDS ?? 20) },
  (_, i) => i * 7919 + Number(process.env.FIRST_SEED ?? 1),
);

function contentOf(doc: Y.Doc, seed: number): Record<string, unknown> {
  return wholeContentOf(doc, seed % 2 === 0);
}

/** Offers updates until none of them is blocked any more; returns what was accepted, in order. */
function acceptAll(index: CausalIndex, updates: readonly Uint8Array[]): Uint8Array[] {
  const log: Uint8Array[] = [];
  let waiting = [...updates];
  while (waiting.length > 0) {
    const before = log.length;
    const blocked = waiting.filter((update) => {
      const verdict = index.judge(update);
      if (verdict.outcome === 'new') {
        index.apply(verdict);
        log.push(verdict.update);
      }
      return verdict.isIncomplete;
    });
    if (blocked.length > 0 && blocked.length === waiting.length && log.length === before)
      throw new Error(`${blocked.length} updates stay blocked`);
    waiting = blocked;
  }
  return log;
}

/** Ways the same changes can reach a server. */
const deliveries: Record<string, (history: History, random: Random) => Uint8Array[]> = {
  'in causal order': ({ updates }) => [...updates],
  'in any order': ({ updates }, random) => random.shuffle(updates),
  'twice, in any order': ({ updates }, random) => random.shuffle([...updates, ...updates]),
  'with overlapping diffs and merges': ({ updates, overlaps }, random) =>
    random.shuffle([...updates, ...overlaps]),
  'as whole states': ({ replicas }) => replicas.map((replica) => Y.encodeStateAsUpdate(replica)),
  'as one merge': ({ updates }) => [Y.mergeUpdates([...updates])],
  'as shuffled merges with gaps': ({ updates }, random) => {
    const shuffled = random.shuffle(updates);
    const merges: Uint8Array[] = [];
    for (let i = 0; i < shuffled.length; i += 7) merges.push(Y.mergeUpdates(shuffled.slice(i, i + 7)));
    return merges;
  },
};

function readVector(bytes: Uint8Array): Map<number, number> {
  return Y.decodeStateVector(bytes);
}

describe.each(Object.keys(deliveries))('a history delivered %s', (delivery) => {
  it.each(SEEDS)('C1, C2: the accepted log loads complete and equals the reference (seed %i)', (seed) => {
    const history = makeHistory(seed);
    const index = new CausalIndex(defaultLimits);
    const log = acceptAll(index, deliveries[delivery]!(history, new Random(seed)));
    const expected = contentOf(history.reference, seed);
    expect(contentOf(loaded(log), seed)).toEqual(expected);
    expect(readVector(index.stateVector())).toEqual(readVector(Y.encodeStateVector(history.reference)));

    const merged = mergeAccepted(log);
    expect(contentOf(loaded([merged]), seed)).toEqual(expected);
    expect(new CausalIndex(defaultLimits).judge(merged)).toMatchObject({
      outcome: 'new',
      isIncomplete: false,
    });
    for (const partBytes of [50, 400])
      expect(contentOf(loadedStepwise(splitUpdate(merged, partBytes)), seed)).toEqual(expected);
  });
});

/** Like `loaded`, but nothing may be pending after any of the updates. */
function loadedStepwise(updates: readonly Uint8Array[]): Y.Doc {
  for (let i = 1; i < updates.length; i += Math.ceil(updates.length / 20)) loaded(updates.slice(0, i));
  return loaded(updates);
}

describe('the causal index', () => {
  it.each(SEEDS)('C3: what is known adds nothing, whatever it comes in (seed %i)', (seed) => {
    const { updates, overlaps, replicas, reference } = makeHistory(seed);
    const index = new CausalIndex(defaultLimits);
    acceptAll(index, [...updates, Y.encodeStateAsUpdate(reference), ...overlaps]);
    for (const replica of replicas) {
      const verdict = index.judge(Y.encodeStateAsUpdate(replica));
      if (verdict.outcome === 'new') index.apply(verdict);
    }
    for (const update of [...updates, ...overlaps, ...replicas.map((each) => Y.encodeStateAsUpdate(each))])
      expect(index.judge(update)).toMatchObject({ outcome: 'known', isIncomplete: false });
  });

  it.each(SEEDS)('C3: the updates of one replica are stored as they came (seed %i)', (seed) => {
    const index = new CausalIndex(defaultLimits);
    for (const update of makeHistory(seed, { clients: 1 }).updates) {
      const verdict = index.judge(update);
      expect(verdict).toMatchObject({ outcome: 'new', isIncomplete: false, isForeign: false });
      expect(verdict.update).toBe(update);
      index.apply(verdict);
    }
  });

  it.each(SEEDS)('C2: deletes() and a diff bring any replica up to date (seed %i)', (seed) => {
    const { updates, replicas, reference } = makeHistory(seed);
    const index = new CausalIndex(defaultLimits);
    const seekable = new SeekableUpdate(mergeAccepted(acceptAll(index, updates)));
    const expected = contentOf(reference, seed);
    for (const replica of [...replicas, new Y.Doc()]) {
      const diff = seekable.diff(decodeStateVector(Y.encodeStateVector(replica), defaultLimits));
      if (diff !== undefined) Y.applyUpdate(replica, diff);
      const deletes = index.deletes();
      if (deletes !== undefined) Y.applyUpdate(replica, deletes);
      expect(replica.store.pendingStructs).toBeNull();
      expect(replica.store.pendingDs).toBeNull();
      expect(contentOf(replica, seed)).toEqual(expected);
    }
    expect(seekable.diff(decodeStateVector(index.stateVector(), defaultLimits))).toBeUndefined();
  });

  it.each(SEEDS)('C2: load takes a checkpoint and the log after it (seed %i)', (seed) => {
    const { updates, reference } = makeHistory(seed);
    const half = updates.slice(0, updates.length >> 1);
    const index = new CausalIndex(defaultLimits);
    index.load(Y.encodeStateAsUpdate(loaded(half)));
    for (const update of updates.slice(half.length)) index.load(update);
    expect(readVector(index.stateVector())).toEqual(readVector(Y.encodeStateVector(reference)));
  });
});

describe('the inspector', () => {
  it.each(SEEDS)('C2: ranges and deletes are what Yjs decodes (seed %i)', (seed) => {
    const { updates, overlaps } = makeHistory(seed);
    const inspector = new UpdateInspector(defaultLimits);
    for (const update of [...updates, ...overlaps]) {
      const found = inspector.inspect(update);
      const { structs, ds } = Y.decodeUpdate(update);
      const ranges: (readonly number[])[] = [];
      for (let block = 0; block < found.blockCount; block++)
        for (let i = found.blockFirst[block]!; i < found.blockFirst[block + 1]!; i++)
          ranges.push([found.blockClient[block]!, found.start[i]!, found.until[i]!]);
      expect(ranges).toEqual(structs.map(({ id, length }) => [id.client, id.clock, id.clock + length]));
      const deletes: (readonly number[])[] = [];
      for (let each = 0; each < found.deleteBlockCount; each++)
        for (let i = found.deleteFirst[each]!; i < found.deleteFirst[each + 1]!; i++)
          deletes.push([found.deleteClient[each]!, found.rangeStart[i]!, found.rangeUntil[i]!]);
      expect(deletes).toEqual(
        [...ds.clients].flatMap(([client, items]) =>
          items.map(({ clock, len }) => [client, clock, clock + len]),
        ),
      );
    }
  });
});
