// What the status says in full: a dialog that the pill opens, by mouse, finger or keyboard. Both example pages have one.

import { closableDialog } from './dialogs.js';
import { pageElement, say } from './page-elements.js';

/** What the dialog shows: a text for each element `status-<key>`. */
export interface StatusText {
  readonly title: string;
  /** What only whoever looks for a fault wants to read: error codes, the server's own words. '' for nothing. */
  readonly technical: string;
  readonly [key: string]: string;
}

interface StatusDialogOptions {
  /** Asked when the dialog opens, and whenever the status changes while it is open. */
  readonly text: () => StatusText;
  /** Trying again now may help. */
  readonly canRetry: () => boolean;
  readonly retry: () => void;
}

export class StatusDialog {
  readonly #dialog = closableDialog('status-dialog');
  readonly #options: StatusDialogOptions;

  constructor(options: StatusDialogOptions) {
    this.#options = options;
    pageElement('status', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.showModal();
      this.refresh();
    });
    pageElement('status-retry', HTMLButtonElement).addEventListener('click', options.retry);
  }

  /** The status may be another one. */
  refresh(): void {
    if (!this.#dialog.open) return;
    const text = this.#options.text();
    for (const [key, words] of Object.entries(text)) say(`status-${key}`, words);
    pageElement('status-details', HTMLElement).hidden = text.technical === '';
    pageElement('status-retry', HTMLButtonElement).hidden = !this.#options.canRetry();
  }
}

/** When both sides were last the same, in words. */
export function lastSameWords(lastSyncedAt: number | undefined): string {
  return lastSyncedAt === undefined ? 'Not yet.' : new Date(lastSyncedAt).toLocaleString();
}
