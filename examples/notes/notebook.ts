// A notebook that is open: its connection, its index, the note that is shown and the care for those that are not, and the
// search in all of them. Knows no element of the page.

import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../client/index.js';
import { ownUserId } from '../editor/identity.js';
import { appStatus, type AppStatus } from './app-status.js';
import { DeviceRecord } from './device-record.js';
import { copiesHere, readCopy } from './note-copies.js';
import { NoteKeeper } from './note-keeper.js';
import { plainText, type NoteSummary } from './note-text.js';
import { NotebookIndex } from './notebook-index.js';
import { NotebookSearch, type SearchResult } from './notebook-search.js';
import { isSafe, OpenNote, type WritingStage } from './open-note.js';
import { onAccountChange, ownAccount, requestAccountToken, type Account } from './account.js';
import { DeviceSignIn } from './device-sign-in.js';
import { requestNotebookToken } from './token.js';

/** After the index has changed, before notes that are not open are looked after, ms. */
const quietMs = 3_000;

export class Notebook {
  readonly id: string;
  /** Whose it is here; undefined where there are no accounts. */
  readonly account: Account | undefined = ownAccount();
  readonly connection: HeddleConnection;
  readonly index: NotebookIndex;
  readonly #doc = new Y.Doc();
  readonly #signIn = new DeviceSignIn();
  readonly #provider: HeddleProvider;
  readonly #record: DeviceRecord;
  readonly #keeper: NoteKeeper;
  readonly #search: NotebookSearch;
  readonly #changed: () => void;
  readonly #undo: (() => void)[] = [];
  /** Notes that are not shown any more, until all that was written in them is safe. */
  readonly #leaving = new Map<string, OpenNote>();
  /** Notes whose entries were brought up to date, and may not be safe yet. */
  readonly #listed = new Set<string>();
  #note: OpenNote | undefined;
  #isLeft = false;
  #isEnded = false;

  /** `changed`: anything that can be read here may be different. `signedOut`: another window has signed out. */
  constructor(id: string, { changed, signedOut }: { changed: () => void; signedOut: () => void }) {
    this.id = id;
    this.#changed = changed;
    this.connection = this.#newConnection();
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
      isOpen: (note) => this.#opened(note) !== undefined,
      now: () => this.now(),
      changed: () => this.#changed(),
    });
    this.#search = new NotebookSearch({
      index: this.index,
      copies: () => this.#notesHere(),
      read: (note) => readCopy(connection, this.#nameOf(note), plainText),
      wholeAt: (note) => this.#record.wholeAt(note),
      opened: (note) => this.#opened(note),
      changed: () => this.#changed(),
    });
    this.connection.on('logged-out', ({ wipe: isWiped }) => {
      if (!isWiped || this.#isLeft) return;
      this.#end();
      signedOut();
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
    const emptying = this.#record.emptying.filter((id) => this.index.state(id) === 'gone');
    const waiting = new Set([...this.#record.waiting, ...owing.map(({ id }) => id), ...emptying]);
    return appStatus({
      documents: note === undefined ? [index] : [note, index],
      reasons: this.#keeper.reasons,
      waitingNotes: waiting.size,
      waitingChanges: index.unsyncedChanges,
    });
  }

  /** Nothing goes on before somebody signs in. */
  get needsSignIn(): boolean {
    const kind = this.#provider.status.reason?.kind;
    return kind === 'login-required' || kind === 'token-revoked' || kind === 'logged-out';
  }

  /** When this device and the server were last the same, ms by the server's clock; undefined if not since the start. */
  get lastSyncedAt(): number | undefined {
    return this.#provider.status.lastSyncedAt;
  }

  /** Connects now, also where this device was signed out. */
  connect(): void {
    this.#signIn.again(this.connection);
    this.connection.connect();
  }

  /** The server's time, ms; this device's where that is not known. */
  now(): number {
    return Math.round(Date.now() + this.connection.serverTimeOffset);
  }

  /** A note has edits that the server lacks. */
  isWaiting(note: string): boolean {
    return this.#record.waiting.includes(note);
  }

  /** Puts a note into the trash. Its copy on this device goes when the time to take that back is over. */
  remove(id: string): void {
    this.#opened(id)?.flush();
    this.index.remove(id, this.now());
  }

  /** Deletes notes of the trash for good: here, on the other devices, and their text on the server. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.index.forget(id);
      this.#record.setEmptying(id, true);
    }
    this.#keeper.look(0);
  }

  /** All notes for an empty query; otherwise those that have its words. */
  search(query: string): SearchResult {
    return this.#search.search(query);
  }

  /** What `use` makes of the text of a note, by its copy on this device; undefined where there is none. */
  async read<T>(id: string, use: (text: Y.XmlFragment) => T): Promise<T | undefined> {
    const opened = this.#opened(id);
    if (opened?.isHere === true) return use(opened.text);
    const name = this.#nameOf(id);
    return (await copiesHere()).has(name) ? readCopy(this.connection, name, use) : undefined;
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
    this.#end();
    this.#letGo();
  }

  /** Whether a document is one of this notebook. */
  owns(documentName: string): boolean {
    return documentName === this.#nameOf() || documentName.startsWith(this.#nameOf(''));
  }

  /** Forgets who the reader is, and deletes all copies on this device. Rejects with OfflineError when one stays. */
  signOut(): Promise<void> {
    this.#end();
    return this.connection.logout({ wipe: true });
  }

  /** With an account its tokens, otherwise those of the demo's server. */
  #newConnection(): HeddleConnection {
    const { account } = this;
    if (account !== undefined)
      return new HeddleConnection(account.server, {
        token: () => requestAccountToken(account),
        user: account.id,
      });
    const connection: HeddleConnection = new HeddleConnection(new URL('..', document.baseURI).href, {
      // Who this is is known without a token: what is here is shown also to who was signed out.
      user: ownUserId(),
      token: () => this.#signIn.token(connection, () => requestNotebookToken(this.id)),
    });
    return connection;
  }

  #end(): void {
    this.#isLeft = true;
    this.#keeper.close();
    for (const undo of this.#undo.splice(0)) undo();
  }

  #opened(id: string): OpenNote | undefined {
    return this.#note?.id === id ? this.#note : this.#leaving.get(id);
  }

  async #notesHere(): Promise<ReadonlySet<string>> {
    const names = await copiesHere();
    return new Set(
      this.index
        .notes()
        .map(({ id }) => id)
        .filter((id) => names.has(this.#nameOf(id))),
    );
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
      written: (summary, stage) => this.#list(id, summary, stage),
      changed: (note) => this.#noteChanged(note),
    });
  }

  #list(id: string, summary: NoteSummary | undefined, stage: WritingStage): boolean {
    // Who deleted the note has seen what was written, but for the time: that alone does not bring the note back.
    const isDeleted = stage === 'late' && this.index.entry(id) === undefined;
    const saysAll =
      summary === undefined || isDeleted || this.index.write(id, summary, this.now(), stage !== 'pause');
    if (saysAll) this.#listed.add(id);
    this.#told();
    return saysAll;
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
    const { account, connection } = this;
    if (account !== undefined) {
      connection.on('authenticated', () => this.#changed());
      this.#undo.push(onAccountChange(account, () => void connection.logout()));
    }
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
    const { phase, savedLocally } = note.provider.status;
    if (phase !== 'loading') {
      // Edits of another tab that has the note open are that tab's: only the server's having all ends the waiting.
      if (note.provider.hasUnsyncedChanges) this.#record.setWaiting(note.id, true);
      else if (phase === 'synced') this.#record.setWaiting(note.id, false);
      const changedAt = this.index.entry(note.id)?.changedAt;
      const isWhole = phase === 'synced' && savedLocally;
      if (isWhole && changedAt !== undefined && !this.#record.isWhole(note.id, changedAt))
        this.#record.setWhole(note.id, changedAt);
    }
    this.#told();
  }

  #told(): void {
    const { savedLocally, offlineError } = this.#provider.status;
    // On this device, as that is where the list is read from; where there is no copy, on the server.
    if (savedLocally || (offlineError !== undefined && !this.#provider.hasUnsyncedChanges))
      for (const id of this.#listed) this.#record.setOwing(id, false);
    // After whatever told it has had its turn: to let go takes providers down.
    queueMicrotask(() => this.#letGo());
    if (!this.#isLeft) this.#changed();
  }
}
