// Signing out: everything that this device has goes, and every window of this browser says so.

import { listOfflineCopies } from '../../client/index.js';
import { askFirst } from '../editor/confirm.js';
import { pageElement, say } from '../editor/page-elements.js';
import { deviceStorage, windowStorage } from '../editor/safe-storage.js';
import type { Notebook } from './notebook.js';

/** Set while this window says that its reader has signed out: 'all' or 'in part' has gone from this device. */
const signedOutKey = 'heddle-notes.signed-out';

/** Wires the button to the notebook that is open when it is pressed. */
export function wireSignOut(current: () => Notebook): void {
  pageElement('sign-out', HTMLButtonElement).addEventListener('click', () => void signOut(current()));
}

/** Another window has signed out. */
export function followSignOut(): void {
  leave('all');
}

/** Says that the reader has signed out, where that is so, until they begin anew or follow a link to a notebook. */
export async function whileSignedOut(): Promise<void> {
  const gone = windowStorage.get(signedOutKey);
  if (gone === null) return;
  const dialog = pageElement('signed-out-dialog', HTMLDialogElement);
  say(
    'signed-out-text',
    gone === 'all'
      ? 'Nothing of your notes is left on this device. They are on the server: the link of a notebook brings you back to it.'
      : 'Not everything could be removed from this device. Close the other windows of this page, and delete the data of this site in the settings of your browser.',
  );
  document.body.dataset.view = 'signed-out';
  dialog.showModal();
  await new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true });
    window.addEventListener('hashchange', resolve, { once: true });
  });
  windowStorage.remove(signedOutKey);
  dialog.close();
}

async function signOut(notebook: Notebook): Promise<void> {
  const isSure = await askFirst({
    title: 'Sign out of this device?',
    text:
      'All notebooks, and all documents of the demo editor, are removed from this device. They stay on the server. ' +
      'Keep the link of every notebook that you want to come back to: there is no other way to it.',
    warning: await lossWords(notebook),
    yes: 'Sign out',
  });
  if (!isSure) return;
  const isAllGone = await notebook.signOut().then(
    () => true,
    () => false,
  );
  deviceStorage.clear();
  leave(isAllGone ? 'all' : 'in part');
}

/** What the server lacks, and would be lost. */
async function lossWords(notebook: Notebook): Promise<string> {
  const copies = await listOfflineCopies().catch(() => []);
  const elsewhere = copies.some(({ name, hasUnsynced }) => hasUnsynced && !notebook.owns(name));
  const here = notebook.status.waiting;
  const lost = [
    ...(here === '' ? [] : [`${here} of this notebook`]),
    ...(elsewhere ? ['something in another notebook or document of this device'] : []),
  ].join(', and ');
  if (lost === '') return '';
  return `Not on the server yet, and lost if you sign out now: ${lost}. Wait until everything is saved on the server.`;
}

function leave(gone: 'all' | 'in part'): void {
  windowStorage.set(signedOutKey, gone);
  window.location.replace(window.location.pathname);
}
