// A large document of formatted paragraphs, as several people write it at once: what they format others delete, so that marks
// are left without text.

import * as Y from 'yjs';
import { SeededRandom } from './seeded-random.js';

const writerCount = 5;
const paragraphs = 200;
const steps = 16_000;

/** About 350 KB. Whoever reads it whole tidies nothing. */
export function formattedParagraphs(seed: number): Y.Doc {
  let update = Y.encodeStateAsUpdate(written(new SeededRandom(seed)));
  // The first to read it tidy what the history has left untidy.
  for (let i = 0; i < 3; i++) update = Y.encodeStateAsUpdate(paragraphsOf([update]).doc);
  return paragraphsOf([update]).doc;
}

/** Who has read these updates one by one, and how many edits Yjs has made of its own accord meanwhile. */
export function paragraphsOf(updates: readonly Uint8Array[]): {
  readonly doc: Y.Doc;
  readonly edits: number;
} {
  const doc = new Y.Doc();
  doc.getXmlFragment('paragraphs');
  let edits = 0;
  doc.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin !== 'server') edits++;
  });
  for (const update of updates) Y.applyUpdate(doc, update, 'server');
  return { doc, edits };
}

/** What the document shows, with its formats. */
export function shownOf(doc: Y.Doc): unknown[] {
  return doc
    .getXmlFragment('paragraphs')
    .toArray()
    .map((paragraph) => (paragraph as Y.XmlText).toDelta() as unknown);
}

function written(random: SeededRandom): Y.Doc {
  const writers = Array.from({ length: writerCount }, (_, at) => {
    const doc = new Y.Doc();
    doc.clientID = 101 + at;
    return doc;
  });
  const [first, ...others] = writers as [Y.Doc, ...Y.Doc[]];
  const texts = Array.from({ length: paragraphs }, () => new Y.XmlText());
  first.getXmlFragment('paragraphs').insert(0, texts);
  for (const other of others) hear(other, first);
  for (let step = 0; step < steps; step++) {
    const doc = random.pick(writers);
    if (random.int(400) === 0) hear(doc, random.pick(writers));
    else edit(doc.getXmlFragment('paragraphs').get(random.int(paragraphs)) as Y.XmlText, random);
  }
  for (const other of others) hear(first, other);
  return first;
}

function edit(text: Y.XmlText, random: SeededRandom): void {
  const at = random.int(text.length + 1);
  const length = Math.min(1 + random.int(4), text.length - at);
  const what = random.int(20);
  if (what < 8) text.insert(at, 'abcdefgh'.slice(random.int(6)), format(random));
  else if (length > 0 && what < 14) text.format(at, length, format(random));
  else if (length > 0) text.delete(at, length);
}

function format(random: SeededRandom): Record<string, true | null> {
  return { [random.pick(['b', 'i', 'u'])]: random.pick([true, null]) };
}

function hear(doc: Y.Doc, other: Y.Doc): void {
  if (doc !== other) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)), 'server');
}
