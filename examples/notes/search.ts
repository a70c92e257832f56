// Finds notes by the words of their title and text. Keeps what it has folded, so that a redraw costs what has changed.

import type { NoteEntry } from './notebook-index.js';

/** A note, and its text where this device has it. */
export interface SearchedNote extends NoteEntry {
  readonly text: string | undefined;
}

/** A piece of text, and whether it is what was looked for. */
export interface Piece {
  readonly text: string;
  readonly isHit: boolean;
}

/** A note that was found. */
export interface Found {
  readonly note: NoteEntry;
  readonly title: readonly Piece[];
  /** Where it was found in the text, or the beginning. */
  readonly excerpt: readonly Piece[];
}

interface Folded {
  /** What was folded. */
  readonly source: string;
  readonly folded: string;
}

/** Characters of a line that are sure to be seen, those that stand before a hit further on, and the most there can be. */
const sureChars = 24;
const before = 14;
const mostChars = 160;

/** The words that a query looks for: none for a query of blanks. */
export function searchWords(query: string): readonly string[] {
  return fold(query.normalize('NFC'))
    .split(/\s+/)
    .filter((word) => word !== '');
}

export class NoteSearch {
  readonly #folded = new Map<string, Folded>();

  /** The notes that have every word of `query`, in their order; all of them for none. Accents and case do not matter. */
  search(notes: readonly SearchedNote[], query: string): readonly Found[] {
    const words = searchWords(query);
    if (words.length === 0)
      return notes.map((note) => ({ note, title: plain(note.title), excerpt: plain(note.excerpt) }));
    this.#forgetOthers(notes);
    return notes.flatMap((note) => {
      const { source, folded } = this.#fold(note);
      if (!words.every((word) => folded.includes(word))) return [];
      const excerpt = excerptOf(note, source, folded, words);
      return [{ note, title: pieces(note.title, words), excerpt: pieces(excerpt, words) }];
    });
  }

  #fold({ id, title, excerpt, text }: SearchedNote): Folded {
    const source = text?.startsWith(title) === true ? text : `${title}\n${text ?? excerpt}`;
    const known = this.#folded.get(id);
    if (known?.source === source) return known;
    const folded = { source, folded: fold(source) };
    this.#folded.set(id, folded);
    return folded;
  }

  #forgetOthers(notes: readonly SearchedNote[]): void {
    if (this.#folded.size <= notes.length) return;
    const ids = new Set(notes.map(({ id }) => id));
    for (const id of this.#folded.keys()) if (!ids.has(id)) this.#folded.delete(id);
  }
}

/** The title is shown above: the excerpt is of what follows. Folding leaves each character where it was. */
function excerptOf(note: SearchedNote, source: string, folded: string, words: readonly string[]): string {
  const rest = source.slice(note.title.length).trimStart();
  const offset = source.length - rest.length;
  const at = firstHit(folded, words, offset)?.at;
  if (at === undefined || at - offset < sureChars) return note.excerpt;
  const start = rest.lastIndexOf(' ', Math.max(0, at - offset - before)) + 1;
  return `… ${rest.slice(start, start + mostChars).replace(/\s+/g, ' ')}`;
}

function plain(text: string): readonly Piece[] {
  return text === '' ? [] : [{ text, isHit: false }];
}

function pieces(text: string, words: readonly string[]): readonly Piece[] {
  const folded = fold(text);
  const found: Piece[] = [];
  let from = 0;
  for (let hit = firstHit(folded, words); hit !== undefined; hit = firstHit(folded, words, from)) {
    if (hit.at > from) found.push({ text: text.slice(from, hit.at), isHit: false });
    from = hit.at + hit.length;
    found.push({ text: text.slice(hit.at, from), isHit: true });
  }
  if (from < text.length) found.push({ text: text.slice(from), isHit: false });
  return found;
}

function firstHit(
  folded: string,
  words: readonly string[],
  from = 0,
): { at: number; length: number } | undefined {
  return words
    .map((word) => ({ at: folded.indexOf(word, from), length: word.length }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at || b.length - a.length)[0];
}

/** Without case and accents, each character where it was. */
function fold(text: string): string {
  // Each letter once: most texts have few that are not plain.
  const letters = new Map<string, string>();
  return text.replace(/[A-Z]+|[^\0-\x7f]/gu, (found) => {
    const known = letters.get(found);
    if (known !== undefined) return known;
    const letter = found.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    const folded = letter.length === found.length ? letter : found;
    letters.set(found, folded);
    return folded;
  });
}
