// The trash: notes that were deleted, to be looked at, restored, or deleted for good.

import { askFirst } from '../editor/confirm.js';
import { closableDialog } from '../editor/dialogs.js';
import { newElement, pageElement, say } from '../editor/page-elements.js';
import { whenWords } from './note-list.js';
import type { Notebook } from './notebook.js';
import type { TrashedNote } from './notebook-index.js';

export class TrashView {
  readonly #dialog = closableDialog('trash-dialog');
  readonly #list = pageElement('trash-list', HTMLElement);
  readonly #empty = pageElement('empty-trash', HTMLButtonElement);
  readonly #current: () => Notebook;

  /** Shows the trash of the notebook that is open when it is asked for. */
  constructor(current: () => Notebook) {
    this.#current = current;
    pageElement('trash', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.showModal();
      this.draw();
    });
    this.#empty.addEventListener('click', () => void this.#deleteForGood(this.#current().index.trash()));
  }

  draw(): void {
    const notes = this.#current().index.trash();
    say('trash', notes.length === 0 ? 'Trash' : `Trash (${notes.length})`);
    if (!this.#dialog.open) return;
    say(
      'trash-words',
      notes.length === 0
        ? 'There is nothing in it.'
        : 'The texts of these notes are on the server. They stay there until they are deleted for good.',
    );
    this.#empty.hidden = notes.length === 0;
    const rows = notes.map((note) => ({ note, when: whenWords(note.deletedAt, this.#current().now()) }));
    const drawn = JSON.stringify(rows);
    if (this.#list.dataset.drawn === drawn) return;
    this.#list.dataset.drawn = drawn;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...rows.map(({ note, when }) => this.#row(note, when)));
    // The button that was pressed is gone with its row.
    if (hadFocus) this.#dialog.querySelector<HTMLElement>('button:not([hidden])')?.focus();
  }

  #row(note: TrashedNote, when: string): HTMLLIElement {
    const { id, title, excerpt } = note;
    const name = title === '' ? 'New note' : title;
    const item = newElement('li', 'trashed');
    const words = newElement('div', 'trashed-words');
    words.append(
      newElement('span', 'note-title', name),
      newElement('span', 'note-excerpt', excerpt === '' ? 'No more text' : excerpt),
      newElement('span', 'note-foot', `Deleted ${when}`),
    );
    const restore = newElement('button', 'button small', 'Restore');
    restore.setAttribute('aria-label', `Restore ${name}`);
    restore.addEventListener('click', () => this.#current().index.restore(id));
    const forGood = newElement('button', 'button small danger', 'Delete for good');
    forGood.setAttribute('aria-label', `Delete ${name} for good`);
    forGood.addEventListener('click', () => void this.#deleteForGood([note]));
    const actions = newElement('div', 'button-row');
    actions.append(restore, forGood);
    item.append(words, actions);
    return item;
  }

  async #deleteForGood(notes: readonly TrashedNote[]): Promise<void> {
    const [only] = notes;
    const what = notes.length === 1 ? `“${only?.title || 'New note'}”` : `${notes.length} notes`;
    const isSure = await askFirst({
      title: `Delete ${what} for good?`,
      text: 'The text goes from this device, from your other devices and from the server. This cannot be taken back.',
      yes: 'Delete for good',
    });
    if (isSure) this.#current().forget(notes.map(({ id }) => id));
  }
}
