// Signing out: everything that this device has goes, and every window of this browser says so. With accounts the sign-in of this
// browser ends too, and every window goes to the page for signing in.

import { listOfflineCopies } from '../../client/index.js';
import { askFirst } from '../editor/confirm.js';
import { pageElement, say } from '../editor/page-elements.js';
import { deviceStorage, windowStorage } from '../editor/safe-storage.js';
import { showToast } from '../editor/toast.js';
import { endSignIn, goToSignIn, type Account } from './account.js';
import type { Notebook } from './notebook.js';

/** Set while this window says that its reader has signed out: 'all' or 'in part' has gone from this device. */
const signedOutKey = 'heddle-notes.signed-out';

/** Wires the button to the notebook that is open when it is pressed. */
export function wireSignOut(current: () => Notebook): void {
  pageElement('sign-out', HTMLButtonElement).addEventListener('click', () => void signOut(current()));
}

/** Another window has signed out. */
export function followSignOut(account: Account | undefined): void {
  leave('all', account);
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
  const { account } = notebook;
  const what =
    account === undefined ? 'All notebooks, and all documents of the demo editor,' : 'All notebooks';
  const isSure = await askFirst({
    title: 'Sign out of this device?',
    text:
      `${what} are removed from this device. They stay on the server. ` +
      'Keep the link of every notebook that you want to come back to: there is no other way to it.',
    warning: await lossWords(notebook),
    yes: 'Sign out',
  });
  if (!isSure) return;
  try {
    // First: whoever is at this device next must not be signed in.
    if (account !== undefined) await endSignIn(account);
  } catch {
    return showToast(
      'You are still signed in: that ends on the server. Try again when there is a connection.',
    );
  }
  const isAllGone = await notebook.signOut().then(
    () => true,
    () => false,
  );
  deviceStorage.clear();
  leave(isAllGone ? 'all' : 'in part', account);
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

function leave(gone: 'all' | 'in part', account: Account | undefined): void {
  if (account !== undefined && gone === 'all') return goToSignIn(account);
  windowStorage.set(signedOutKey, gone);
  window.location.replace(window.location.pathname);
}
