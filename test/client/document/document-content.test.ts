// What every content of a document does, whatever it is made of.

import { afterEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { Tidying } from '../../../client/crdt/tidying.js';
import type { DocumentContent } from '../../../client/document/document-content.js';
import { StoredContent } from '../../../client/document/stored-content.js';
import { YjsContent } from '../../../client/document/yjs-content.js';
import { chooseSeed, withSeed, type SeededRandom } from '../../support/seeded-random.js';

interface Subject {
  readonly content: DocumentContent;
  /** What it holds, as a document. */
  read(): Y.Doc;
}

const cleanup: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleanup.splice(0)) clean();
});

const subjects: Readonly<Record<string, (update?: Uint8Array) => Subject>> = {
  'a Y.Doc': (update) => {
    const doc = new Y.Doc();
    if (update !== undefined) Y.applyUpdate(doc, update);
    const tidying = new Tidying(doc);
    const content = new YjsContent({ doc, random: Math.random, isEdit: () => true, tidying });
    cleanup.push(() => {
      content.destroy();
      tidying.destroy();
    });
    return { content, read: () => doc };
  },
  'stored bytes': (update) => {
    const stored = update === undefined ? [] : [update];
    const content = new StoredContent(update, (more) => void stored.push(more));
    return { content, read: () => docOf(...stored) };
  },
};

function docOf(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

function shown(doc: Y.Doc): unknown {
  return [doc.getText('text').toDelta(), doc.getMap('map').toJSON()];
}

function edit(doc: Y.Doc, random: SeededRandom): void {
  const text = doc.getText('text');
  if (text.length > 2 && random.chance(0.3)) text.delete(random.int(text.length - 1), 1);
  else text.insert(random.int(text.length + 1), 'abc'.slice(random.int(3)));
  if (random.chance(0.3)) doc.getMap('map').set(`k${random.int(3)}`, random.int(100));
}

/** A document of several writers, and what it has besides at some later time. */
function history(random: SeededRandom): { early: Uint8Array; late: Uint8Array } {
  const docs = [1, 2, 3].map((id) => Object.assign(new Y.Doc(), { clientID: id }));
  const exchange = (): void => {
    for (const from of docs) for (const to of docs) Y.applyUpdate(to, Y.encodeStateAsUpdate(from));
  };
  const play = (steps: number): void => {
    for (let step = 0; step < steps; step++) {
      edit(random.pick(docs), random);
      if (random.chance(0.2)) exchange();
    }
    exchange();
  };
  play(random.int(30));
  const early = Y.encodeStateAsUpdate(docs[0]!);
  play(random.int(30));
  return { early, late: Y.encodeStateAsUpdate(docs[0]!) };
}

const seed = chooseSeed();

describe.each(Object.entries(subjects))('%s', (_name, open) => {
  it('K57: is empty at first, knows nothing, and lacks nothing of nothing', () => {
    const { content } = open();
    expect(content.isEmpty).toBe(true);
    expect(Y.decodeStateVector(content.stateVector()).size).toBe(0);
    expect(content.missing(content.stateVector(), [])).toBeUndefined();
    expect(Y.decodeUpdate(content.since(content.stateVector())).structs).toEqual([]);
    content.apply([], true);
    expect(content.isEmpty).toBe(true);
  });

  it(`K57: takes what it lacks, and tells what the other lacks and no more (seed ${seed})`, async () => {
    await withSeed(seed, async (random) => {
      for (let run = 0; run < 100; run++) {
        const { early, late } = history(random);
        const { content, read } = open(random.chance(0.2) ? undefined : early);
        const other = docOf(late);
        const server = docOf(early);
        const vector = content.stateVector();
        expect(Y.encodeStateVector(read())).toEqual(vector);
        // What the server sends, in one part or two.
        const answer = Y.encodeStateAsUpdate(other, vector);
        content.apply(random.chance(0.5) ? [answer] : [early, answer], true);
        expect(shown(read())).toEqual(shown(other));
        expect(content.isEmpty).toBe(other.store.clients.size === 0);
        // The server lacks what the other had more.
        const missing = content.missing(Y.encodeStateVector(server), [early]);
        if (missing !== undefined) Y.applyUpdate(server, missing);
        expect(shown(server)).toEqual(shown(other));
        expect(content.missing(Y.encodeStateVector(other), [late])).toBeUndefined();
        const asked = docOf(early);
        Y.applyUpdate(asked, content.since(Y.encodeStateVector(asked)));
        expect(shown(asked)).toEqual(shown(other));
      }
    });
  });

  it('K57: throws what is no update, and is as it was', () => {
    const { early } = { early: Y.encodeStateAsUpdate(docOf(sample)) };
    const { content, read } = open(early);
    expect(() => content.apply([Uint8Array.of(1, 2, 3)], true)).toThrow(Error);
    expect(shown(read())).toEqual(shown(docOf(sample)));
    expect(content.missing(Y.encodeStateVector(docOf(sample)), [sample])).toBeUndefined();
    const fresh = open();
    expect(() => fresh.content.apply([Uint8Array.of(9, 9, 9)], true)).toThrow(Error);
    expect(fresh.content.isEmpty).toBe(true);
  });
});

const sample = ((): Uint8Array => {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'sample');
  return Y.encodeStateAsUpdate(doc);
})();
