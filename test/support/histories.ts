// Random editing histories over every shared type Yjs has, reproducible from a seed.

import * as Y from 'yjs';
import { SeededRandom } from './seeded-random.js';

/** Mulberry32: the seeds that tests name were found with it. */
export class Random extends SeededRandom {
  #mixed: number;
  /** Whether text gets formatted. */
  formats = true;

  constructor(seed: number) {
    super(seed);
    this.#mixed = seed | 0;
  }

  override uint32(): number {
    this.#mixed = (this.#mixed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#mixed ^ (this.#mixed >>> 15), 1 | this.#mixed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
}

/** What a history leaves behind. */
export interface History {
  /** Every local change, in the order they were made: causal order. */
  readonly updates: readonly Uint8Array[];
  /** Whole states, diffs and merges taken along the way: they overlap each other and `updates`. */
  readonly overlaps: readonly Uint8Array[];
  /** The replicas as they stood, not all in sync. */
  readonly replicas: readonly Y.Doc[];
  /** A document that has it all. */
  readonly reference: Y.Doc;
}

export const rootNames = { text: 'text', rich: 'rich', list: 'list', map: 'map', xml: 'xml' } as const;

/**
 * Random edits by several replicas that sync with each other now and then, never fully. Odd seeds format text: a Y.Doc
 * tidies formatting after remote changes by deleting marks of its own accord, so that marks and what is deleted
 * depend on which changes it read together (true of Yjs alone, see `isExact` in contentOf).
 */
export function makeHistory(seed: number, { clients = 4, steps = 120, gc = true } = {}): History {
  const random = new Random(seed);
  random.formats = seed % 2 === 1;
  const updates: Uint8Array[] = [];
  const overlaps: Uint8Array[] = [];
  const used = new Set<number>();
  const replicas = Array.from({ length: clients }, () => {
    const replica = new Y.Doc({ gc });
    replica.clientID = newClientId(random, used);
    replica.on(
      'update',
      (update: Uint8Array, _origin: unknown, _doc: unknown, transaction: Y.Transaction) => {
        if (transaction.local) updates.push(update);
      },
    );
    return replica;
  });
  const undos = replicas.map(
    (replica) => new Y.UndoManager(Object.values(rootsOf(replica)), { captureTimeout: 0 }),
  );
  for (let step = 0; step < steps; step++) {
    const who = random.int(clients);
    const replica = replicas[who] as Y.Doc;
    if (random.chance(0.15)) syncOneWay(random.pick(replicas), replica, random, overlaps);
    else if (random.chance(0.04)) undos[who]?.undo();
    else if (random.chance(0.03)) undos[who]?.redo();
    else replica.transact(() => edits(replica, random));
    if (random.chance(0.05)) overlaps.push(Y.encodeStateAsUpdate(replica));
    if (random.chance(0.05))
      overlaps.push(Y.mergeUpdates(updates.slice(random.int(updates.length + 1)).slice(0, 9)));
    // A reload: the same replica goes on under a new client id.
    if (random.chance(0.01)) replica.clientID = newClientId(random, used);
  }
  const reference = new Y.Doc({ gc });
  rootsOf(reference);
  for (const update of updates) Y.applyUpdate(reference, update);
  return { updates, overlaps, replicas, reference };
}

/** Small ids and ids of all 32 bits, no id twice. */
function newClientId(random: Random, used: Set<number>): number {
  for (;;) {
    const id = random.chance(0.5) ? random.int(1000) + 1 : random.uint32();
    if (used.has(id)) continue;
    used.add(id);
    return id;
  }
}

/** The document's roots, defined with their types, so that toJSON() knows them. */
export function rootsOf(doc: Y.Doc): Record<keyof typeof rootNames, Y.AbstractType<unknown>> {
  return {
    text: doc.getText(rootNames.text),
    rich: doc.getText(rootNames.rich),
    list: doc.getArray(rootNames.list),
    map: doc.getMap(rootNames.map),
    xml: doc.getXmlFragment(rootNames.xml),
  } as never;
}

/** Everything there is to compare of two documents. Not exact: without formatting, and without what is deleted. */
export function contentOf(doc: Y.Doc, isExact = true): Record<string, unknown> {
  rootsOf(doc);
  const rich = doc.getText(rootNames.rich).toDelta() as { insert: unknown }[];
  return {
    text: doc.getText(rootNames.text).toJSON(),
    rich: isExact ? plain(rich) : rich.map(({ insert }) => JSON.stringify(insert).slice(1, -1)).join(''),
    list: plain(doc.getArray(rootNames.list).toJSON()),
    map: plain(doc.getMap(rootNames.map).toJSON()),
    xml: isExact ? doc.getXmlFragment(rootNames.xml).toJSON() : doc.getXmlFragment(rootNames.xml).length,
    stateVector: [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b),
    deleted: isExact && [...Y.createDeleteSetFromStructStore(doc.store).clients].sort(([a], [b]) => a - b),
  };
}

/** Values with subdocuments replaced by what is stored of them. */
function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { guid: value.guid, meta: value.meta, autoLoad: value.autoLoad };
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** A new document from a log; throws unless nothing of it is left pending. */
export function loaded(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  rootsOf(doc);
  for (const update of updates) Y.applyUpdate(doc, update);
  if (doc.store.pendingStructs !== null) throw new Error('pending structs');
  if (doc.store.pendingDs !== null) throw new Error('pending deletes');
  return doc;
}

function syncOneWay(from: Y.Doc, to: Y.Doc, random: Random, overlaps: Uint8Array[]): void {
  if (from === to) return;
  const update = Y.encodeStateAsUpdate(from, Y.encodeStateVector(to));
  Y.applyUpdate(to, update, 'remote');
  if (random.chance(0.3)) overlaps.push(update);
}

const texts = ['a', 'b ', 'hello', 'wörld', '日本', '👩‍👩‍👧', '😀', 'x😀y', '\ufeff', '\n', 'long '.repeat(20)];

function edits(doc: Y.Doc, random: Random): void {
  const roots = rootsOf(doc);
  const count = 1 + random.int(3);
  for (let i = 0; i < count; i++) edit(random.pick(Object.values(roots)), random);
}

/** One edit of a type or of something inside it. */
function edit(type: Y.AbstractType<unknown>, random: Random): void {
  if (type instanceof Y.XmlText || type instanceof Y.Text) editText(type, random);
  else if (type instanceof Y.Array) editList(type, random);
  else if (type instanceof Y.Map) editMap(type, random);
  else if (type instanceof Y.XmlFragment) editXml(type, random);
}

/** The position at or after `at` that does not cut a surrogate pair: where Yjs cuts one, replicas differ in U+FFFD. */
function boundary(text: Y.Text, at: number): number {
  const units = text
    .toDelta()
    .map(({ insert }: { insert: unknown }) => (typeof insert === 'string' ? insert : '-'))
    .join('');
  return /^[\udc00-\udfff]/.test(units.slice(at, at + 1)) ? at + 1 : at;
}

function editText(text: Y.Text, random: Random): void {
  const at = boundary(text, random.int(text.length + 1));
  const length = boundary(text, Math.min(text.length, at + random.int(6))) - at;
  const attributes = random.pick([{}, { bold: true }, { bold: null }, { link: { href: 'x' } }]);
  const action = random.int(10);
  if (action < 5)
    text.insert(at, random.pick(texts), random.formats && random.chance(0.3) ? attributes : undefined);
  else if (action < 6) text.insertEmbed(at, { image: random.pick(texts), size: [1, 2] });
  else if (length > 0 && action < 8) text.delete(at, length);
  else if (length > 0 && random.formats) text.format(at, length, attributes);
}

function anyValue(random: Random): unknown {
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

function newChild(random: Random): unknown {
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

function descend(children: readonly unknown[], random: Random): boolean {
  const types = children.filter((child) => child instanceof Y.AbstractType);
  if (types.length === 0 || random.chance(0.4)) return false;
  edit(random.pick(types), random);
  return true;
}

function editList(list: Y.Array<unknown>, random: Random): void {
  if (descend(list.toArray(), random)) return;
  const at = random.int(list.length + 1);
  if (random.chance(0.3)) list.delete(at, Math.min(random.int(4), list.length - at));
  else
    list.insert(
      at,
      Array.from({ length: 1 + random.int(3) }, () => newChild(random)),
    );
}

function editMap(map: Y.Map<unknown>, random: Random): void {
  if (descend([...map.values()], random)) return;
  const key = random.pick(['', 'k', 'key two', 'ключ', 'hasOwnProperty']);
  if (random.chance(0.25)) map.delete(key);
  else map.set(key, newChild(random));
}

function editXml(xml: Y.XmlFragment, random: Random): void {
  if (descend(xml.toArray(), random)) return;
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
