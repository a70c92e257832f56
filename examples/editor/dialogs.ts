// The page's dialogs: the browser's own <dialog>, so Escape, focus and background are right without code.

import { pageElement } from './page-elements.js';

/** A dialog that asks for one line of text; `accepted` may answer false to keep it open. */
export function textDialog(id: string, accepted: (text: string) => boolean): (suggestion: string) => void {
  const dialog = closableDialog(`${id}-dialog`);
  const form = pageElement(`${id}-form`, HTMLFormElement);
  const input = form.elements.namedItem('name') as HTMLInputElement;
  form.addEventListener('submit', (event) => {
    if (!accepted(input.value.trim())) event.preventDefault();
  });
  return (suggestion) => {
    input.value = suggestion;
    dialog.showModal();
    input.select();
  };
}

/** A dialog that its `data-close` buttons and a press beside it close. */
export function closableDialog(id: string): HTMLDialogElement {
  const dialog = pageElement(id, HTMLDialogElement);
  dialog.addEventListener('click', (event) => {
    const isCloser = event.target instanceof Element && event.target.closest('[data-close]') !== null;
    if (isCloser || event.target === dialog) dialog.close();
  });
  return dialog;
}

/** Enter in a field of a dialog that has no form is the end of it; what was typed counts, as with any other end. */
export function closeOnEnter(dialog: HTMLDialogElement, input: HTMLInputElement): void {
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    // Otherwise the key would press what has the focus afterwards: the button that has opened the dialog.
    event.preventDefault();
    dialog.close();
  });
}
