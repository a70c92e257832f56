// Updates of the other implementation (yrs, compiled to WebAssembly): what it writes is accepted as well, and what is
// accepted of it loads in Yjs.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import {
  applyUpdate,
  encodeStateAsUpdate,
  encodeStateVector,
  YArray,
  YDoc,
  YMap,
  YText,
  YXmlElement,
  YXmlText,
} from 'ywasm';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { loaded, Random } from '../../support/histories.js';

const values = [
  1,
  -1,
  1.5,
  true,
  null,
  'text',
  '😀',
  { a: [1, { b: 2 }] },
  [1, 2, 3],
  new Uint8Array([1, 2]),
];

function edit(doc: YDoc, random: Random): void {
  const text = doc.getText('text');
  const list = doc.getArray('list');
  const map = doc.getMap('map');
  const xml = doc.getXmlFragment('xml');
  const length = text.length(undefined);
  switch (random.int(9)) {
    case 0:
    case 1:
      return text.insert(random.int(length + 1), random.pick(['a', 'hello ', 'wörld']), undefined, undefined);
    case 2:
      return text.delete(random.int(length), Math.min(1, length), undefined);
    case 3:
      return text.insert(random.int(length + 1), 'bold', { bold: true }, undefined);
    case 4:
      return list.insert(random.int(list.length(undefined) + 1), [random.pick(values), 2], undefined);
    case 5:
      return list.push(
        [random.pick([() => new YMap({ k: 1 }), () => new YArray([1, 2]), () => new YText('t')])()],
        undefined,
      );
    case 6:
      if (list.length(undefined) > 2) list.delete(random.int(list.length(undefined) - 1), 1, undefined);
      return;
    case 7:
      return map.set(random.pick(['k', 'l']), random.pick(values), undefined);
    default:
      return xml.push(
        random.chance(0.5) ? new YXmlElement('p', { class: 'x' }, []) : new YXmlText('text', {}),
        undefined,
      );
  }
}

describe('updates of yrs', () => {
  const narrow = [7, 4_000_000_000, 1 << 20];
  // yrs compiled to WebAssembly keeps 32 bits of a client id, and drops the others without a word.
  const boundary = [2 ** 32 - 1, 1, 2 ** 31];

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('C2: histories are accepted and load in Yjs (seed %i)', (seed) => {
    const random = new Random(seed);
    const docs = (seed % 2 === 0 ? boundary : narrow).map((clientID) => new YDoc({ clientID }));
    const index = new CausalIndex(defaultLimits);
    const log: Uint8Array[] = [];
    for (let step = 0; step < 150; step++) {
      const doc = random.pick(docs);
      const before = encodeStateVector(doc);
      edit(doc, random);
      const other = random.pick(docs);
      if (random.chance(0.3)) applyUpdate(doc, encodeStateAsUpdate(other, encodeStateVector(doc)), undefined);
      const update = random.chance(0.1)
        ? encodeStateAsUpdate(doc, undefined)
        : encodeStateAsUpdate(doc, before);
      const verdict = index.judge(update);
      expect(verdict.isIncomplete).toBe(false);
      if (verdict.outcome !== 'new') continue;
      index.apply(verdict);
      log.push(verdict.update);
    }
    const merged = new YDoc({ clientID: 99 });
    for (const doc of docs) applyUpdate(merged, encodeStateAsUpdate(doc, undefined), undefined);
    for (const updates of [log, [mergeAccepted(log)]]) {
      const doc = loaded(updates);
      expect(Y.decodeStateVector(Y.encodeStateVector(doc))).toEqual(
        Y.decodeStateVector(encodeStateVector(merged)),
      );
      expect(doc.getText('text').toJSON()).toBe(merged.getText('text').toString(undefined));
      expect(doc.getArray('list').length).toBe(merged.getArray('list').length(undefined));
    }
  });
});
