// The dialog of the note that is open: a link to read it by, and the note as a file.

import { wireCopyLink } from '../editor/copy-link.js';
import { closableDialog } from '../editor/dialogs.js';
import { pageElement } from '../editor/page-elements.js';
import { readLink } from './address.js';
import { exportNote } from './export.js';
import type { Notebook } from './notebook.js';

/** Wires the dialog to the note that is open when it is asked for. */
export function wireNoteDialog(current: () => Notebook): void {
  const dialog = closableDialog('note-dialog');
  const link = pageElement('read-link', HTMLInputElement);
  pageElement('note-menu', HTMLButtonElement).addEventListener('click', () => {
    const { id, note } = current();
    if (note === undefined) return;
    link.value = readLink(id, note.id);
    dialog.showModal();
  });
  wireCopyLink(pageElement('share-note', HTMLButtonElement), link, 'Heddle Notes');
  for (const button of dialog.querySelectorAll<HTMLButtonElement>('[data-format]')) {
    button.addEventListener('click', () =>
      exportNote(current(), button.dataset.format === 'text' ? 'text' : 'markdown'),
    );
  }
}
