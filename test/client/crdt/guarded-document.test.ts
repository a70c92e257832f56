// A document whose listeners throw: Yjs tells all of all changes the same.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { guardDocument } from '../../../client/crdt/guarded-document.js';
import { chooseSeed, withSeed, type SeededRandom } from '../../support/seeded-random.js';
import { collectUncaught } from '../../support/uncaught.js';

const fault = new Error('of the application');
const throws = (): never => {
  throw fault;
};

/** Hears what the document tells, as a document of its own. */
function follow(doc: Y.Doc): Y.Doc {
  const follower = new Y.Doc();
  doc.on('update', (update: Uint8Array) => Y.applyUpdate(follower, update));
  return follower;
}

const events = [
  'beforeAllTransactions',
  'beforeTransaction',
  'beforeObserverCalls',
  'afterTransaction',
  'afterTransactionCleanup',
  'update',
  'updateV2',
  'subdocs',
  'afterAllTransactions',
] as const;

describe('K41: what a listener of the document throws', () => {
  for (const event of events)
    it(`at ${event} reaches whoever made the change, and stops nothing`, () => {
      const uncaught = collectUncaught();
      const doc = new Y.Doc();
      const list = doc.getArray<unknown>('list');
      doc.on(event, throws);
      guardDocument(doc);
      const follower = follow(doc);
      const observed: number[] = [];
      list.observe(() => void observed.push(list.length));
      const insert = (): void =>
        doc.transact(() => list.push(event === 'subdocs' ? [new Y.Doc()] : [list.length]));
      expect(insert).toThrow(fault);
      expect(insert).toThrow(fault);
      doc.off(event, throws);
      insert();
      expect(follower.getArray('list').length).toBe(3);
      expect(observed).toEqual([1, 2, 3]);
      expect(uncaught).toEqual([]);
    });

  it('is told beside what observers throw: of one type, of those around it, and of one that went while they were called', async () => {
    const uncaught = collectUncaught();
    const doc = new Y.Doc();
    const follower = follow(doc);
    const map = doc.getMap<Y.Text>('map');
    const text = new Y.Text();
    map.set('text', text);
    guardDocument(doc);
    const faults = Array.from({ length: 6 }, (_, at) => new Error(`${at}`));
    let calls = 0;
    const throwing = (at: number) => (): never => {
      calls++;
      throw faults[at]!;
    };
    const gone = throwing(2);
    text.observe(throwing(0));
    text.observe(() => text.unobserve(gone));
    text.observe(throwing(1));
    text.observe(gone);
    text.observeDeep(throwing(3));
    map.observeDeep(throwing(4));
    doc.on('afterTransaction', throwing(5));
    expect(() => text.insert(0, 'a')).toThrow(faults[0]);
    await Promise.resolve();
    // It is called once more, as Yjs has it, and not again.
    expect(uncaught).toEqual([1, 2, 3, 4, 5].map((at) => faults[at]));
    uncaught.length = 0;
    expect(() => text.insert(0, 'b')).toThrow(faults[0]);
    await Promise.resolve();
    expect(uncaught).toEqual([1, 3, 4, 5].map((at) => faults[at]));
    expect([calls, (follower.getMap('map').get('text') as Y.Text).toJSON()]).toEqual([11, 'ba']);
  });

  it('more than one of them: the first reaches whoever made the change, the others the page', async () => {
    const uncaught = collectUncaught();
    const doc = new Y.Doc();
    const other = new Error('another');
    doc.on('update', throws);
    doc.on('update', () => {
      throw other;
    });
    guardDocument(doc);
    expect(() => doc.getArray('list').push([1])).toThrow(fault);
    await new Promise((resolve) => setImmediate(resolve));
    expect(uncaught).toEqual([other]);
  });

  it('before the document was guarded has stopped Yjs until the end of the turn only', async () => {
    const doc = new Y.Doc();
    const list = doc.getArray('list');
    doc.once('update', throws);
    expect(() => list.push(['told by nobody'])).toThrow(fault);
    const observed: number[] = [];
    list.observe(() => void observed.push(list.length));
    guardDocument(doc);
    const follower = follow(doc);
    Y.applyUpdate(follower, Y.encodeStateAsUpdate(doc));
    list.push(['still in this turn']);
    expect(follower.getArray('list').length).toBe(1);
    await Promise.resolve();
    list.push(['later']);
    expect(follower.getArray('list').toArray()).toEqual(list.toArray());
    expect(observed).toEqual([2, 3]);
  });

  it('before the document was guarded, as a change began, has kept no later change from being told', async () => {
    const doc = new Y.Doc();
    const list = doc.getArray('list');
    doc.once('beforeTransaction', throws);
    expect(() => list.push(['never made'])).toThrow(fault);
    guardDocument(doc);
    const follower = follow(doc);
    list.push(['still in this turn']);
    await Promise.resolve();
    list.push(['later']);
    expect(list.toArray()).toEqual(['still in this turn', 'later']);
    expect(follower.getArray('list').toArray()).toEqual(list.toArray());
  });

  const seed = chooseSeed();
  it(`whatever it is and whenever: all is told, in order (seed ${seed})`, async () => {
    collectUncaught();
    await withSeed(seed, async (random) => {
      for (let run = 0; run < 200; run++) play(random);
    });
  });
});

function play(random: SeededRandom): void {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const [list, text] = [doc.getArray<number>('list'), doc.getText('text')];
  const sometimes = (): void => {
    if (random.chance(0.2)) throw fault;
  };
  let edits = 0;
  const maybeEdits = (): void => {
    if (random.chance(0.1) && edits++ < 20) list.push([edits]);
  };
  for (const event of events) {
    if (random.chance(0.5)) doc.on(event, sometimes);
    if (random.chance(0.2)) doc.on(event, maybeEdits);
  }
  list.observe(sometimes);
  list.observe(maybeEdits);
  doc.on('update', maybeEdits);
  guardDocument(doc);
  const follower = follow(doc);
  const writer = new Y.Doc();
  writer.clientID = 2;
  for (let step = 0; step < 20; step++) {
    try {
      if (random.chance(0.3)) {
        writer.getText('text').insert(0, 'w', { bold: random.chance(0.5) });
        Y.applyUpdate(doc, Y.encodeStateAsUpdate(writer));
      } else if (random.chance(0.5)) list.insert(0, [step]);
      else text.insert(0, 'x');
    } catch (error) {
      expect(error).toBe(fault);
    }
    expect(follower.getArray('list').toArray()).toEqual(list.toArray());
    expect(follower.getText('text').toDelta()).toEqual(text.toDelta());
  }
}
