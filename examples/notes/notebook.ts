// A notebook that is open: its connection, its index, the note that is shown and the care for those that are not. Knows no
// element of the page.

import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../client/index.js';
import { appStatus, type AppStatus } from './app-status.js';
import { DeviceRecord } from './device-record.js';
import { NoteKeeper } from './note-keeper.js';
import type { NoteSummary } from './note-text.js';
import { NotebookIndex } from './notebook-index.js';
import { isSafe, OpenNote } from './open-note.js';
import { requestNotebookToken } from './token.js';

/** After the index has changed, before notes that are not open are looked after, ms. */
const quietMs = 3_000;

export class Notebook {
  readonly id: string;
  readonly connection: HeddleConnection;
  readonly index: NotebookIndex;
  readonly #doc = new Y.Doc();
  readonly #provider: HeddleProvider;
  readonly #record: DeviceRecord;
  readonly #keeper: NoteKeeper;
  readonly #changed: () => void;
  readonly #undo: (() => void)[] = [];
  /** Notes that are not shown any more, until all that was written in them is safe. */
  readonly #leaving = new Map<string, OpenNote>();
  /** Notes whose entries were brought up to date, and may not be safe yet. */
  readonly #listed = new Set<string>();
  #note: OpenNote | undefined;
  #isLeft = false;
  #isEnded = false;

  /** `changed`: anything that can be read here may be different. */
  constructor(id: string, changed: () => void) {
    this.id = id;
    this.#changed = changed;
    this.connection = new HeddleConnection(new URL('..', document.baseURI).href, {
      token: () => requestNotebookToken(id),
    });
    const { connection } = this;
    this.index = new NotebookIndex(this.#doc);
    this.#record = new DeviceRecord(id);
    this.#provider = new HeddleProvider(connection.url, this.#nameOf(), this.#doc, { connection });
    this.#keeper = new NoteKeeper({
      notebook: id,
      index: this.index,
      record: this.#record,
      connection,
      nameOf: (note) => this.#nameOf(note),
      isOpen: (note) => note === this.#note?.id || this.#leaving.has(note),
      changed: () => this.#changed(),
    });
    this.#listen();
  }

  /** The note that is open. */
  get note(): OpenNote | undefined {
    return this.#note;
  }

  /** The index has been read from this device, or there is none. */
  get isLoaded(): boolean {
    return this.#provider.status.phase !== 'loading';
  }

  /** All that the server knows of the notebook is in the list. */
  get isComplete(): boolean {
    return this.#provider.synced;
  }

  get status(): AppStatus {
    const note = this.#note?.provider.status;
    const index = this.#provider.status;
    // What the list does not say yet is not with the server either.
    const open = this.#note === undefined ? [] : [this.#note];
    const owing = [...open, ...this.#leaving.values()].filter(({ isOwing }) => isOwing);
    const waiting = new Set([...this.#record.waiting, ...owing.map(({ id }) => id)]);
    return appStatus({
      documents: note === undefined ? [index] : [note, index],
      reasons: this.#keeper.reasons,
      waitingNotes: waiting.size,
      waitingChanges: index.unsyncedChanges,
    });
  }

  /** When this device and the server were last the same, ms by the server's clock; undefined if not since the start. */
  get lastSyncedAt(): number | undefined {
    return this.#provider.status.lastSyncedAt;
  }

  /** The server's time, ms; this device's where that is not known. */
  now(): number {
    return Math.round(Date.now() + this.connection.serverTimeOffset);
  }

  /** A note has edits that the server lacks. */
  isWaiting(note: string): boolean {
    return this.#record.waiting.includes(note);
  }

  /** Opens a note instead of the one that is open. */
  open(id: string): OpenNote {
    if (this.#note?.id === id) return this.#note;
    this.close();
    this.#keeper.letGo(id);
    this.#note = this.#leaving.get(id) ?? this.#newNote(id);
    this.#leaving.delete(id);
    return this.#note;
  }

  /** No note is open any more. */
  close(): void {
    const note = this.#note;
    if (note === undefined) return;
    this.#note = undefined;
    note.flush();
    this.#leaving.set(note.id, note);
    this.#letGo();
    // What is safe on this device may still have been on its way to the server.
    this.#keeper.look(quietMs);
  }

  /** Another notebook is opened. This one ends as soon as all that was written in it is safe. */
  leave(): void {
    this.close();
    this.#isLeft = true;
    this.#keeper.close();
    for (const undo of this.#undo.splice(0)) undo();
    this.#letGo();
  }

  #newNote(id: string): OpenNote {
    return new OpenNote({
      id,
      name: this.#nameOf(id),
      connection: this.connection,
      isOwing: this.#record.owing.includes(id),
      writing: () => {
        this.#listed.delete(id);
        this.#record.setOwing(id, true);
      },
      written: (summary) => this.#list(id, summary),
      changed: (note) => this.#noteChanged(note),
    });
  }

  #list(id: string, summary: NoteSummary | undefined): void {
    if (summary !== undefined) this.index.write(id, summary, this.now());
    this.#listed.add(id);
    this.#told();
  }

  /** Entries that are behind are brought up to date, by opening their notes for a moment. */
  #listOwing(): void {
    for (const id of this.#record.owing) {
      if (id !== this.#note?.id && !this.#leaving.has(id)) this.#leaving.set(id, this.#newNote(id));
    }
    this.#letGo();
  }

  #letGo(): void {
    for (const note of this.#leaving.values()) {
      if (note.isOwing || !isSafe(note.provider)) continue;
      this.#leaving.delete(note.id);
      note.close();
    }
    if (!this.#isLeft || this.#isEnded || this.#leaving.size > 0 || !isSafe(this.#provider)) return;
    this.#isEnded = true;
    this.#provider.destroy();
    this.connection.destroy();
    this.#doc.destroy();
  }

  #nameOf(note?: string): string {
    return note === undefined ? `notebook/${this.id}` : `notebook/${this.id}/${note}`;
  }

  #listen(): void {
    this.#provider.on('sync-status', () => this.#told());
    void this.#provider.whenLoaded.catch(() => {}).then(() => this.#listOwing());
    // What is waiting is brought as soon as the list of notes is known to be right.
    this.#provider.on('synced', (isSynced) => {
      if (isSynced) this.#keeper.look(0);
    });
    this.#undo.push(
      this.index.observe(() => {
        this.#keeper.look(quietMs);
        if (this.#note !== undefined) this.#noteChanged(this.#note);
        this.#told();
      }),
      this.#record.observe(() => this.#changed()),
    );
    const leaving = (): void => {
      if (document.visibilityState === 'hidden') this.#note?.flush();
    };
    document.addEventListener('visibilitychange', leaving);
    this.#undo.push(() => document.removeEventListener('visibilitychange', leaving));
  }

  #noteChanged(note: OpenNote): void {
    const { unsyncedChanges, phase, savedLocally } = note.provider.status;
    if (phase !== 'loading') {
      // Edits of another tab that has the note open are that tab's: only the server's having all ends the waiting.
      if (unsyncedChanges > 0) this.#record.setWaiting(note.id, true);
      else if (phase === 'synced') this.#record.setWaiting(note.id, false);
      const changedAt = this.index.entry(note.id)?.changedAt;
      const isWhole = phase === 'synced' && savedLocally;
      if (isWhole && changedAt !== undefined && !this.#record.isWhole(note.id, changedAt))
        this.#record.setWhole(note.id, changedAt);
    }
    this.#told();
  }

  #told(): void {
    const { savedLocally, unsyncedChanges, offlineError } = this.#provider.status;
    // On this device, as that is where the list is read from; where there is no copy, on the server.
    if (savedLocally || (offlineError !== undefined && unsyncedChanges === 0))
      for (const id of this.#listed) this.#record.setOwing(id, false);
    // After whatever told it has had its turn: to let go takes providers down.
    queueMicrotask(() => this.#letGo());
    if (!this.#isLeft) this.#changed();
  }
}
