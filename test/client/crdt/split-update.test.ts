// Large updates, cut into parts.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { splitUpdate } from '../../../client/crdt/split-update.js';
import { fragileDocument } from '../../support/fragile-document.js';

/** Applies the parts one after the other; fails when one of them waits for something. */
function together(parts: readonly Uint8Array[], doc = new Y.Doc()): Y.Doc {
  for (const part of parts) {
    Y.applyUpdate(doc, part);
    expect(doc.store.pendingStructs).toBeNull();
    expect(doc.store.pendingDs).toBeNull();
  }
  return doc;
}

function expectSame(some: Y.Doc, others: Y.Doc): void {
  expect(Y.encodeStateVector(some)).toEqual(Y.encodeStateVector(others));
  expect(Y.equalSnapshots(Y.snapshot(some), Y.snapshot(others))).toBe(true);
}

/** Two who write in turns, so that each depends on what the other has just written. */
function interleaved(rounds: number): Y.Doc {
  const [one, two] = [new Y.Doc(), new Y.Doc()];
  [one.clientID, two.clientID] = [1, 2];
  for (let round = 0; round < rounds; round++)
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      const before = Y.encodeStateVector(to);
      const text = from.getText('text');
      text.insert(Math.floor(text.length / 2), `round ${round} `);
      if (round % 3 === 2) text.delete(0, 2);
      from.getMap('map').set(`key ${round % 5}`, new Y.Array());
      Y.applyUpdate(to, Y.encodeStateAsUpdate(from, before));
    }
  return one;
}

describe('N20: a large update', () => {
  it('is cut into parts within the limit, none of which waits for a later one', () => {
    const doc = interleaved(200);
    const update = Y.encodeStateAsUpdate(doc);
    const parts = splitUpdate(update, 500);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(500);
    expect(parts.length).toBeLessThan((update.length / 500) * 2);
    const whole = together(parts);
    expectSame(whole, doc);
    expect(whole.getText('text').toString()).toBe(doc.getText('text').toString());
    expect(whole.getMap('map').toJSON()).toEqual(doc.getMap('map').toJSON());
  });

  it('is left as it is when it is small', () => {
    const update = Y.encodeStateAsUpdate(interleaved(2));
    expect(splitUpdate(update, update.length)).toEqual([update]);
  });

  it('is cut inside a long text and a long list, and never inside a character', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, `a${'🦔'.repeat(2_000)}`);
    doc.getArray('list').push(Array.from({ length: 500 }, (_, at) => ({ at, text: 'value' })));
    const parts = splitUpdate(Y.encodeStateAsUpdate(doc), 300);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(300);
    const whole = together(parts);
    expect(whole.getText('text').toString()).toBe(doc.getText('text').toString());
    expect(whole.getArray('list').toJSON()).toEqual(doc.getArray('list').toJSON());
  });

  it('has a value that cannot be cut in a part of its own', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'before');
    doc.getMap('map').set('large', new Uint8Array(1_000));
    doc.getText('text').insert(0, 'after');
    const parts = splitUpdate(Y.encodeStateAsUpdate(doc), 200);
    expect(parts.filter(({ length }) => length > 200).length).toBe(1);
    expect(together(parts).getMap('map').get('large')).toEqual(new Uint8Array(1_000));
  });

  it('may only delete, or only continue what the other has', () => {
    const doc = new Y.Doc();
    const text = doc.getText('text');
    for (let at = 0; at < 400; at++) text.insert(0, `${at} `);
    const base = Y.encodeStateAsUpdate(doc);
    const before = Y.encodeStateVector(doc);
    for (let at = 0; at < 400; at++) text.delete(at, 1);
    text.insert(0, 'more '.repeat(100));
    const other = new Y.Doc();
    Y.applyUpdate(other, base);
    const parts = splitUpdate(Y.encodeStateAsUpdate(doc, before), 100);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expectSame(together(parts, other), doc);
    expect(other.getText('text').toString()).toBe(text.toString());
  });

  it('applied as one change, reads as before where text is formatted', () => {
    const doc = fragileDocument(200);
    const parts = splitUpdate(Y.encodeStateAsUpdate(doc), 400);
    expect(parts.length).toBeGreaterThan(3);
    const whole = new Y.Doc();
    const text = whole.getText('text');
    Y.transact(whole, () => together(parts, whole), 'server', false);
    expect(text.toDelta()).toEqual(doc.getText('text').toDelta());
  });
});
