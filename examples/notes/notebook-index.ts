// The index of a notebook: one document with a short entry for every note, which each note keeps up to date. It is what the
// list and the search read, so that neither has to open a note. Knows no network and no page.

import * as Y from 'yjs';
import type { NoteSummary } from './note-text.js';

/** A note as the index knows it. */
export interface NoteEntry extends NoteSummary {
  readonly id: string;
  /** When it was last written: ms since the epoch, by the server's clock where that was known. */
  readonly changedAt: number;
}

const mostName = 60;

export class NotebookIndex {
  readonly #doc: Y.Doc;
  readonly #notes: Y.Map<Y.Map<unknown>>;
  readonly #about: Y.Map<unknown>;

  constructor(doc: Y.Doc) {
    this.#doc = doc;
    this.#notes = doc.getMap('notes');
    this.#about = doc.getMap('about');
  }

  /** What the notebook is called; '' where nobody has named it. */
  get name(): string {
    return asText(this.#about.get('name')).slice(0, mostName);
  }

  rename(name: string): void {
    const next = name.trim().slice(0, mostName);
    if (next !== this.name) this.#about.set('name', next);
  }

  /** All notes that are not deleted, the one written last first. */
  notes(): readonly NoteEntry[] {
    const found = [...this.#notes.keys()].map((id) => this.entry(id)).filter((entry) => entry !== undefined);
    return found.sort((a, b) => b.changedAt - a.changedAt || a.id.localeCompare(b.id));
  }

  /** Undefined where there is no such note, or not any more. */
  entry(id: string): NoteEntry | undefined {
    const note = this.#notes.get(id);
    // Written by whoever has the link: nothing is taken for what it should be.
    if (!(note instanceof Y.Map)) return undefined;
    const changedAt = note.get('changedAt');
    if (typeof changedAt !== 'number' || !Number.isFinite(changedAt)) return undefined;
    if (note.get('deleted') === changedAt) return undefined;
    return {
      id,
      changedAt,
      title: asText(note.get('title')),
      excerpt: asText(note.get('excerpt')),
      text: asText(note.get('text')),
    };
  }

  /** A note was written. */
  write(id: string, summary: NoteSummary, changedAt: number): void {
    this.#doc.transact(() => this.#put(id, { ...summary, changedAt }));
  }

  /**
   * Deletes a note, and returns how to take that back. A deletion counts for what its author had seen: whoever had written
   * something that was not there yet brings the note back, with what they wrote.
   */
  remove(id: string): () => void {
    const entry = this.entry(id);
    const note = this.#notes.get(id);
    if (entry === undefined || note === undefined) return () => {};
    this.#doc.transact(() => {
      note.set('deleted', entry.changedAt);
      for (const key of ['title', 'excerpt', 'text']) note.delete(key);
    });
    return () => {
      // Not when somebody has written it meanwhile: what is there then is newer.
      if (this.entry(id) !== undefined) return;
      const { id: _id, ...fields } = entry;
      this.#doc.transact(() => {
        this.#notes.get(id)?.delete('deleted');
        this.#put(id, fields);
      });
    };
  }

  /** Calls `changed` after every change, until the function that it returns is called. */
  observe(changed: () => void): () => void {
    this.#notes.observeDeep(changed);
    this.#about.observe(changed);
    return () => {
      this.#notes.unobserveDeep(changed);
      this.#about.unobserve(changed);
    };
  }

  #put(id: string, fields: NoteSummary & { readonly changedAt: number }): void {
    const known = this.#notes.get(id);
    const note = known instanceof Y.Map ? known : this.#notes.set(id, new Y.Map());
    for (const [key, value] of Object.entries(fields)) if (note.get(key) !== value) note.set(key, value);
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
