// What this device remembers of a notebook beside the copies: which notes it has whole, which have edits that the server
// lacks, which were written after their entry in the index, and which are still to be emptied. All is needed before a note is
// opened. All tabs of the browser share it.

import { deviceStorage } from '../editor/safe-storage.js';
import { ownKey } from './account.js';

interface Record {
  /** Note id to the `changedAt` of its entry when the copy was last whole. */
  readonly whole: { readonly [note: string]: number };
  readonly waiting: readonly string[];
  readonly owing: readonly string[];
  readonly emptying: readonly string[];
}

type List = 'waiting' | 'owing' | 'emptying';

export class DeviceRecord {
  readonly #key: string;
  #record: Record;

  constructor(notebook: string) {
    this.#key = ownKey(`heddle-notes.record.${notebook}`);
    this.#record = this.#read() ?? { whole: {}, waiting: [], owing: [], emptying: [] };
  }

  /** Notes with edits that the server lacks. */
  get waiting(): readonly string[] {
    return this.#record.waiting;
  }

  /** Notes whose entries say less than they do. A window that ends in the middle of a word leaves such. */
  get owing(): readonly string[] {
    return this.#record.owing;
  }

  /** Notes that were deleted for good here, and whose text the server still has. */
  get emptying(): readonly string[] {
    return this.#record.emptying;
  }

  /** Another one whenever the copy on this device was made whole; undefined where it never was. */
  wholeAt(note: string): number | undefined {
    return this.#record.whole[note];
  }

  /** The copy on this device holds what the entry's `changedAt` stands for. */
  isWhole(note: string, changedAt: number): boolean {
    return this.#record.whole[note] === changedAt;
  }

  setWhole(note: string, changedAt: number): void {
    this.#change((record) => ({ ...record, whole: { ...record.whole, [note]: changedAt } }));
  }

  setWaiting(note: string, isWaiting: boolean): void {
    this.#mark('waiting', note, isWaiting);
  }

  setOwing(note: string, isOwing: boolean): void {
    this.#mark('owing', note, isOwing);
  }

  setEmptying(note: string, isEmptying: boolean): void {
    this.#mark('emptying', note, isEmptying);
  }

  /** There is nothing of the note on this device any more. */
  forget(note: string): void {
    this.#change(({ whole: { [note]: _gone, ...whole }, waiting, owing, emptying }) => {
      const without = (list: readonly string[]): readonly string[] => list.filter((other) => other !== note);
      return { whole, waiting: without(waiting), owing: without(owing), emptying: without(emptying) };
    });
  }

  /** Calls `changed` when another tab has changed it, until the function that it returns is called. */
  observe(changed: () => void): () => void {
    const hear = ({ key }: StorageEvent): void => {
      if (key !== this.#key) return;
      this.#record = this.#read() ?? this.#record;
      changed();
    };
    window.addEventListener('storage', hear);
    return () => window.removeEventListener('storage', hear);
  }

  #mark(list: List, note: string, isIn: boolean): void {
    if (this.#record[list].includes(note) === isIn) return;
    this.#change((record) => {
      const others = record[list].filter((other) => other !== note);
      return { ...record, [list]: isIn ? [...others, note] : others };
    });
  }

  /** On what is stored now: another tab may have written since. */
  #change(change: (record: Record) => Record): void {
    this.#record = change(this.#read() ?? this.#record);
    deviceStorage.set(this.#key, JSON.stringify(this.#record));
  }

  #read(): Record | undefined {
    try {
      const found = JSON.parse(deviceStorage.get(this.#key) ?? 'null') as Partial<Record> | null;
      if (typeof found?.whole !== 'object') return undefined;
      const { whole, waiting, owing, emptying } = found;
      return { whole, waiting: texts(waiting), owing: texts(owing), emptying: texts(emptying) };
    } catch {
      return undefined;
    }
  }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
