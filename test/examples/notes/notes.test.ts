// The notes app's parts that need no browser: the index, what is listed of a note, the search.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { whenWords } from '../../../examples/notes/note-list.js';
import { summarise, type NoteSummary } from '../../../examples/notes/note-text.js';
import { NotebookIndex, type NoteEntry } from '../../../examples/notes/notebook-index.js';
import { searchNotes, type Piece } from '../../../examples/notes/search.js';

/** An editor's text: blocks by their name, each with its children. */
function fragmentOf(build: (fragment: Y.XmlFragment) => void): Y.XmlFragment {
  const fragment = new Y.Doc().getXmlFragment('default');
  build(fragment);
  return fragment;
}

function block(name: string, ...children: (string | Y.XmlElement)[]): Y.XmlElement {
  const element = new Y.XmlElement(name);
  element.insert(
    0,
    children.map((child) => (typeof child === 'string' ? new Y.XmlText(child) : child)),
  );
  return element;
}

describe('what is listed of a note', () => {
  test('Q1 the title is the first line that is not blank, the excerpt what follows', () => {
    const fragment = fragmentOf((root) => {
      const list = block('bulletList', block('listItem', block('paragraph', 'oats')));
      root.insert(0, [block('paragraph', '  '), block('heading', ' Shopping '), list]);
      root.insert(3, [block('paragraph', 'oil', block('hardBreak'), 'salt')]);
    });
    expect(summarise(fragment)).toEqual({
      title: 'Shopping',
      excerpt: 'oats · oil · salt',
      text: 'Shopping\noats\noil\nsalt',
    });
    expect(summarise(fragmentOf(() => {}))).toEqual({ title: '', excerpt: '', text: '' });
  });

  test('Q1 marks leave the words whole, and what is listed has a limit', () => {
    const fragment = fragmentOf((root) => {
      root.insert(0, [block('paragraph', 'one word'), block('paragraph', 'x'.repeat(30_000))]);
    });
    ((fragment.get(0) as Y.XmlElement).get(0) as Y.XmlText).format(1, 3, { bold: {} });
    const { title, excerpt, text } = summarise(fragment);
    expect([title, excerpt.length, text.length]).toEqual(['one word', 160, 20_000]);
  });

  test('Q1 times are in words', () => {
    const now = new Date(2026, 4, 20, 14, 30).getTime();
    expect(whenWords(now - 20_000, now)).toBe('just now');
    expect(whenWords(now + 20_000, now)).toBe('just now');
    expect(whenWords(now - 5 * 60_000, now)).toBe('5 min ago');
    expect(whenWords(new Date(2026, 4, 20, 9, 5).getTime(), now)).toMatch(/^0?9[:.]05/);
    expect(whenWords(new Date(2026, 4, 19, 23, 59).getTime(), now)).toBe('yesterday');
    expect(whenWords(new Date(2025, 4, 19).getTime(), now)).toMatch(/2025/);
  });
});

const summary = (title: string, text = title): NoteSummary => ({ title, excerpt: '', text });

/** Two devices' indexes, and how they come to be the same. */
function twoDevices(): { here: NotebookIndex; there: NotebookIndex; meet: () => void } {
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  const meet = (): void => {
    const [ours, theirs] = docs.map((doc) => Y.encodeStateAsUpdate(doc)) as [Uint8Array, Uint8Array];
    Y.applyUpdate(docs[0], theirs);
    Y.applyUpdate(docs[1], ours);
  };
  return { here: new NotebookIndex(docs[0]), there: new NotebookIndex(docs[1]), meet };
}

const titles = (index: NotebookIndex): string[] => index.notes().map(({ title }) => title);

describe('the index of a notebook', () => {
  test('Q1 notes are listed by when they were written, the last first, and renamed by writing', () => {
    const { here } = twoDevices();
    here.write('a', summary('first'), 1);
    here.write('b', summary('second'), 2);
    expect(titles(here)).toEqual(['second', 'first']);
    here.write('a', summary('first, renamed'), 3);
    expect(titles(here)).toEqual(['first, renamed', 'second']);
  });

  test('Q3 a deleted note is gone from every device, and comes back whole', () => {
    const { here, there, meet } = twoDevices();
    here.write('a', summary('a note', 'a note\nwith text'), 1);
    meet();
    const undo = here.remove('a');
    meet();
    expect([titles(here), titles(there)]).toEqual([[], []]);
    undo();
    meet();
    expect(there.entry('a')).toEqual({ id: 'a', changedAt: 1, ...summary('a note', 'a note\nwith text') });
  });

  test('Q3 what its author had not seen brings a deleted note back, whoever comes first', () => {
    for (let round = 0; round < 20; round++) {
      const { here, there, meet } = twoDevices();
      here.write('a', summary('before'), 1);
      meet();
      // Client ids are random: in some rounds the one wins, in some the other.
      const undo = here.remove('a');
      there.write('a', summary('written meanwhile'), 2);
      meet();
      expect([titles(here), titles(there)]).toEqual([['written meanwhile'], ['written meanwhile']]);
      undo();
      expect(titles(here)).toEqual(['written meanwhile']);
    }
  });

  test('Q1 what others put there is never taken for what it should be', () => {
    const doc = new Y.Doc();
    const notes = doc.getMap<unknown>('notes');
    notes.set('no-map', 'text');
    notes.set('no-time', new Y.Map([['title', 'x']]));
    notes.set('bad-time', new Y.Map([['changedAt', Infinity]]));
    notes.set(
      'odd',
      new Y.Map<unknown>([
        ['title', { html: '<b>' }],
        ['changedAt', 4],
      ]),
    );
    expect(new NotebookIndex(doc).notes()).toEqual([{ id: 'odd', changedAt: 4, ...summary('') }]);
    doc.getMap('about').set('name', 7);
    expect(new NotebookIndex(doc).name).toBe('');
  });

  test('Q1 writing the same again is no edit but for the time', () => {
    const { here, there, meet } = twoDevices();
    here.write('a', summary('same'), 1);
    meet();
    let told = 0;
    const stop = there.observe(() => told++);
    there.write('a', summary('same'), 1);
    expect(told).toBe(0);
    there.rename('  Weaving ');
    there.write('a', summary('same'), 2);
    expect([there.name, told]).toEqual(['Weaving', 2]);
    stop();
    there.rename('');
    expect(told).toBe(2);
  });
});

describe('search', () => {
  const note = (title: string, ...rest: string[]): NoteEntry => ({
    id: title,
    changedAt: 1,
    title,
    excerpt: rest.join(' ').slice(0, 160),
    text: [title, ...rest].join('\n'),
  });
  const notes = [
    note('Café in Porto', 'Rua das Flores'),
    note('Loom settings', 'Heddle 120, reed 40/10.', `${'Warp and weft. '.repeat(40)}The linen broke twice.`),
    note('Übung', 'daily'),
  ];
  const found = (query: string): string[] => searchNotes(notes, query).map((one) => one.note.title);
  const marked = (pieces: readonly Piece[]): string[] =>
    pieces.filter(({ isHit }) => isHit).map(({ text }) => text);

  test('Q2 every word counts, in title or text, without case and accents', () => {
    expect(found('')).toHaveLength(3);
    expect(found('  ')).toHaveLength(3);
    expect(found('cafe')).toEqual(['Café in Porto']);
    expect(found('CAFE\u0301 flores')).toEqual(['Café in Porto']);
    expect(found('ubung')).toEqual(['Übung']);
    expect(found('linen loom')).toEqual(['Loom settings']);
    expect(found('linen porto')).toEqual([]);
  });

  test('Q2 a hit is shown where it is, and marked, also far inside the text', () => {
    const [deep] = searchNotes(notes, 'linen');
    expect(marked(deep!.excerpt)).toEqual(['linen']);
    expect(deep!.excerpt.map(({ text }) => text).join('')).toMatch(/^… .{0,20}linen broke twice\.$/);
    const [near] = searchNotes(notes, 'cafe rua');
    expect([marked(near!.title), marked(near!.excerpt)]).toEqual([['Café'], ['Rua']]);
    expect(searchNotes(notes, 'daily')[0]!.title).toEqual([{ text: 'Übung', isHit: false }]);
  });
});
