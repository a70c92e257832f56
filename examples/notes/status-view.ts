// The pill, and the dialog that says it in full.

import { closableDialog } from '../editor/dialogs.js';
import { pageElement } from '../editor/page-elements.js';
import type { AppStatus } from './app-status.js';

/** What the dialog says beside the status. */
export interface StatusDetails {
  readonly lastSyncedAt: number | undefined;
  /** Whether the app itself starts without a network. */
  readonly shell: string;
}

/** Wires the pill and its dialog. `details` is asked while the dialog is open. */
export class StatusView {
  readonly #dialog = closableDialog('status-dialog');
  readonly #details: () => StatusDetails;
  #status: AppStatus | undefined;

  constructor(details: () => StatusDetails, retry: () => void) {
    this.#details = details;
    pageElement('status', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.showModal();
      this.#drawDialog();
    });
    pageElement('status-retry', HTMLButtonElement).addEventListener('click', retry);
  }

  /** Shows a status; says nothing anew to screen readers unless it changed. */
  show(status: AppStatus): void {
    this.#status = status;
    const pill = pageElement('status', HTMLButtonElement);
    pill.dataset.phase = status.phase;
    const label = pageElement('status-label', HTMLElement);
    if (label.textContent !== status.label) label.textContent = status.label;
    if (this.#dialog.open) this.#drawDialog();
  }

  #drawDialog(): void {
    const status = this.#status;
    if (status === undefined) return;
    const { lastSyncedAt, shell } = this.#details();
    const last =
      lastSyncedAt === undefined ? 'Not since the start.' : new Date(lastSyncedAt).toLocaleString();
    for (const [id, text] of Object.entries({
      'status-title': status.label,
      'status-server': status.server,
      'status-device': status.device,
      'status-connection': status.connection,
      'status-last': last,
      'status-shell': shell,
    }))
      pageElement(id, HTMLElement).textContent = text;
    pageElement('status-retry', HTMLButtonElement).hidden = !status.canRetry;
  }
}
