// The search in all notes of a notebook: in the index, in the notes that are open, and in the copies of the others.

import { NoteTexts } from './note-texts.js';
import type { NotebookIndex, NoteEntry } from './notebook-index.js';
import type { OpenNote } from './open-note.js';
import { NoteSearch, searchWords, type Found } from './search.js';

/** What a search has found so far. */
export interface SearchResult {
  readonly found: readonly Found[];
  /** Notes whose texts are still being read from this device. */
  readonly unread: number;
  /** Notes that are not on this device yet: their titles and first words were searched. */
  readonly elsewhere: number;
}

interface NotebookSearchOptions {
  readonly index: NotebookIndex;
  /** The notes that this device has a copy of. */
  readonly copies: () => Promise<ReadonlySet<string>>;
  /** The text of such a note; undefined where the copy cannot be read. */
  readonly read: (note: string) => Promise<string | undefined>;
  /** Another number whenever the copy of a note was made whole. */
  readonly wholeAt: (note: string) => number | undefined;
  /** The note, where it is open. */
  readonly opened: (note: string) => OpenNote | undefined;
  /** A search may find more now. */
  readonly changed: () => void;
}

export class NotebookSearch {
  readonly #options: NotebookSearchOptions;
  readonly #texts: NoteTexts;
  readonly #search = new NoteSearch();

  constructor(options: NotebookSearchOptions) {
    this.#options = options;
    this.#texts = new NoteTexts(options);
  }

  /** All notes for an empty query; otherwise those that have its words, as far as their texts are known by now. */
  search(query: string): SearchResult {
    const notes = this.#options.index.notes();
    if (searchWords(query).length === 0) {
      const all = notes.map((entry) => ({ ...entry, text: undefined }));
      return { found: this.#search.search(all, query), unread: 0, elsewhere: 0 };
    }
    const closed = notes.filter(({ id }) => this.#options.opened(id) === undefined);
    this.#texts.want(new Map(closed.map((entry) => [entry.id, this.#stampOf(entry)])));
    const { unread } = this.#texts;
    const texts = notes.map((entry) => ({ ...entry, text: this.#textOf(entry.id) }));
    const unknown = texts.filter(({ text }) => text === undefined).length;
    return { found: this.#search.search(texts, query), unread, elsewhere: Math.max(0, unknown - unread) };
  }

  #textOf(id: string): string | undefined {
    const opened = this.#options.opened(id);
    return opened?.isHere === true ? opened.plainText : this.#texts.text(id);
  }

  /** Another one whenever the copy of a note may be another one. */
  #stampOf({ id, changedAt }: NoteEntry): string {
    return `${changedAt} ${this.#options.wholeAt(id)}`;
  }
}
