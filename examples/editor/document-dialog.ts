// The dialog of the document that is open: its title, links to it, the copy on this device, and its end.

import { askFirst } from './confirm.js';
import { wireCopyLink } from './copy-link.js';
import { closableDialog, closeOnEnter } from './dialogs.js';
import { deleteDocument } from './document-deletion.js';
import { setTitle, titleOf } from './document-title.js';
import type { OpenDocument } from './open-document.js';
import { documentUrl } from './page-address.js';
import { pageElement } from './page-elements.js';
import { showToast } from './toast.js';

interface DocumentDialogOptions {
  readonly current: () => OpenDocument | undefined;
  /** The document is gone: another one is to be shown. */
  readonly leave: () => void;
}

/** Wires the dialog to the document that is open when it is asked for. */
export function wireDocumentDialog({ current, leave }: DocumentDialogOptions): void {
  const dialog = closableDialog('document-dialog');
  const title = pageElement('document-title', HTMLInputElement);
  const links = { write: 'document-link', read: 'document-read-link' } as const;
  pageElement('document-menu', HTMLButtonElement).addEventListener('click', () => {
    const opened = current();
    if (opened === undefined) return;
    const { documentName, access } = opened.address;
    title.value = titleOf(opened.doc, documentName);
    for (const [linkAccess, id] of Object.entries(links))
      pageElement(id, HTMLInputElement).value = documentUrl(
        documentName,
        linkAccess === 'read' ? 'read' : 'write',
      );
    // Who may only read can neither rename nor delete.
    for (const part of dialog.querySelectorAll<HTMLElement>('[data-for=writer]'))
      part.hidden = access === 'read';
    dialog.showModal();
  });
  title.addEventListener('change', () => {
    const opened = current();
    if (opened !== undefined) setTitle(opened.doc, title.value);
  });
  closeOnEnter(dialog, title);
  for (const id of Object.values(links))
    wireCopyLink(pageElement(`${id}-copy`, HTMLButtonElement), pageElement(id, HTMLInputElement), 'Heddle');
  pageElement('clear-copy', HTMLButtonElement).addEventListener('click', () => {
    void clearCopy(current()).then((isDone) => isDone && dialog.close());
  });
  pageElement('delete-document', HTMLButtonElement).addEventListener('click', () => {
    void remove(current()).then((isDone) => {
      if (!isDone) return;
      dialog.close();
      leave();
    });
  });
}

async function clearCopy(opened: OpenDocument | undefined): Promise<boolean> {
  if (opened === undefined) return false;
  const { provider } = opened;
  const isSure = await askFirst({
    title: 'Remove the copy from this device?',
    text: 'The document stays on the server and in this window. A new copy is made when it is opened again.',
    warning: provider.hasUnsyncedChanges
      ? 'The server has not got all of your edits: close this window before it has, and they are lost.'
      : '',
    yes: 'Remove the copy',
  });
  if (!isSure) return false;
  try {
    await provider.clearOfflineCopy();
    showToast('The copy was removed from this device.');
    return true;
  } catch {
    showToast('The copy could not be removed. Close the other windows of this page and try again.');
    return false;
  }
}

async function remove(opened: OpenDocument | undefined): Promise<boolean> {
  if (opened === undefined) return false;
  if (!opened.provider.synced) {
    showToast('A document is deleted on the server: connect to it first.');
    return false;
  }
  const isSure = await askFirst({
    title: `Delete “${titleOf(opened.doc, opened.address.documentName)}”?`,
    text: 'It is deleted for everybody, here and on the server. Whoever has it open is told, and can bring it back.',
    yes: 'Delete',
  });
  if (!isSure) return false;
  try {
    await deleteDocument(opened);
    showToast('Document deleted.');
    return true;
  } catch {
    showToast('The server did not delete the document. Look at the status, and try again.');
    return false;
  }
}
