// What the shape of an update says: which structs are tied to their place, and which Yjs may have to search for.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import type { UpdateShape } from '../../../server/crdt/update-shape.js';
import { defaultLimits } from '../../../shared/limits.js';
import { conflictBomb, item, lateBomb, text, update } from './hostile-updates.js';

/** The shape of the last update, in a document that holds those before it. */
function shapeOfLast(...updates: readonly Uint8Array[]): UpdateShape {
  const index = new CausalIndex(defaultLimits);
  const verdicts = updates.map((one) => {
    const verdict = index.judge(one);
    index.apply(verdict);
    return verdict;
  });
  return verdicts.at(-1)!.shape;
}

const seed = update([[1, 0, [text({ root: 'text' }, 'hello')]]]);

describe('the shape of an update', () => {
  it('V3: typing on, in one update or in several, is tied and adds no item', () => {
    const first = update([[1, 5, [text({ origin: [1, 4] }, 'a')]]]);
    const next = update([[1, 6, [text({ origin: [1, 5], right: [1, 2] }, 'b')]]]);
    expect(shapeOfLast(seed, first)).toEqual({ parts: 1, searched: 0, items: 0 });
    expect(shapeOfLast(seed, first, next)).toEqual({ parts: 1, searched: 0, items: 0 });
  });

  it('V3: typing elsewhere is searched, also between two letters that stand beside each other', () => {
    const between = update([[2, 0, [text({ origin: [1, 2], right: [1, 3] }, 'a')]]]);
    expect(shapeOfLast(seed, between)).toEqual({ parts: 1, searched: 1, items: 2 });
    const inFront = update([[2, 0, [text({ right: [1, 0] }, 'a')]]]);
    expect(shapeOfLast(seed, inFront).searched).toBe(1);
    const sameRoot = update([[2, 0, [text({ root: 'text' }, 'a')]]]);
    expect(shapeOfLast(seed, sameRoot).searched).toBe(1);
  });

  it('V3: a pasted piece of a rich document is searched once, whatever is in it', () => {
    const doc = new Y.Doc();
    const fragment = doc.getXmlFragment('prosemirror');
    fragment.insert(0, [new Y.XmlElement('paragraph'), new Y.XmlElement('paragraph')]);
    const before = Y.encodeStateAsUpdate(doc);
    let pasted: Uint8Array | undefined;
    doc.on('update', (made: Uint8Array) => {
      pasted = made;
    });
    const paragraphs = Array.from({ length: 100 }, (_, i) => {
      const paragraph = new Y.XmlElement('paragraph');
      paragraph.setAttribute('id', `p${i}`);
      const ytext = new Y.XmlText();
      ytext.insert(0, 'bold', { bold: true });
      ytext.insert(4, ' and plain', { bold: null });
      paragraph.insert(0, [ytext]);
      return paragraph;
    });
    fragment.insert(1, paragraphs);
    const shape = shapeOfLast(before, pasted!);
    expect(shape.parts).toBeGreaterThan(500);
    expect(shape.searched).toBe(1);
  });

  it('V3: only what is taken counts, and every letter of a bomb does', () => {
    const [crowd, bomb] = conflictBomb(50);
    expect(shapeOfLast(crowd, bomb)).toMatchObject({ parts: 50, searched: 50 });
    expect(shapeOfLast(crowd, bomb, bomb)).toEqual({ parts: 0, searched: 0, items: 0 });
    expect(shapeOfLast(...lateBomb(50)).searched).toBe(50);
    // By one client alone, in one update.
    const own = Array.from({ length: 50 }, (_, i) => text({ origin: [7, 0], right: [7, i + 2] }, 'y'));
    const alone = update([[7, 0, [text({ root: 'text' }, 'x'.repeat(60)), ...own]]]);
    expect(shapeOfLast(alone).searched).toBe(51);
  });

  it('V3: deletions are parts and items, and never searched', () => {
    expect(shapeOfLast(seed, update([], [[1, [0, 1], [2, 1]]]))).toEqual({ parts: 2, searched: 0, items: 2 });
  });

  it('V3: what a checkpoint holds counts as items when it is loaded', () => {
    const index = new CausalIndex(defaultLimits);
    const doc = new Y.Doc();
    for (let i = 0; i < 100; i++) doc.getArray('list').insert(0, [i]);
    index.load(Y.encodeStateAsUpdate(doc));
    expect(index.itemCount).toBeGreaterThanOrEqual(100);
    expect(
      shapeOfLast(update([[3, 0, [item(7, { root: 'list' }, 0), text({ parent: [3, 0] }, 'x')]]])).searched,
    ).toBe(1);
  });
});
