// Shared types as plain values: what they are observed by, when they change, and the changes that setters make.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { reuse } from '../../../client/bindings/reuse.js';
import { ArrayReading, MapReading, TextReading } from '../../../client/bindings/shared-types.js';
import { SeededRandom } from '../../support/seeded-random.js';

interface Observed {
  readonly _eH: { readonly l: readonly unknown[] };
  readonly _dEH: { readonly l: readonly unknown[] };
}

/** How many listen to a type, itself and in depth. */
const listenersOf = (type: unknown): number =>
  (type as Observed)._eH.l.length + (type as Observed)._dEH.l.length;

/** A list of to-dos, as applications keep one. */
function toDos(): { doc: Y.Doc; list: Y.Array<Y.Map<unknown>> } {
  const doc = new Y.Doc();
  const list = doc.getArray<Y.Map<unknown>>('todos');
  for (const title of ['milk', 'bread'])
    list.push([
      new Y.Map<unknown>([
        ['title', new Y.Text(title)],
        ['done', false],
      ]),
    ]);
  return { doc, list };
}

describe('K72 a shared type as a value', () => {
  test('K72 is the same until something in it is different, and shares what is not', () => {
    const { doc, list } = toDos();
    const { read } = new ArrayReading(doc, 'todos');
    const before = read();
    expect(before.value).toEqual([
      { title: 'milk', done: false },
      { title: 'bread', done: false },
    ]);
    expect(before.type).toBe(list);
    expect(read()).toBe(before);
    list.get(1).set('done', true);
    const after = read();
    expect(after.value?.[1]).toEqual({ title: 'bread', done: true });
    expect(after.value?.[0]).toBe(before.value?.[0]);
    list.get(1).set('done', true);
    expect(read()).toBe(after);
  });

  test('K72 is told when that type changes, and not when another does', () => {
    const { doc, list } = toDos();
    doc.getText('text').insert(0, 'x');
    let told = 0;
    const stop = new TextReading(doc, 'text').listen(() => told++);
    list.get(0).set('done', true);
    doc.getMap('other').set('a', 1);
    expect(told).toBe(0);
    doc.getText('text').insert(1, 'y');
    expect(told).toBe(1);
    stop();
    doc.getText('text').insert(1, 'z');
    expect(told).toBe(1);
    expect(listenersOf(doc.getText('text'))).toBe(0);
  });

  test('K72 is right whether somebody listens or not', () => {
    const doc = new Y.Doc();
    const map = doc.getMap('map');
    const { read, listen } = new MapReading(doc, 'map');
    const stops = [listen(() => {}), listen(() => {})];
    expect(listenersOf(map)).toBe(1);
    for (const value of [1, 2]) {
      map.set('a', value);
      expect(read().value).toEqual({ a: value });
    }
    for (const stop of stops) stop();
    expect(listenersOf(map)).toBe(0);
    map.set('a', 3);
    expect(read().value).toEqual({ a: 3 });
  });

  test('K72 takes the type itself, and refuses one of another kind', () => {
    const { list } = toDos();
    const title = list.get(0).get('title') as Y.Text;
    const reading = new TextReading(undefined, title);
    reading.setText('milk!');
    expect(reading.read()).toEqual({ value: 'milk!', type: title });
    expect(() => new TextReading(undefined, list as never).read()).toThrow(TypeError);
    expect(() => new TextReading(undefined, new Y.XmlText('x')).read()).toThrow(TypeError);
    expect(() => new TextReading(undefined, 'title').read()).toThrow('no document around');
  });

  test('K72 reuse() keeps equal parts, and takes a field that is gone or undefined for another', () => {
    const before = { a: [1, { b: 2 }], c: new Uint8Array([1]), d: undefined };
    expect(reuse(before, { a: [1, { b: 2 }], c: new Uint8Array([1]), d: undefined })).toBe(before);
    const other = { a: [1, { b: 2 }], c: new Uint8Array([2]), e: undefined };
    const now = reuse<Record<string, unknown>>(before, other);
    expect(now).toStrictEqual(other);
    expect(now['a']).toBe(before.a);
    expect(reuse([1, 2, 3], [1, 2])).toEqual([1, 2]);
    expect(reuse(before.a, before)).toBe(before);
  });
});

describe('K74 a path', () => {
  test('K74 leads to what is there now, and to nothing where there is nothing', () => {
    const { doc, list } = toDos();
    const reading = new TextReading(doc, ['todos', 1, 'title']);
    const seen: (string | undefined)[] = [];
    const stop = reading.listen(() => seen.push(reading.read().value));
    expect(reading.read().value).toBe('bread');
    (list.get(1).get('title') as Y.Text).insert(0, 'brown ');
    list.get(1).set('title', new Y.Text('rolls'));
    list.delete(0);
    expect(reading.read()).toEqual({ value: undefined, type: undefined });
    expect(() => reading.setText('x')).toThrow('there is no Y.Text at todos/1/title');
    list.unshift([new Y.Map([['title', new Y.Text('eggs')]])]);
    expect(reading.read().value).toBe('rolls');
    list.get(1).set('title', 'no shared type');
    expect([seen[0], ...seen.slice(-3)]).toEqual(['brown bread', undefined, 'rolls', undefined]);
    stop();
    expect([list, list.get(0), list.get(1)].map(listenersOf)).toEqual([0, 0, 0]);
  });

  test('K74 is not told of what is beside it', () => {
    const { doc, list } = toDos();
    let told = 0;
    new TextReading(doc, ['todos', 1, 'title']).listen(() => told++);
    list.get(0).set('done', true);
    (list.get(0).get('title') as Y.Text).insert(0, 'x');
    expect(told).toBe(0);
  });
});

describe('K73 setters', () => {
  test('K73 make one transaction, and none where nothing is different', () => {
    const doc = new Y.Doc();
    let updates = 0;
    doc.on('update', () => updates++);
    const text = new TextReading(doc, 'text');
    text.setText('one two');
    text.setText('one two');
    text.setText('one or two');
    expect([text.read().value, updates]).toEqual(['one or two', 2]);
    const map = new MapReading(doc, 'map');
    map.setField('a', { b: [1] });
    map.setField('a', { b: [1] });
    map.setField('gone', undefined);
    map.setField('n', null);
    expect([map.read().value, updates]).toEqual([{ a: { b: [1] }, n: null }, 4]);
    map.setField('a', undefined);
    expect([map.read().value, updates]).toEqual([{ n: null }, 5]);
    const array = new ArrayReading(doc, 'array');
    array.splice(0, 0, 'a', 'b', 'c');
    array.splice(1, 1, 'x', 'y');
    array.splice(-1, 5);
    array.splice(9, 9, 'z');
    expect([array.read().value, updates]).toEqual([['a', 'x', 'y', 'z'], 9]);
  });

  test('K73 keep what two have typed at once', () => {
    const [ann, ben] = [new Y.Doc(), new Y.Doc()];
    const [of, to] = [new TextReading(ann, 'text'), new TextReading(ben, 'text')];
    of.setText('The quick fox');
    Y.applyUpdate(ben, Y.encodeStateAsUpdate(ann));
    of.setText('The very quick fox');
    to.setText('The quick fox jumps');
    Y.applyUpdate(ben, Y.encodeStateAsUpdate(ann));
    expect(to.read().value).toBe('The very quick fox jumps');
  });

  test('K73 write no more than is different, whatever was and is there', () => {
    const seed = Number(process.env['HEDDLE_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    const random = new SeededRandom(seed);
    const characters = ['a', 'b', '\u{1F600}', '\u{1F601}', '\u{1F9F6}'];
    const some = (): string =>
      Array.from({ length: random.int(6) }, () => characters[random.int(5)]).join('');
    for (let round = 0; round < 300; round++) {
      const doc = new Y.Doc();
      const type = doc.getText('text');
      const reading = new TextReading(doc, 'text');
      type.insert(0, some());
      let embedded = random.int(3);
      for (let i = 0; i < embedded; i++) {
        // Between two characters: a surrogate pair must not be cut.
        const before = [...type.toJSON()].slice(0, random.int(3)).join('').length;
        type.insertEmbed(Math.min(before, type.length), { image: i });
      }
      embedded = type.length - type.toJSON().length;
      const [was, wanted] = [type.toJSON(), some()];
      reading.setText(wanted);
      const where = `seed ${seed}, round ${round}: '${was}' to '${wanted}'`;
      expect(type.toJSON(), where).toBe(wanted);
      expect(type.length - wanted.length, where).toBe(embedded);
    }
  });

  test('K73 leave alone what stays before and after the difference', () => {
    const doc = new Y.Doc();
    const type = doc.getText('text');
    type.insert(0, 'abcdef');
    const changes: unknown[] = [];
    type.observe(({ delta }) => changes.push(delta));
    new TextReading(doc, 'text').setText('abXYef');
    expect(changes).toEqual([[{ retain: 2 }, { delete: 2 }, { insert: 'XY' }]]);
  });
});
