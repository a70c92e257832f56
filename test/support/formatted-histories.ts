// Histories in the way of Yjs' own tests: several clients that write, format, embed, delete, nest and undo, and hear of each
// other now and then. Dense formatting with several values per key: marks are overwritten, split and left without text.

import * as Y from 'yjs';
import type { SeededRandom } from './seeded-random.js';

/** Types that a reader can know before it reads anything. */
export type Roots = (doc: Y.Doc) => readonly Y.AbstractType<unknown>[];

export const allRoots: Roots = (doc) => [
  doc.getText('text') as never,
  doc.getXmlFragment('xml') as never,
  doc.getMap('map') as never,
  doc.getArray('list') as never,
];

export interface FormattedHistory {
  /** Every local change in the order in which they were made. */
  readonly updates: readonly Uint8Array[];
  /** The clients as they stood at the end, not all in sync. */
  readonly replicas: readonly Y.Doc[];
}

export interface HistoryOptions {
  readonly clients: number;
  readonly steps: number;
}

export function makeFormattedHistory(random: SeededRandom, options: HistoryOptions): FormattedHistory {
  const updates: Uint8Array[] = [];
  const used = new Set<number>();
  const replicas = Array.from({ length: options.clients }, () => {
    const replica = new Y.Doc();
    do replica.clientID = clientId(random);
    while (used.has(replica.clientID));
    used.add(replica.clientID);
    replica.on('update', (update: Uint8Array, _origin: unknown, _doc: unknown, change: Y.Transaction) => {
      if (change.local) updates.push(update);
    });
    return replica;
  });
  const undos = replicas.map((doc) => new Y.UndoManager([...allRoots(doc)], { captureTimeout: 0 }));
  for (let step = 0; step < options.steps; step++) {
    const who = random.int(options.clients);
    const doc = replicas[who] as Y.Doc;
    if (random.chance(0.12)) hear(doc, random.pick(replicas));
    else if (random.chance(0.05)) undos[who]?.undo();
    else if (random.chance(0.03)) undos[who]?.redo();
    else
      doc.transact(() => {
        for (let left = 1 + random.int(3); left > 0; left--) edit(random.pick(allRoots(doc)), random);
      });
  }
  return { updates, replicas };
}

/** Small ids, ids of 32 bits as Yjs 13 draws them, and ids of 53 bits as Yjs 14 does. */
function clientId(random: SeededRandom): number {
  return random.pick([
    () => 1 + random.int(1000),
    () => random.uint32(),
    () => random.uint32() * 2 ** 21 + random.int(2 ** 21),
  ])();
}

function hear(doc: Y.Doc, other: Y.Doc): void {
  if (doc !== other) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)), 'server');
}

function edit(type: Y.AbstractType<unknown>, random: SeededRandom): void {
  if (type instanceof Y.Text) editText(type, random);
  else if (type instanceof Y.XmlFragment) editXml(type, random);
  else if (type instanceof Y.Map) editMap(type, random);
  else if (type instanceof Y.Array) editList(type, random);
}

function attributes(random: SeededRandom): Record<string, unknown> {
  return random.pick([
    { b: true },
    { b: null },
    { color: 'red' },
    { color: 'blue' },
    { color: null },
    { link: { href: 'x' } },
    { b: true, color: 'red' },
  ]);
}

function editText(text: Y.Text, random: SeededRandom): void {
  const at = random.int(text.length + 1);
  const length = Math.min(text.length - at, 1 + random.int(8));
  const action = random.int(20);
  if (action < 6) text.insert(at, random.pick(['a', 'bc', 'word ', 'é\n', '日本']), attributes(random));
  else if (action < 9) text.insert(at, random.pick(['x', 'yz ', 'plain']));
  else if (action < 10) text.insertEmbed(at, { image: random.int(9) }, attributes(random));
  else if (action < 15 && length > 0) text.format(at, length, attributes(random));
  else if (action < 19 && length > 0) text.delete(at, length);
  else if (action === 19)
    text.applyDelta([{ retain: at }, { insert: 'd', attributes: attributes(random) }, { insert: 'e' }]);
}

function editXml(xml: Y.XmlFragment, random: SeededRandom): void {
  const children = xml.toArray();
  if (children.length > 0 && random.chance(0.8)) {
    const child = random.pick(children);
    if (child instanceof Y.XmlElement && random.chance(0.2)) child.setAttribute('k', String(random.int(9)));
    else edit(child as Y.AbstractType<unknown>, random);
  } else if (children.length > 3 && random.chance(0.3)) {
    xml.delete(random.int(children.length), 1);
  } else {
    xml.insert(random.int(children.length + 1), [
      random.chance(0.7) ? new Y.XmlText('para') : new Y.XmlElement('p'),
    ]);
  }
}

function child(random: SeededRandom): unknown {
  switch (random.int(6)) {
    case 0:
      return new Y.Text('nested');
    case 1:
      return new Y.Map([['k', 1]]);
    case 2:
      return new Y.XmlText('xml');
    case 3:
      return [1, { two: 'three' }];
    default:
      return random.int(1000);
  }
}

function editMap(map: Y.Map<unknown>, random: SeededRandom): void {
  const nested = [...map.values()].filter((value) => value instanceof Y.AbstractType);
  if (nested.length > 0 && random.chance(0.6)) return edit(random.pick(nested), random);
  const key = random.pick(['a', 'b', 'c']);
  if (random.chance(0.2)) map.delete(key);
  else map.set(key, child(random));
}

function editList(list: Y.Array<unknown>, random: SeededRandom): void {
  const nested = list.toArray().filter((value) => value instanceof Y.AbstractType);
  if (nested.length > 0 && random.chance(0.6)) return edit(random.pick(nested), random);
  const at = random.int(list.length + 1);
  if (random.chance(0.25)) list.delete(at, Math.min(2, list.length - at));
  else list.insert(at, [child(random), child(random)]);
}
