// Random edits over every shared type Yjs has: text with and without formatting, lists, maps and XML, in each other.

import * as Y from 'yjs';
import type { SeededRandom } from './seeded-random.js';

const texts = ['a', 'b ', 'hello', 'wörld', '日本', '👩‍👩‍👧', '😀', 'x😀y', '\ufeff', '\n', 'long '.repeat(20)];

export interface EditOptions {
  /** Whether text is formatted: Yjs then tidies marks of its own accord, so what is deleted differs between replicas. */
  readonly formats: boolean;
  /** Whether some text is put in by the kilobyte. */
  readonly hasLargeText?: boolean;
}

/** One transaction of up to three edits, of these types or of something inside them. */
export function randomEdits(
  doc: Y.Doc,
  roots: readonly Y.AbstractType<unknown>[],
  random: SeededRandom,
  options: EditOptions,
): void {
  doc.transact(() => {
    for (let left = 1 + random.int(3); left > 0; left--) edit(random.pick(roots), random, options);
  });
}

/** One edit of a type or of something inside it. */
function edit(type: Y.AbstractType<unknown>, random: SeededRandom, options: EditOptions): void {
  if (type instanceof Y.XmlText || type instanceof Y.Text) editText(type, random, options);
  else if (type instanceof Y.Array) editList(type, random, options);
  else if (type instanceof Y.Map) editMap(type, random, options);
  else if (type instanceof Y.XmlFragment) editXml(type, random, options);
}

/** The position at or after `at` that does not cut a surrogate pair: where Yjs cuts one, replicas differ in U+FFFD. */
function boundary(text: Y.Text, at: number): number {
  const units = text
    .toDelta()
    .map(({ insert }: { insert: unknown }) => (typeof insert === 'string' ? insert : '-'))
    .join('');
  return /^[\udc00-\udfff]/.test(units.slice(at, at + 1)) ? at + 1 : at;
}

function editText(text: Y.Text, random: SeededRandom, options: EditOptions): void {
  const at = boundary(text, random.int(text.length + 1));
  if (options.hasLargeText === true && random.chance(0.1)) {
    text.insert(at, 'big '.repeat(random.int(2_000) + 1));
    return;
  }
  const length = boundary(text, Math.min(text.length, at + random.int(6))) - at;
  const attributes = random.pick([{}, { bold: true }, { bold: null }, { link: { href: 'x' } }]);
  const action = random.int(10);
  if (action < 5)
    text.insert(at, random.pick(texts), options.formats && random.chance(0.3) ? attributes : undefined);
  else if (action < 6) text.insertEmbed(at, { image: random.pick(texts), size: [1, 2] });
  else if (length > 0 && action < 8) text.delete(at, length);
  else if (length > 0 && options.formats) text.format(at, length, attributes);
}

function anyValue(random: SeededRandom): unknown {
  return random.pick<unknown>([
    null,
    undefined,
    true,
    false,
    0,
    -0,
    -1,
    63,
    64,
    -8192,
    2 ** 31,
    Number.MAX_SAFE_INTEGER,
    1.5,
    Math.PI,
    NaN,
    Infinity,
    Date.UTC(2024, 1, 29),
    123n,
    -(2n ** 63n),
    '',
    random.pick(texts),
    new Uint8Array([1, 2, 3]),
    [],
    {},
    [1, [2, [3, { four: 4n }]]],
    { a: { b: { c: [undefined, null, 'd'], constructor: 1 } }, toString: 'x' },
  ]);
}

function newChild(random: SeededRandom): unknown {
  switch (random.int(12)) {
    case 0:
      return new Y.Map([['k', random.int(9)]]);
    case 1:
      return Y.Array.from([1, 'two', { three: 3 }]);
    case 2:
      return new Y.Text(random.pick(texts));
    case 3:
      return new Y.XmlElement('div');
    case 4:
      return new Y.Doc({ guid: `sub-${random.int(99)}`, meta: { n: 1 }, autoLoad: random.chance(0.5) });
    case 5:
      return new Uint8Array([random.int(256), 0, 255]);
    default: {
      // Yjs takes these only inside of something.
      const value = anyValue(random);
      return value === undefined || typeof value === 'bigint' ? [value] : value;
    }
  }
}

function descend(children: readonly unknown[], random: SeededRandom, options: EditOptions): boolean {
  const types = children.filter((child) => child instanceof Y.AbstractType);
  if (types.length === 0 || random.chance(0.4)) return false;
  edit(random.pick(types), random, options);
  return true;
}

function editList(list: Y.Array<unknown>, random: SeededRandom, options: EditOptions): void {
  if (descend(list.toArray(), random, options)) return;
  const at = random.int(list.length + 1);
  if (random.chance(0.3)) list.delete(at, Math.min(random.int(4), list.length - at));
  else
    list.insert(
      at,
      Array.from({ length: 1 + random.int(3) }, () => newChild(random)),
    );
}

function editMap(map: Y.Map<unknown>, random: SeededRandom, options: EditOptions): void {
  if (descend([...map.values()], random, options)) return;
  const key = random.pick(['', 'k', 'key two', 'ключ', 'hasOwnProperty']);
  if (random.chance(0.25)) map.delete(key);
  else map.set(key, newChild(random));
}

function editXml(xml: Y.XmlFragment, random: SeededRandom, options: EditOptions): void {
  if (descend(xml.toArray(), random, options)) return;
  if (xml instanceof Y.XmlElement && random.chance(0.4)) {
    if (random.chance(0.3)) xml.removeAttribute('class');
    else xml.setAttribute('class', random.pick(texts));
    return;
  }
  const at = random.int(xml.length + 1);
  if (random.chance(0.3)) xml.delete(at, Math.min(random.int(3), xml.length - at));
  else
    xml.insert(at, [
      random.pick([
        () => new Y.XmlElement('p'),
        () => new Y.XmlText(random.pick(texts)),
        () => new Y.XmlElement('paragraph'),
        () => new Y.XmlHook('hook'),
      ])() as Y.XmlElement,
    ]);
}
