// Finds notes by the words of their title and text. Pure.

import type { NoteEntry } from './notebook-index.js';

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

/** Characters of a line that are sure to be seen, those that stand before a hit further on, and the most there can be. */
const sureChars = 24;
const before = 14;
const mostChars = 160;

/** The notes that have every word of `query`, in their order; all of them for none. Accents and case do not matter. */
export function searchNotes(notes: readonly NoteEntry[], query: string): readonly Found[] {
  const words = fold(query.normalize('NFC'))
    .split(/\s+/)
    .filter((word) => word !== '');
  return notes.filter((note) => hasAll(note, words)).map((note) => present(note, words));
}

function hasAll(note: NoteEntry, words: readonly string[]): boolean {
  const text = fold(`${note.title}\n${note.text}`);
  return words.every((word) => text.includes(word));
}

function present(note: NoteEntry, words: readonly string[]): Found {
  return { note, title: pieces(note.title, words), excerpt: pieces(excerptOf(note, words), words) };
}

function excerptOf(note: NoteEntry, words: readonly string[]): string {
  // The text begins with the title, which is shown above.
  const rest = note.text.startsWith(note.title) ? note.text.slice(note.title.length).trimStart() : note.text;
  const at = firstHit(fold(rest), words)?.at;
  if (at === undefined || at < sureChars) return note.excerpt;
  const start = rest.lastIndexOf(' ', Math.max(0, at - before)) + 1;
  return `… ${rest.slice(start, start + mostChars).replace(/\s+/g, ' ')}`;
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
  let folded = '';
  for (const char of text) {
    const plain = char.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    folded += plain.length === char.length ? plain : char;
  }
  return folded;
}
