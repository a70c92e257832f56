// Updates of Yjs 14: client ids of 53 bits, and states with holes. What it writes is accepted as it is, and what is accepted
// of it loads in both generations.

import * as Y14 from '@y/y';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { SeekableUpdate } from '../../../server/crdt/seekable-update.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { decodeStateVector } from '../../../server/crdt/state-vector.js';
import { defaultLimits } from '../../../shared/limits.js';
import { boundaryClientIds, wideClientId } from '../../support/client-ids.js';
import { loaded, Random } from '../../support/histories.js';

function edit(doc: Y14.Doc, random: Random): void {
  const [text, map, list] = [doc.get('text'), doc.get('map'), doc.get('list')];
  switch (random.int(8)) {
    case 0:
    case 1:
      return text.insert(random.int(text.length + 1), random.pick(['a', 'hello ', 'wörld']));
    case 2:
      if (text.length > 2) text.delete(random.int(text.length - 2), 2);
      return;
    case 3:
      if (text.length > 3) text.format(random.int(text.length - 3), 2, { bold: random.pick([true, null]) });
      return;
    case 4:
      return void map.setAttr(random.pick(['k', 'l']), random.int(100));
    case 5:
      return list.insert(random.int(list.length + 1), [random.int(9), 'x', null, { a: [1] }]);
    case 6: {
      const type = new Y14.Type(random.pick(['p', null]));
      list.insert(0, [type]);
      type.insert(0, 'in');
      return void type.setAttr('q', 1);
    }
    default:
      if (list.length > 1) list.delete(0, 1);
  }
}

interface World {
  readonly docs: readonly Y14.Doc[];
  /** In causal order. */
  readonly updates: readonly Uint8Array[];
  /** Has them all. */
  readonly reference: Y14.Doc;
}

/** Documents that hear some of each other's updates, in any order: most of them have holes and wait for something. */
function makeWorld(random: Random): World {
  const updates: Uint8Array[] = [];
  const others = Array.from({ length: 4 }, () => wideClientId(random.uint32()));
  const ids = random.shuffle([...boundaryClientIds, ...others]);
  const docs = ids.slice(0, 4).map((id) => {
    const doc = new Y14.Doc();
    doc.clientID = id;
    doc.on('update', (update, origin) => void (origin === 'remote' || updates.push(update)));
    return doc;
  });
  for (let step = 0; step < 120; step++) {
    const doc = random.pick(docs);
    if (random.chance(0.6)) edit(doc, random);
    else if (updates.length > 0) Y14.applyUpdate(doc, random.pick(updates), 'remote');
  }
  const reference = new Y14.Doc();
  for (const update of updates) Y14.applyUpdate(reference, update);
  return { docs, updates, reference };
}

function take(index: CausalIndex, update: Uint8Array, log: Uint8Array[]): boolean {
  const verdict = index.judge(update);
  if (verdict.outcome !== 'new') return false;
  index.apply(verdict);
  log.push(verdict.update);
  return true;
}

function loaded14(updates: readonly Uint8Array[]): Y14.Doc {
  const doc = new Y14.Doc();
  for (const update of updates) Y14.applyUpdate(doc, update);
  expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null]);
  return doc;
}

/** Without formats: Yjs 14 too tidies them as it reads, each reader at its own time. */
const contentOf = (doc: Y14.Doc): unknown => [
  doc.get('text').toString(),
  ...['map', 'list'].map((root) => JSON.parse(JSON.stringify(doc.get(root).toJSON())) as unknown),
];

const seeds = Array.from(
  { length: Number(process.env.SEEDS ?? 12) },
  (_, i) => i + Number(process.env.FIRST_SEED ?? 1),
);

describe('updates of Yjs 14', () => {
  it.each(seeds)('C2, C8: histories are accepted and load in both generations (seed %i)', (seed) => {
    const { updates, reference } = makeWorld(new Random(seed));
    const index = new CausalIndex(defaultLimits);
    const log: Uint8Array[] = [];
    for (const update of updates) take(index, update, log);
    const merged = mergeAccepted(log);
    expect(contentOf(loaded14([merged]))).toEqual(contentOf(reference));
    for (const bytes of [50, 400])
      expect(contentOf(loaded14(splitUpdate(merged, bytes)))).toEqual(contentOf(reference));
    const old = loaded([merged]);
    expect(old.getText('text').toJSON()).toBe(reference.get('text').toString());
    expect(contentOf(loaded14([Y.encodeStateAsUpdate(old)]))).toEqual(contentOf(reference));
    expect(Y.decodeStateVector(index.stateVector())).toEqual(
      Y.decodeStateVector(Y14.encodeStateVector(reference)),
    );
  });

  it.each(seeds)('C9: states with holes are taken up to them, until all is there (seed %i)', (seed) => {
    const { docs, reference } = makeWorld(new Random(seed));
    const index = new CausalIndex(defaultLimits);
    const log: Uint8Array[] = [];
    for (let round = 0, isNew = true; isNew; round++) {
      expect(round).toBeLessThan(100);
      isNew = false;
      // Asked one after the other, as a server asks its clients.
      for (const doc of docs)
        if (take(index, Y14.encodeStateAsUpdate(doc, index.stateVector()), log)) isNew = true;
    }
    expect(Y.decodeStateVector(index.stateVector())).toEqual(
      Y.decodeStateVector(Y14.encodeStateVector(reference)),
    );
    const seekable = new SeekableUpdate(mergeAccepted(log));
    for (const doc of docs) {
      const diff = seekable.diff(decodeStateVector(Y14.encodeStateVector(doc), defaultLimits));
      for (const update of [diff, index.deletes()])
        if (update !== undefined) Y14.applyUpdate(doc, update, 'remote');
      expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null]);
      expect(contentOf(doc)).toEqual(contentOf(reference));
    }
  });
});
