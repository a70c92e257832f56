// What the client finds that the server would refuse, beside what the server refuses.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { fitUpdate, type Fitted } from '../../../client/crdt/fit-update.js';
import { takeOut } from '../../../client/crdt/lost-content.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { defaultLimits } from '../../../shared/limits.js';
import { SeededRandom } from '../../support/seeded-random.js';

const limits = { maxUpdateBytes: 5_000, maxKeyBytes: 12, maxNesting: 3, maxValues: 40 };
const serverLimits = { ...defaultLimits, maxKeyBytes: 12, maxNesting: 3, maxValuesPerUpdate: 40 };

function fit(update: Uint8Array, doc: Y.Doc): Fitted {
  return fitUpdate(update, { doc, limits, givenUp: Y.createDeleteSet() });
}

/** Why the server refuses the update; undefined when it takes it. */
function refusal(update: Uint8Array): string | undefined {
  try {
    new CausalIndex(serverLimits).judge(update);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };
}

const long = 'k'.repeat(13);
const longByBytes = 'ä'.repeat(7);

const cases: Readonly<Record<string, (doc: Y.Doc) => void>> = {
  'a key': (doc) => doc.getMap('map').set(long, 1),
  'a key that is long in bytes': (doc) => doc.getMap('map').set(longByBytes, 1),
  __proto__: (doc) => doc.getMap('map').set('__proto__', 1),
  'a root type': (doc) => doc.getArray(long).push([1]),
  'a format': (doc) => doc.getText('text').insert(0, 'x', { [long]: true }),
  'a format with a deep value': (doc) => doc.getText('text').insert(0, 'x', { b: nested(4) as object }),
  'an embed': (doc) => doc.getText('text').insertEmbed(0, nested(4) as object),
  'an attribute': (doc) => doc.getXmlElement('element').setAttribute(long, '1'),
  'an element': (doc) => doc.getXmlFragment('xml').push([new Y.XmlElement(long)]),
  'a subdocument': (doc) => doc.getMap('map').set('doc', new Y.Doc({ guid: long })),
  'a subdocument with deep options': (doc) =>
    doc.getMap('map').set('doc', new Y.Doc({ guid: 'g', meta: nested(4) })),
  'a deep value': (doc) => doc.getArray('array').push([nested(4)]),
  'a deep value in a map': (doc) => doc.getMap('map').set('k', nested(5)),
  'many values': (doc) =>
    doc.getMap('map').set(
      'k',
      Array.from({ length: 50 }, () => 1),
    ),
  'deep types': (doc) => {
    let map = doc.getMap<unknown>('map');
    for (let depth = 0; depth < 6; depth++) map = map.set('k', new Y.Map<unknown>());
  },
  'another value under the same key': (doc) => {
    doc.getMap('map').set(long, 1);
    doc.getMap('map').set(long, 2);
  },
  'a shared type under the key, with something in it': (doc) => {
    const inside = doc.getMap('map').set(long, new Y.Array<number>());
    inside.push([1, 2]);
  },
};

describe('K51: what the server refuses whoever brings it', () => {
  it.each(Object.entries(cases))('is found before it is sent: %s', (_name, edit) => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'before');
    edit(doc);
    const update = Y.encodeStateAsUpdate(doc);
    expect(refusal(update)).toBeDefined();
    expect(fit(update, doc).refused?.kind).toBe('invalid');
  });

  it.each(Object.entries(cases))('is sent as deleted content when it is taken out: %s', (_name, edit) => {
    const doc = new Y.Doc();
    doc.getText('other').insert(0, 'before');
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    edit(doc);
    const { refused } = fit(Y.encodeStateAsUpdate(doc), doc);
    const lost = takeOut(doc, refused!.ids, 'test');
    expect(lost.length).toBeGreaterThan(0);
    doc.getText('other').insert(6, ' and after');
    // As it is now, and as it was when it was made.
    for (const update of [Y.encodeStateAsUpdate(doc), Y.mergeUpdates([prefix(doc), ...updates])]) {
      const fitted = fit(update, doc);
      expect(fitted.refused).toBeUndefined();
      expect(refusal(fitted.update)).toBeUndefined();
      const reader = new Y.Doc();
      Y.applyUpdate(reader, fitted.update);
      expect(Y.encodeStateVector(reader)).toEqual(Y.encodeStateVector(doc));
      expect(contentOf(reader)).toEqual(contentOf(doc));
    }
  });

  it('is the same as the server refuses, and nothing else', () => {
    let refusals = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const doc = new Y.Doc();
      doc.clientID = seed;
      const index = new CausalIndex(serverLimits);
      let isOver = false;
      doc.on('update', (update: Uint8Array) => {
        if (isOver) return;
        try {
          index.apply(index.judge(update));
        } catch {
          isOver = true;
        }
        // In the document as it is with this edit: it may be deleted by a later one.
        expect(fit(update, doc).refused !== undefined, `seed ${seed}`).toBe(isOver);
      });
      editAtRandom(doc, seed);
      if (isOver) refusals++;
    }
    expect(refusals).toBeGreaterThan(50);
  });
});

/** What the documents of these tests hold before the edit. */
function prefix({ clientID }: Y.Doc): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientID;
  doc.getText('other').insert(0, 'before');
  return Y.encodeStateAsUpdate(doc);
}

function contentOf(doc: Y.Doc): unknown {
  return [
    doc.getMap('map').toJSON(),
    doc.getText('text').toDelta(),
    doc.getText('other').toString(),
    doc.getArray('array').toJSON(),
    doc.getXmlFragment('xml').toString(),
    doc.getXmlElement('element').toString(),
  ];
}

function editAtRandom(doc: Y.Doc, seed: number): void {
  const random = new SeededRandom(seed);
  const below = (count: number): number => random.int(count);
  const key = (): string => 'k'.repeat(1 + below(14));
  // The server counts the values of an update, and the client those of one value.
  const many = (): unknown => Array.from({ length: below(2) === 0 ? below(20) : 45 }, () => 1);
  const value = (): unknown => (below(3) === 0 ? many() : nested(below(5)));
  for (let edit = 0; edit < 8; edit++) {
    const edits = [
      () => doc.getMap('map').set(key(), value()),
      () => doc.getArray('array').insert(0, [value()]),
      () => doc.getText('text').insert(0, 'text'.repeat(1 + below(5)), { [key()]: value() as object }),
      () => doc.getText('text').insertEmbed(0, { image: value() }),
      () => doc.getXmlFragment('xml').push([new Y.XmlElement(key())]),
    ];
    edits[below(edits.length)]!();
  }
}
