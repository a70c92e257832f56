// The dialog of the notebook: its name, the link to it, and the other ones of this device.

import { closableDialog } from '../editor/dialogs.js';
import { newElement, pageElement } from '../editor/page-elements.js';
import { addressOf, shareLink } from './address.js';
import { knownNotebooks, newNotebookId } from './known-notebooks.js';
import type { Notebook } from './notebook.js';
import { showToast } from './toast.js';

const unnamed = 'Notes';

/** Wires the dialog to the notebook that is open when it is asked for. */
export function wireNotebookDialog(current: () => Notebook): void {
  const dialog = closableDialog('notebook-dialog');
  const name = pageElement('notebook-name-input', HTMLInputElement);
  pageElement('notebook', HTMLButtonElement).addEventListener('click', () => {
    const { id, index } = current();
    name.value = index.name;
    pageElement('notebook-link', HTMLInputElement).value = shareLink(id);
    drawOthers(id);
    dialog.showModal();
  });
  name.addEventListener('change', () => current().index.rename(name.value));
  name.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') dialog.close();
  });
  pageElement('share', HTMLButtonElement).addEventListener(
    'click',
    () => void share(shareLink(current().id)),
  );
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

/** By the device's own sheet on a phone, else by the clipboard. */
async function share(url: string): Promise<void> {
  const isTouch = window.matchMedia('(pointer: coarse)').matches;
  try {
    if (isTouch && typeof navigator.share === 'function')
      await navigator.share({ title: 'Heddle Notes', url });
    else {
      await navigator.clipboard.writeText(url);
      showToast('Link copied.');
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    // No clipboard on plain http, or no permission for it: the link is there to be copied by hand.
    pageElement('notebook-link', HTMLInputElement).select();
  }
}
