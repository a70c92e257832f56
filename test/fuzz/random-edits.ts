// Random edits over every shared type: text with and without formatting, lists, maps and XML, nested in each other.

import * as Y from 'yjs';
import { rootsOf } from '../support/histories.js';
import type { SeededRandom } from '../support/seeded-random.js';

export interface EditOptions {
  /** Whether text is formatted: Yjs then tidies marks of its own accord, so what is deleted differs between replicas. */
  readonly formats: boolean;
}

const words = ['a', 'bc ', 'hello ', 'wörld', '日本', '😀', '\n', 'long '.repeat(40)];

/** One transaction of up to four edits. */
export function randomEdit(doc: Y.Doc, random: SeededRandom, options: EditOptions): void {
  const roots = Object.values(rootsOf(doc));
  doc.transact(() => {
    for (let left = 1 + random.int(4); left > 0; left--) edit(random.pick(roots), random, options);
  });
}

function edit(type: unknown, random: SeededRandom, options: EditOptions): void {
  if (type instanceof Y.XmlText || type instanceof Y.Text) editText(type, random, options);
  else if (type instanceof Y.Array) editList(type, random, options);
  else if (type instanceof Y.Map) editMap(type, random, options);
  else if (type instanceof Y.XmlFragment) editXml(type, random, options);
}

/** Whole code points only: where Yjs cuts a surrogate pair, replicas differ in U+FFFD. */
function boundary(text: Y.Text, at: number): number {
  const units = text
    .toDelta()
    .map(({ insert }: { insert: unknown }) => (typeof insert === 'string' ? insert : '-'))
    .join('');
  return /^[\udc00-\udfff]/.test(units.slice(at, at + 1)) ? at + 1 : at;
}

function editText(text: Y.Text, random: SeededRandom, { formats }: EditOptions): void {
  const at = boundary(text, random.int(text.length + 1));
  const length = boundary(text, Math.min(text.length, at + 1 + random.int(8))) - at;
  const action = random.int(10);
  if (action < 5)
    text.insert(at, random.pick(words), formats && random.chance(0.3) ? { bold: true } : undefined);
  else if (action < 6) text.insert(at, 'big '.repeat(random.int(2_000) + 1));
  else if (length > 0 && action < 9) text.delete(at, length);
  else if (length > 0 && formats) text.format(at, length, random.pick([{ bold: true }, { bold: null }]));
}

function child(random: SeededRandom): unknown {
  switch (random.int(6)) {
    case 0:
      return new Y.Map([['k', random.int(9)]]);
    case 1:
      return Y.Array.from([1, 'two', { three: 3 }]);
    case 2:
      return new Y.Text(random.pick(words));
    case 3:
      return random.bytes(random.int(20));
    default:
      return random.pick<unknown>([null, true, -1, 2 ** 40, 1.5, '', random.pick(words), [], { a: [{}] }]);
  }
}

/** Edits something inside instead, if there is something and luck will have it. */
function descends(children: readonly unknown[], random: SeededRandom, options: EditOptions): boolean {
  const types = children.filter((one) => one instanceof Y.AbstractType);
  if (types.length === 0 || random.chance(0.4)) return false;
  edit(random.pick(types), random, options);
  return true;
}

function editList(list: Y.Array<unknown>, random: SeededRandom, options: EditOptions): void {
  if (descends(list.toArray(), random, options)) return;
  const at = random.int(list.length + 1);
  if (random.chance(0.4)) list.delete(at, Math.min(random.int(4), list.length - at));
  else list.insert(at, [child(random), child(random)]);
}

function editMap(map: Y.Map<unknown>, random: SeededRandom, options: EditOptions): void {
  if (descends([...map.values()], random, options)) return;
  const key = random.pick(['', 'k', 'key two', 'ключ']);
  if (random.chance(0.3)) map.delete(key);
  else map.set(key, child(random));
}

function editXml(xml: Y.XmlFragment, random: SeededRandom, options: EditOptions): void {
  if (descends(xml.toArray(), random, options)) return;
  if (xml instanceof Y.XmlElement && random.chance(0.4)) {
    xml.setAttribute('class', random.pick(words));
    return;
  }
  const at = random.int(xml.length + 1);
  if (random.chance(0.4)) xml.delete(at, Math.min(random.int(3), xml.length - at));
  else xml.insert(at, [random.chance(0.5) ? new Y.XmlElement('p') : new Y.XmlText(random.pick(words))]);
}
