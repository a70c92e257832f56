// The parts of an answer, applied as one change.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { applyParts } from '../../../client/crdt/apply-parts.js';
import { holdBackAll } from '../../../server/crdt/hold-back.js';
import { SeekableUpdate } from '../../../server/crdt/seekable-update.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';

const partBytes = 2_000;

/** Paragraphs with bold words, by three authors. */
function formatted(): Y.Doc {
  const doc = new Y.Doc();
  const xml = doc.getXmlFragment('xml');
  for (let i = 0; i < 300; i++) {
    doc.clientID = 1 + (i % 3);
    const paragraph = new Y.XmlText();
    xml.insert(xml.length, [paragraph]);
    paragraph.insert(0, `paragraph number ${i} of many, with bold words`);
    paragraph.format(i % 10, 5, { bold: true });
  }
  return doc;
}

function heldParts(doc: Y.Doc): Uint8Array[] {
  const pieces = splitUpdate(Y.encodeStateAsUpdate(doc), partBytes).map((part) => new SeekableUpdate(part));
  return holdBackAll(pieces, [], partBytes);
}

/** A Y.Doc, and how often it has written anew what waits in it. */
function watched(): { doc: Y.Doc; rewrites: () => number } {
  const doc = new Y.Doc();
  let [pending, rewrites]: [typeof doc.store.pendingStructs, number] = [null, 0];
  Object.defineProperty(doc.store, 'pendingStructs', {
    get: () => pending,
    set(value: typeof pending) {
      if (value !== null) rewrites++;
      pending =
        value &&
        new Proxy(value, {
          set(target, key, written) {
            if (key === 'update') rewrites++;
            return Reflect.set(target, key, written);
          },
        });
    },
  });
  return { doc, rewrites: () => rewrites };
}

describe('N15: the parts of an answer', () => {
  it('are one change, of which Yjs writes at most the first part twice', () => {
    const whole = formatted();
    const parts = heldParts(whole);
    expect(parts.length).toBeGreaterThan(10);
    const one = watched();
    let changes = 0;
    one.doc.on('update', () => changes++);
    applyParts(one.doc, parts, 'server', true);
    expect(Y.encodeStateAsUpdate(one.doc)).toEqual(Y.encodeStateAsUpdate(whole));
    expect(changes).toBe(1);
    expect(one.rewrites()).toBeLessThanOrEqual(2);
    const stock = watched();
    for (const part of parts) Y.applyUpdate(stock.doc, part);
    expect(stock.rewrites()).toBeGreaterThan(10);
  });

  it('that are in causal order are applied in that order', () => {
    const whole = formatted();
    const one = watched();
    applyParts(one.doc, splitUpdate(Y.encodeStateAsUpdate(whole), partBytes), 'server', true);
    expect(Y.encodeStateAsUpdate(one.doc)).toEqual(Y.encodeStateAsUpdate(whole));
    expect(one.rewrites()).toBe(0);
  });

  it('are read to their end by a document in which the first of them waits already', () => {
    const whole = formatted();
    const parts = heldParts(whole);
    const one = watched();
    applyParts(one.doc, parts.slice(0, 8), 'server', false);
    expect(one.doc.store.clients.size).toBe(0);
    const before = one.rewrites();
    expect(before).toBeLessThanOrEqual(2);
    applyParts(one.doc, parts, 'server', true);
    expect(Y.encodeStateAsUpdate(one.doc)).toEqual(Y.encodeStateAsUpdate(whole));
    expect(one.rewrites() - before).toBeLessThanOrEqual(3);
  });

  it('that came before the connection was lost are not lost, where they wait for nothing', () => {
    const whole = formatted();
    const parts = splitUpdate(Y.encodeStateAsUpdate(whole), partBytes);
    const doc = new Y.Doc();
    applyParts(doc, parts.slice(0, 5), 'server', false);
    const some = Y.encodeStateVectorFromUpdate(Y.mergeUpdates(parts.slice(0, 5)));
    expect(Y.decodeStateVector(Y.encodeStateVector(doc))).toEqual(Y.decodeStateVector(some));
  });

  it('are nothing where there are none', () => {
    const doc = new Y.Doc();
    let changes = 0;
    doc.on('afterTransaction', () => changes++);
    applyParts(doc, [], 'server', true);
    expect(changes).toBe(0);
  });
});
