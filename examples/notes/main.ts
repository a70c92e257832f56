// The notes app: opens the notebook and the note that the address names, and wires the parts of the page to them.

import { keepAppShell, shellProblem, shellState } from '../editor/app-shell.js';
import { becomeUser, randomHex, setOwnName } from '../editor/identity.js';
import { pageElement, say } from '../editor/page-elements.js';
import { showToast } from '../editor/toast.js';
import { goToSignIn, ownAccount } from './account.js';
import { addressOf, parseAddress } from './address.js';
import { wireDevicesDialog } from './devices-dialog.js';
import { askToKeepCopies, offerInstallation } from './installation.js';
import { knownNotebooks, newNotebookId, rememberNotebook } from './known-notebooks.js';
import { wireNoteDialog } from './note-dialog.js';
import { drawNotes, noteLink } from './note-list.js';
import { NoteView } from './note-view.js';
import { Notebook } from './notebook.js';
import { nameOrDefault, wireNotebookDialog } from './notebook-dialog.js';
import type { SearchResult } from './notebook-search.js';
import { readNote } from './reader.js';
import type { Found } from './search.js';
import { followSignOut, whileSignedOut, wireSignOut } from './sign-out.js';
import { StatusView } from './status-view.js';
import { TrashView } from './trash-dialog.js';

const redrawMs = 30_000;

declare global {
  interface Window {
    /** The notebook that is open, for tests and the curious. */
    heddleNotes?: Notebook;
  }
}

class Page {
  readonly #list = pageElement('notes', HTMLElement);
  readonly #search = pageElement('search', HTMLInputElement);
  readonly #view = new NoteView();
  readonly #status: StatusView;
  readonly #trash = new TrashView(() => this.#notebook);
  #notebook: Notebook;
  /** A note that was begun here and has no entry yet. */
  #draft: string | undefined;
  #isDrawing = false;

  constructor(notebook: string) {
    this.#notebook = this.#openNotebook(notebook);
    this.#status = new StatusView(
      () => ({ lastSyncedAt: this.#notebook.lastSyncedAt, shell: shellState, shellProblem }),
      () => this.#retry(),
    );
  }

  start(): void {
    const current = (): Notebook => this.#notebook;
    wireNotebookDialog(current, () => this.#view.showOwnName());
    wireNoteDialog(current);
    wireDevicesDialog(current);
    wireSignOut(current);
    window.addEventListener('hashchange', () => this.#show());
    this.#search.addEventListener('input', () => this.#draw());
    pageElement('new-note', HTMLButtonElement).addEventListener('click', () => this.#begin());
    pageElement('delete', HTMLButtonElement).addEventListener('click', () => this.#delete());
    pageElement('back', HTMLAnchorElement).addEventListener('click', (event) => {
      event.preventDefault();
      this.#back();
    });
    pageElement('skip', HTMLButtonElement).addEventListener('click', () => this.#view.focus());
    document.addEventListener('keydown', (event) => this.#key(event));
    // The words for times grow old.
    setInterval(() => this.#draw(), redrawMs);
    this.#show();
  }

  #openNotebook(id: string): Notebook {
    const notebook: Notebook = new Notebook(id, {
      changed: () => this.#drawSoon(),
      signedOut: () => followSignOut(notebook.account),
    });
    window.heddleNotes = notebook;
    return notebook;
  }

  /** Shows what the address names. */
  #show(): void {
    const { notebook, note, isReading, reader } = parseAddress(window.location.hash);
    if (isReading || reader !== undefined) return window.location.reload();
    if (notebook === undefined) return this.#goTo(undefined, true);
    if (notebook !== this.#notebook.id) {
      this.#view.clear();
      this.#notebook.leave();
      this.#search.value = '';
      this.#notebook = this.#openNotebook(notebook);
    }
    if (note !== this.#notebook.note?.id) {
      this.#view.clear();
      if (note === undefined) this.#notebook.close();
      else this.#notebook.open(note);
    }
    document.body.dataset.view = note === undefined ? 'list' : 'note';
    this.#draw();
  }

  #retry(): void {
    const { account, needsSignIn } = this.#notebook;
    if (account !== undefined && needsSignIn) goToSignIn(account);
    else this.#notebook.connect();
  }

  /** Goes to a note of this notebook, or to the list. */
  #goTo(note: string | undefined, isReplaced = false): void {
    const address = addressOf(this.#notebook.id, note);
    if (isReplaced) window.history.replaceState(null, '', address);
    else window.history.pushState(null, '', address);
    this.#show();
  }

  #begin(): void {
    askToKeepCopies();
    this.#draft = randomHex(8);
    this.#search.value = '';
    this.#goTo(this.#draft);
    this.#view.focus();
  }

  /** Back to the list, the focus on the note that one comes from. */
  #back(): void {
    const note = this.#notebook.note?.id;
    this.#goTo(undefined);
    if (note !== undefined) noteLink(this.#list, note)?.focus();
  }

  #delete(): void {
    const { note } = this.#notebook;
    if (note === undefined) return;
    this.#notebook.remove(note.id);
    this.#goTo(undefined, true);
    pageElement('new-note', HTMLButtonElement).focus();
    this.#offerToRestore(note.id, 'Note moved to the trash.', 'Undo');
  }

  #offerToRestore(note: string, words: string, label: string): void {
    const run = (): void => {
      this.#notebook.index.restore(note);
      this.#goTo(note);
    };
    showToast(words, { label, run });
  }

  /** Goes away from a note that somebody has deleted, unless there is something in it that they had not seen. */
  #leaveDeleted(): void {
    const { note, index } = this.#notebook;
    if (note === undefined || note.isOwing) return;
    const state = index.state(note.id);
    if (state !== 'trash' && state !== 'gone') return;
    this.#goTo(undefined, true);
    if (state === 'trash') this.#offerToRestore(note.id, 'This note is in the trash.', 'Restore');
    else showToast('This note was deleted for good.');
  }

  #key(event: KeyboardEvent): void {
    const isTyping =
      event.target instanceof Element && event.target.closest('input, [contenteditable], dialog');
    if (event.key === '/' && !isTyping) {
      event.preventDefault();
      this.#search.focus();
    }
    if (event.key === 'Escape' && event.target === this.#search) {
      this.#search.value = '';
      this.#draw();
    }
  }

  /** Many changes make one drawing. */
  #drawSoon(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      this.#draw();
    });
  }

  #draw(): void {
    this.#leaveDeleted();
    const { note, index, status } = this.#notebook;
    this.#status.show(status);
    this.#drawAccount();
    const entry = note && index.entry(note.id);
    this.#view.show(note, note !== undefined && entry === undefined && note.id === this.#draft);
    for (const id of ['note-menu', 'delete'])
      pageElement(id, HTMLButtonElement).disabled = entry === undefined;
    this.#trash.draw();
    const name = nameOrDefault(index.name);
    say('notebook-name', name);
    if (this.#notebook.isLoaded) this.#remember(index.name);
    const title = entry === undefined || entry.title === '' ? name : entry.title;
    if (document.title !== `${title} · Heddle Notes`) document.title = `${title} · Heddle Notes`;
    this.#drawList();
  }

  #drawAccount(): void {
    const { account, connection } = this.#notebook;
    const link = pageElement('account', HTMLAnchorElement);
    link.hidden = account === undefined;
    pageElement('editor-link', HTMLAnchorElement).hidden = account !== undefined;
    if (account === undefined) return;
    link.href = account.signIn;
    const plan = connection.claims?.['plan'];
    say('account', typeof plan === 'string' ? `${account.name}, plan ${plan}` : account.name);
  }

  #drawList(): void {
    const { id, note } = this.#notebook;
    const result = this.#notebook.search(this.#search.value);
    const isSearch = this.#search.value.trim() !== '';
    const rows = [...(isSearch ? [] : this.#begun()), ...result.found].map((row) => ({
      ...row,
      isCurrent: row.note.id === note?.id,
      isWaiting: this.#notebook.isWaiting(row.note.id),
    }));
    drawNotes(this.#list, id, rows, this.#notebook.now());
    say('list-note', isSearch ? foundWords(result) : '');
    say('list-empty', isSearch || rows.length > 0 ? '' : this.#emptyWords());
  }

  /** The note that was begun here, while nothing is written in it: the index has no entry of it yet. */
  #begun(): readonly Found[] {
    const { note, index } = this.#notebook;
    if (note === undefined || note.id !== this.#draft || index.state(note.id) !== undefined) return [];
    const entry = { id: note.id, title: '', excerpt: '', changedAt: this.#notebook.now() };
    return [{ note: entry, title: [], excerpt: [] }];
  }

  #emptyWords(): string {
    if (!this.#notebook.isLoaded) return '';
    return this.#notebook.isComplete ? 'No notes yet.' : 'No notes on this device.';
  }

  #remember(name: string): void {
    const { id } = this.#notebook;
    const [last] = knownNotebooks();
    if (last?.id !== id || last.name !== name) rememberNotebook({ id, name });
  }
}

function foundWords({ found, unread, elsewhere }: SearchResult): string {
  const count = found.length === 1 ? '1 note found' : `${found.length || 'No'} notes found`;
  if (unread > 0) return `${count}, still searching`;
  const away = elsewhere === 1 ? '1 note is' : `${elsewhere} notes are`;
  return elsewhere === 0
    ? count
    : `${count}. ${away} not on this device yet: only the beginning was searched.`;
}

async function start(): Promise<void> {
  await whileSignedOut();
  const { notebook, note, isReading, reader } = parseAddress(window.location.hash);
  if (reader !== undefined && notebook !== undefined) {
    becomeUser(reader);
    window.history.replaceState(null, '', addressOf(notebook, note));
  }
  if (isReading && notebook !== undefined && note !== undefined) readNote(notebook, note);
  else openNotebook(notebook);
}

function openNotebook(notebook: string | undefined): void {
  const account = ownAccount();
  if (account !== undefined) setOwnName(account.name);
  new Page(notebook ?? knownNotebooks()[0]?.id ?? newNotebookId()).start();
}

offerInstallation();
void keepAppShell('./sw.js');
await start();
