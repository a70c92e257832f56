// What a document has and a server lacks.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { deletesOf, missingUpdate } from '../../../client/crdt/missing-update.js';
import { contentOf, makeHistory } from '../../support/histories.js';

function missing(doc: Y.Doc, server: Y.Doc): Uint8Array | undefined {
  return missingUpdate(doc, Y.encodeStateVector(server), deletesOf([Y.encodeStateAsUpdate(server)]));
}

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

describe('missing update', () => {
  it('is nothing when the server has it all, deletions too', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'hello world');
    doc.getText('text').delete(2, 4);
    expect(missing(doc, copyOf(doc))).toBeUndefined();
    expect(missing(new Y.Doc(), copyOf(doc))).toBeUndefined();
  });

  it('is only the deletion when that is all that is new', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'hello world '.repeat(100));
    for (let i = 0; i < 100; i++) doc.getText('text').delete(3 * i, 1);
    const server = copyOf(doc);
    doc.getText('text').delete(500, 2);
    const update = missing(doc, server)!;
    expect(update.length).toBeLessThan(20);
    Y.applyUpdate(server, update);
    expect(server.getText('text').toString()).toBe(doc.getText('text').toString());
  });

  it('is only what was written when nothing new is deleted', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'hello world '.repeat(100));
    for (let i = 0; i < 100; i++) doc.getText('text').delete(3 * i, 1);
    const server = copyOf(doc);
    doc.getText('text').insert(7, 'new');
    expect(missing(doc, server)!.length).toBeLessThan(40);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'C1: brings the server what it lacks, and then nothing is missing (seed %i)',
    (seed) => {
      const { replicas } = makeHistory(seed);
      const [mine, others] = [replicas[0]!, replicas[1]!];
      const server = copyOf(others);
      const update = missing(mine, server);
      if (update !== undefined) Y.applyUpdate(server, update);
      Y.applyUpdate(mine, Y.encodeStateAsUpdate(server));
      expect(contentOf(server, false)).toEqual(contentOf(mine, false));
      expect(missing(mine, server)).toBeUndefined();
    },
  );
});
