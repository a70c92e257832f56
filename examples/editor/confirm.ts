// Asks before something that cannot be taken back.

import { pageElement, say } from './page-elements.js';

/** What is asked. `yes`: what is done, as the button says it. */
interface Question {
  readonly title: string;
  readonly text: string;
  /** What is lost; '' for nothing. */
  readonly warning?: string;
  readonly yes: string;
}

/** Asks in the page's dialog `confirm-dialog`; resolves to whether the reader agreed. */
export function askFirst({ title, text, warning = '', yes }: Question): Promise<boolean> {
  const dialog = pageElement('confirm-dialog', HTMLDialogElement);
  say('confirm-title', title);
  say('confirm-text', text);
  say('confirm-warning', warning);
  say('confirm-yes', yes);
  // Escape leaves the value as it is.
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
