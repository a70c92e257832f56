// The index of a notebook: one document with a short entry for every note, which each note keeps up to date. It is what the
// list reads, so that the list opens no note. It comes whole to every device, so an entry is a title and the first words,
// and is written when those change. Knows no network and no page.

import * as Y from 'yjs';
import type { NoteSummary } from './note-text.js';

/** A note as the index knows it. */
export interface NoteEntry extends NoteSummary {
  readonly id: string;
  /** When it was last written: ms since the epoch, by the server's clock where that was known. */
  readonly changedAt: number;
}

/** A note in the trash. */
export interface TrashedNote extends NoteEntry {
  readonly deletedAt: number;
}

/**
 * What has become of a note. A deletion counts for what its author had seen: whoever had written something that was not
 * there yet brings the note back, with what they wrote.
 *
 *   listed -- remove --> trash -- forget --> gone
 *   trash -- restore --> listed
 *   trash, gone -- write --> listed
 *
 * 'gone': deleted for good. What is left of the entry says just that, so that other devices delete their copies too.
 */
export type NoteState = 'listed' | 'trash' | 'gone';

const mostName = 60;
/** While nothing but the time changes, the time of an entry is written this seldom, ms. */
const staleMs = 30_000;

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

  /** All notes that are listed, the one written last first. */
  notes(): readonly NoteEntry[] {
    return this.#all('listed').sort((a, b) => b.changedAt - a.changedAt || a.id.localeCompare(b.id));
  }

  /** All notes in the trash, the one deleted last first. */
  trash(): readonly TrashedNote[] {
    return this.#all('trash')
      .map((entry) => ({ ...entry, deletedAt: asTime(this.#notes.get(entry.id)?.get('deletedAt')) ?? 0 }))
      .sort((a, b) => b.deletedAt - a.deletedAt || a.id.localeCompare(b.id));
  }

  /** The notes that were deleted for good. */
  gone(): readonly string[] {
    return this.#all('gone').map(({ id }) => id);
  }

  /** Undefined where there is no such note, or it is deleted. */
  entry(id: string): NoteEntry | undefined {
    return this.state(id) === 'listed' ? this.#read(id) : undefined;
  }

  /** Undefined where there is no such note. */
  state(id: string): NoteState | undefined {
    const changedAt = this.#read(id)?.changedAt;
    if (changedAt === undefined) return undefined;
    if (this.#notes.get(id)?.get('gone') === changedAt) return 'gone';
    return this.#notes.get(id)?.get('deleted') === changedAt ? 'trash' : 'listed';
  }

  /**
   * A note was written. Its time alone is written every half minute, and when the writing ends (`isLast`). Returns whether
   * the entry says all now.
   */
  write(id: string, summary: NoteSummary, at: number, isLast = false): boolean {
    const entry = this.entry(id);
    const isSame = entry?.title === summary.title && entry.excerpt === summary.excerpt;
    if (isSame && !isLast && Math.abs(at - entry.changedAt) < staleMs) return false;
    // A time of its own, where the one that is there stands for what was deleted.
    const seen = entry === undefined ? (this.#read(id)?.changedAt ?? 0) : 0;
    const { title, excerpt } = summary;
    this.#doc.transact(() => this.#put(id, { title, excerpt, changedAt: Math.max(at, seen + 1) }));
    return true;
  }

  /** Puts a note into the trash. */
  remove(id: string, deletedAt: number): void {
    const entry = this.entry(id);
    if (entry !== undefined) this.#doc.transact(() => this.#put(id, { deleted: entry.changedAt, deletedAt }));
  }

  /** Takes a note out of the trash. */
  restore(id: string): void {
    // Not when somebody has written it meanwhile: it is listed then.
    if (this.state(id) === 'trash') this.#doc.transact(() => this.#drop(id, ['deleted', 'deletedAt']));
  }

  /** Deletes a note of the trash for good. */
  forget(id: string): void {
    if (this.state(id) !== 'trash') return;
    this.#doc.transact(() => {
      this.#put(id, { gone: this.#read(id)!.changedAt });
      this.#drop(id, ['title', 'excerpt', 'deleted', 'deletedAt']);
    });
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

  #all(state: NoteState): NoteEntry[] {
    return [...this.#notes.keys()]
      .filter((id) => this.state(id) === state)
      .map((id) => this.#read(id))
      .filter((entry) => entry !== undefined);
  }

  #read(id: string): NoteEntry | undefined {
    const note = this.#notes.get(id);
    // Written by whoever has the link: nothing is taken for what it should be.
    if (!(note instanceof Y.Map)) return undefined;
    const changedAt = asTime(note.get('changedAt'));
    if (changedAt === undefined) return undefined;
    return { id, changedAt, title: asText(note.get('title')), excerpt: asText(note.get('excerpt')) };
  }

  #put(id: string, fields: Readonly<Record<string, string | number>>): void {
    const known = this.#notes.get(id);
    const note = known instanceof Y.Map ? known : this.#notes.set(id, new Y.Map());
    for (const [key, value] of Object.entries(fields)) if (note.get(key) !== value) note.set(key, value);
    // Where earlier versions of the app kept the whole text.
    this.#drop(id, ['text']);
  }

  #drop(id: string, keys: readonly string[]): void {
    const note = this.#notes.get(id);
    for (const key of keys) if (note?.has(key) === true) note.delete(key);
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asTime(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
