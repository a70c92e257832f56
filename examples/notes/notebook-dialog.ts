// The dialog of the notebook: its name, one's own, the link to it, the other ones of this device, and all notes as a file.

import { wireCopyLink } from '../editor/copy-link.js';
import { closableDialog, closeOnEnter } from '../editor/dialogs.js';
import { ownName, setOwnName } from '../editor/identity.js';
import { newElement, pageElement } from '../editor/page-elements.js';
import { showToast } from '../editor/toast.js';
import { addressOf, notebookLink } from './address.js';
import { exportNotebook } from './export.js';
import { knownNotebooks, newNotebookId } from './known-notebooks.js';
import type { Notebook } from './notebook.js';

const unnamed = 'Notes';

/** Wires the dialog to the notebook that is open when it is asked for. `renamed`: the reader has another name. */
export function wireNotebookDialog(current: () => Notebook, renamed: () => void): void {
  const dialog = closableDialog('notebook-dialog');
  const own = pageElement('own-name', HTMLInputElement);
  const link = pageElement('notebook-link', HTMLInputElement);
  const name = pageElement('notebook-name-input', HTMLInputElement);
  pageElement('notebook', HTMLButtonElement).addEventListener('click', () => {
    const { id, index } = current();
    name.value = index.name;
    own.value = ownName();
    link.value = notebookLink(id);
    drawOthers(id);
    dialog.showModal();
  });
  name.addEventListener('change', () => current().index.rename(name.value));
  own.addEventListener('change', () => {
    if (own.value.trim() === '') return;
    setOwnName(own.value);
    renamed();
  });
  for (const input of [name, own]) closeOnEnter(dialog, input);
  wireCopyLink(pageElement('share', HTMLButtonElement), link, 'Heddle Notes');
  pageElement('export-notebook', HTMLButtonElement).addEventListener('click', () => void saveAll(current()));
  pageElement('new-notebook', HTMLButtonElement).addEventListener('click', () => {
    dialog.close();
    window.location.hash = addressOf(newNotebookId());
  });
  pageElement('notebook-list', HTMLElement).addEventListener('click', () => dialog.close());
}

/** What a notebook is called where it has no name. */
export function nameOrDefault(name: string): string {
  return name === '' ? unnamed : name;
}

function drawOthers(own: string): void {
  const others = knownNotebooks().filter(({ id }) => id !== own);
  pageElement('other-notebooks', HTMLElement).hidden = others.length === 0;
  pageElement('notebook-list', HTMLElement).replaceChildren(
    ...others.map(({ id, name }) => {
      const item = newElement('li');
      const link = newElement('a', '', nameOrDefault(name));
      link.href = addressOf(id);
      // Two without a name are told apart by the beginning of their ids.
      link.append(newElement('span', 'notebook-id', id.slice(0, 6)));
      item.append(link);
      return item;
    }),
  );
}

async function saveAll(notebook: Notebook): Promise<void> {
  const { saved, missing } = await exportNotebook(notebook);
  const words = `${saved} ${saved === 1 ? 'note' : 'notes'} saved as a file.`;
  const lack = `${missing} ${missing === 1 ? 'is' : 'are'} not on this device yet, and not in it: try again when all is here.`;
  showToast(missing === 0 ? words : `${words} ${lack}`);
}
