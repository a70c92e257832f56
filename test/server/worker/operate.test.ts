// The changes that clients ask the server for, in a Y.Doc.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { operate } from '../../../server/worker/operate.js';
import { serverTimestamp, withTime, type Operation } from '../../../shared/operation.js';

/** A document with a bit of everything. */
function sample(): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'written');
  doc.getArray('list').push([1, 2, 3]);
  const map = doc.getMap<unknown>('map');
  map.set('plain', { deep: 1 });
  map.set('inner', new Y.Map([['a', 1]]));
  doc.getXmlFragment('prose').insert(0, [new Y.XmlElement('p')]);
  map.set('items', Y.Array.from([new Y.Map([['done', false]]), 'second']));
  return doc;
}

/** What the document shows when these changes have been read by somebody who has it. */
function shown(...operations: Operation[]): { text: string; prose: string; list: unknown[]; map: unknown } {
  const doc = sample();
  const updates = [Y.encodeStateAsUpdate(doc)];
  const [change] = operate({ updates, gc: true, batches: [{ operations, clientId: 7 }], now: 1_000 });
  if (change !== undefined) Y.applyUpdate(doc, change);
  expect(doc.store.pendingStructs).toBeNull();
  return {
    text: doc.getText('text').toString(),
    prose: doc.getXmlFragment('prose').toString(),
    list: doc.getArray('list').toJSON(),
    map: doc.getMap('map').toJSON(),
  };
}

const before = shown();

describe('P10: an operation', () => {
  it.each<[string, Operation, object]>([
    ['sets a key', { do: 'set', path: ['map', 'new'], value: [1] }, { map: { new: [1] } }],
    [
      'makes what is missing on the way',
      { do: 'set', path: ['map', 'x', 'y'], value: 1 },
      { map: { x: { y: 1 } } },
    ],
    [
      'goes into maps and arrays',
      { do: 'set', path: ['map', 'items', 0, 'done'], value: true },
      { map: { items: [{ done: true }, 'second'] } },
    ],
    ['replaces in an array', { do: 'set', path: ['list', 1], value: 'two' }, { list: [1, 'two', 3] }],
    ['adds at the end of an array', { do: 'set', path: ['list', 3], value: 4 }, { list: [1, 2, 3, 4] }],
    [
      'updates a map',
      { do: 'update', path: ['map', 'inner'], values: { b: 2, c: null } },
      { map: { inner: { a: 1, b: 2, c: null } } },
    ],
    ['updates a root map', { do: 'update', path: ['map'], values: { n: 1 } }, { map: { n: 1 } }],
    ['removes a key', { do: 'remove', path: ['map', 'inner', 'a'] }, { map: { inner: {} } }],
    ['removes from an array', { do: 'remove', path: ['list', 0] }, { list: [2, 3] }],
    [
      'says the time',
      { do: 'set', path: ['map', 'at'], value: { at: [serverTimestamp()] } },
      { map: { at: { at: [1_000] } } },
    ],
  ])('%s', (_what, operation, expected) => {
    expect(shown(operation)).toMatchObject(expected);
  });

  it.each<[string, Operation]>([
    ['inside a plain value', { do: 'set', path: ['map', 'plain', 'deep'], value: 2 }],
    ['in a text', { do: 'set', path: ['text', 'key'], value: 1 }],
    ['by place in a text', { do: 'set', path: ['text', 0], value: 5 }],
    ['of a text by place', { do: 'remove', path: ['text', 0] }],
    ['in XML', { do: 'set', path: ['prose', 0], value: 5 }],
    ['of XML', { do: 'remove', path: ['prose', 0] }],
    ['by key in an array', { do: 'set', path: ['list', 'key'], value: 1 }],
    ['by place in a map', { do: 'set', path: ['map', 0], value: 1 }],
    ['beyond the end of an array', { do: 'set', path: ['list', 9], value: 1 }],
    ['of what is not there', { do: 'remove', path: ['map', 'nothing', 'there'] }],
  ])('changes nothing %s', (_what, operation) => {
    expect(shown(operation)).toEqual(before);
  });

  it('is an update of its own for each batch, which follow each other', () => {
    const updates = [Y.encodeStateAsUpdate(sample())];
    const batches = ['a', 'b', 'c'].map((key, at) => ({
      operations: [{ do: 'set', path: ['map', 'made', key], value: at } as const],
      clientId: 10 + at,
    }));
    const changes = operate({ updates, gc: true, batches, now: 1 });
    const doc = sample();
    for (const change of changes) Y.applyUpdate(doc, change!);
    expect(doc.getMap('map').toJSON()['made']).toEqual({ a: 0, b: 1, c: 2 });
    const [nothing] = operate({ updates, gc: true, batches: [{ operations: [], clientId: 1 }], now: 1 });
    expect(nothing).toBeUndefined();
  });

  it('leaves alone what only looks like a timestamp', () => {
    for (const value of [{ '.sv': 'other' }, { '.sv': 'timestamp', more: 1 }, '.sv', null])
      expect(withTime(value as never, 5)).toEqual(value);
  });
});
