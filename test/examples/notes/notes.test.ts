// The notes app's parts that need no browser: the index, what is listed of a note, the search.

import { describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { whenWords } from '../../../examples/notes/note-list.js';
import { plainText, summarise, type NoteSummary } from '../../../examples/notes/note-text.js';
import { NoteTexts } from '../../../examples/notes/note-texts.js';
import { NotebookIndex } from '../../../examples/notes/notebook-index.js';
import { NoteSearch, type Piece, type SearchedNote } from '../../../examples/notes/search.js';

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
    expect(summarise(fragment)).toEqual({ title: 'Shopping', excerpt: 'oats · oil · salt' });
    expect(plainText(fragment)).toBe('Shopping\noats\noil\nsalt');
    expect(summarise(fragmentOf(() => {}))).toEqual({ title: '', excerpt: '' });
  });

  test('Q1 marks leave the words whole, and what is listed has a limit', () => {
    const fragment = fragmentOf((root) => {
      root.insert(0, [block('paragraph', 'one word'), block('paragraph', 'x'.repeat(30_000))]);
    });
    ((fragment.get(0) as Y.XmlElement).get(0) as Y.XmlText).format(1, 3, { bold: {} });
    const { title, excerpt } = summarise(fragment);
    expect([title, excerpt.length]).toEqual(['one word', 120]);
    expect(plainText(fragment)).toHaveLength('one word\n'.length + 30_000);
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

const summary = (title: string, excerpt = ''): NoteSummary => ({ title, excerpt });

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

  test('Q3 a deleted note is gone from every list, and comes back whole', () => {
    const { here, there, meet } = twoDevices();
    here.write('a', summary('a note', 'with text'), 1);
    meet();
    here.remove('a', 7);
    meet();
    expect([titles(here), titles(there), there.state('a')]).toEqual([[], [], 'trash']);
    here.restore('a');
    meet();
    expect(there.entry('a')).toEqual({ id: 'a', changedAt: 1, ...summary('a note', 'with text') });
    expect(there.trash()).toEqual([]);
  });

  test('Q3 what its author had not seen brings a deleted note back, whoever comes first', () => {
    for (let round = 0; round < 20; round++) {
      const { here, there, meet } = twoDevices();
      here.write('a', summary('before'), 1);
      meet();
      // Client ids are random: in some rounds the one wins, in some the other.
      here.remove('a', 7);
      there.write('a', summary('written meanwhile'), 2);
      meet();
      expect([titles(here), titles(there)]).toEqual([['written meanwhile'], ['written meanwhile']]);
      here.restore('a');
      expect(titles(here)).toEqual(['written meanwhile']);
    }
  });

  test('Q17 the trash has what was deleted, the last first, until it is restored or deleted for good', () => {
    const { here, there, meet } = twoDevices();
    for (const id of ['a', 'b', 'c']) here.write(id, summary(id), 1);
    for (const [id, at] of [
      ['a', 5],
      ['b', 6],
      ['c', 7],
    ] as const)
      here.remove(id, at);
    meet();
    expect(there.trash().map(({ title, deletedAt }) => [title, deletedAt])).toEqual([
      ['c', 7],
      ['b', 6],
      ['a', 5],
    ]);
    there.restore('a');
    there.forget('b');
    meet();
    expect([titles(here), here.trash().map(({ id }) => id), here.gone()]).toEqual([['a'], ['c'], ['b']]);
  });

  test.each([
    ['listed', 'write', 'listed'],
    ['listed', 'remove', 'trash'],
    ['listed', 'restore', 'listed'],
    ['listed', 'forget', 'listed'],
    ['trash', 'write', 'listed'],
    ['trash', 'remove', 'trash'],
    ['trash', 'restore', 'listed'],
    ['trash', 'forget', 'gone'],
    ['gone', 'write', 'listed'],
    ['gone', 'remove', 'gone'],
    ['gone', 'restore', 'gone'],
    ['gone', 'forget', 'gone'],
  ] as const)('Q17 a note that is %s, and then: %s, is %s', (from, event, to) => {
    const { here } = twoDevices();
    here.write('a', summary('a'), 5);
    if (from !== 'listed') here.remove('a', 7);
    if (from === 'gone') here.forget('a');
    expect(here.state('a')).toBe(from);
    // At the very time that the deletion stands for, as a clock that is behind would have it.
    if (event === 'write') here.write('a', summary('again'), 5);
    if (event === 'remove') here.remove('a', 9);
    if (event === 'restore') here.restore('a');
    if (event === 'forget') here.forget('a');
    expect(here.state('a')).toBe(to);
  });

  test('Q17 of a note that was deleted for good the index keeps no word', () => {
    const doc = new Y.Doc();
    const index = new NotebookIndex(doc);
    index.write('a', summary('a secret title', 'and a secret excerpt'), 1);
    index.remove('a', 2);
    index.forget('a');
    expect(Buffer.from(Y.encodeStateAsUpdate(doc)).toString('latin1')).not.toContain('secret');
  });

  test('Q16 an hour of typing into a long note costs every device a few kilobytes of index', () => {
    const doc = new Y.Doc();
    const index = new NotebookIndex(doc);
    let bytes = 0;
    doc.on('update', (update: Uint8Array) => (bytes += update.length));
    const hourMs = 3_600_000;
    // A pause every half second, each with more text behind the excerpt.
    for (let at = 0; at < hourMs; at += 500)
      index.write('a', summary('Long note', 'x'.repeat(120)), 1e12 + at);
    index.write('a', summary('Long note', 'x'.repeat(120)), 1e12 + hourMs, true);
    expect(bytes).toBeLessThan(10_000);
    expect(index.entry('a')?.changedAt).toBe(1e12 + hourMs);
  });

  test('Q16 an entry is written when its title or first words change, and loses the text that earlier versions kept', () => {
    const doc = new Y.Doc();
    const index = new NotebookIndex(doc);
    doc.getMap<Y.Map<unknown>>('notes').set(
      'a',
      new Y.Map<unknown>([
        ['changedAt', 1],
        ['text', 'all of it'],
      ]),
    );
    expect(index.write('a', summary('a'), 2)).toBe(true);
    expect(index.write('a', summary('a'), 3)).toBe(false);
    expect(index.write('a', summary('a', 'more'), 4)).toBe(true);
    expect(index.write('a', summary('b', 'more'), 5)).toBe(true);
    expect(index.write('a', summary('b', 'more'), 6, true)).toBe(true);
    expect(doc.getMap('notes').toJSON()).toEqual({ a: { title: 'b', excerpt: 'more', changedAt: 6 } });
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

  test('Q1 writing the same again is no edit, until the writing ends', () => {
    const { here, there, meet } = twoDevices();
    here.write('a', summary('same'), 1);
    meet();
    let told = 0;
    const stop = there.observe(() => told++);
    there.write('a', summary('same'), 1);
    expect(told).toBe(0);
    there.rename('  Weaving ');
    there.write('a', summary('same'), 2, true);
    expect([there.name, told]).toEqual(['Weaving', 2]);
    stop();
    there.rename('');
    expect(told).toBe(2);
  });
});

describe('search', () => {
  const note = (title: string, ...rest: string[]): SearchedNote => ({
    id: title,
    changedAt: 1,
    title,
    excerpt: rest.join(' ').slice(0, 120),
    text: [title, ...rest].join('\n'),
  });
  const notes = [
    note('Café in Porto', 'Rua das Flores'),
    note('Loom settings', 'Heddle 120, reed 40/10.', `${'Warp and weft. '.repeat(40)}The linen broke twice.`),
    note('Übung', 'daily'),
  ];
  const search = new NoteSearch();
  const found = (query: string): string[] => search.search(notes, query).map((one) => one.note.title);
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
    const [deep] = search.search(notes, 'linen');
    expect(marked(deep!.excerpt)).toEqual(['linen']);
    expect(deep!.excerpt.map(({ text }) => text).join('')).toMatch(/^… .{0,20}linen broke twice\.$/);
    const [near] = search.search(notes, 'cafe rua');
    expect([marked(near!.title), marked(near!.excerpt)]).toEqual([['Café'], ['Rua']]);
    expect(search.search(notes, 'daily')[0]!.title).toEqual([{ text: 'Übung', isHit: false }]);
  });

  test('Q2 of a note whose text is not here the title and the first words are found', () => {
    const away: SearchedNote = { ...note('Porto', 'train at 7:40'), text: undefined };
    expect(new NoteSearch().search([away], 'porto TRAIN')).toHaveLength(1);
  });

  test('Q16 no query folds nothing, and a query folds what has changed since the last one', () => {
    let folds = 0;
    // A letter that is not plain is folded by this, once in each text.
    const normalize = vi.spyOn(String.prototype, 'normalize').mockImplementation(function (this: string) {
      folds++;
      return this;
    });
    try {
      const one = new NoteSearch();
      const long = Array.from({ length: 20 }, (_, index) => note(`ö${index}`, 'ö'.repeat(1_000)));
      const foldsOf = (list: readonly SearchedNote[], query: string): number => {
        const before = folds;
        one.search(list, query);
        return folds - before;
      };
      // One more each time: the query is folded too.
      expect(foldsOf(long, ' ')).toBe(1);
      expect(foldsOf(long, 'nothing like it')).toBe(21);
      expect(foldsOf(long, 'nothing like that')).toBe(1);
      const changed = [note('ö0', 'ö'.repeat(1_001)), ...long.slice(1)];
      expect(foldsOf(changed, 'nothing like that')).toBe(2);
    } finally {
      normalize.mockRestore();
    }
  });
});

describe('the texts of the notes on this device', () => {
  test('Q2, Q16 they are read once each, again when the copy is another one, and as soon as there is one', async () => {
    const copies = new Map([['a', 'text of a']]);
    const read: string[] = [];
    let told = 0;
    const texts = new NoteTexts({
      copies: async () => new Set(copies.keys()),
      read: async (id) => (read.push(id), copies.get(id)),
      changed: () => told++,
    });
    const want = async (...stamps: [string, string][]): Promise<void> => {
      texts.want(new Map(stamps));
      await vi.waitFor(() => expect(texts.unread).toBe(0));
    };
    await want(['a', '1'], ['b', '1']);
    expect([texts.text('a'), texts.text('b'), read]).toEqual(['text of a', undefined, ['a']]);
    await want(['a', '1'], ['b', '1']);
    expect([read, told]).toEqual([['a'], 2]);
    copies.set('a', 'another text').set('b', 'text of b');
    await want(['a', '2'], ['b', '2']);
    expect([texts.text('a'), texts.text('b')]).toEqual(['another text', 'text of b']);
    await want(['b', '2']);
    expect(texts.text('a')).toBeUndefined();
  });
});
