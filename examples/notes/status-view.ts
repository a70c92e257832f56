// The pill, and the dialog that says it in full.

import { pageElement } from '../editor/page-elements.js';
import { lastSameWords, StatusDialog } from '../editor/status-dialog.js';
import { drawPill } from '../editor/status-pill.js';
import type { AppStatus } from './app-status.js';

/** What the dialog says beside the status. */
export interface StatusDetails {
  readonly lastSyncedAt: number | undefined;
  /** Whether the app itself starts without a network. */
  readonly shell: string;
  /** What went wrong with that, for the technical details. */
  readonly shellProblem: string;
}

/** Wires the pill and its dialog. `details` is asked while the dialog is open. */
export class StatusView {
  readonly #dialog: StatusDialog;
  #status: AppStatus | undefined;

  constructor(details: () => StatusDetails, retry: () => void) {
    this.#dialog = new StatusDialog({
      text: () => {
        const { label, server, device, connection, technical = '' } = this.#status ?? {};
        const { lastSyncedAt, shell, shellProblem } = details();
        return {
          title: label ?? '',
          server: server ?? '',
          device: device ?? '',
          connection: connection ?? '',
          last: lastSameWords(lastSyncedAt),
          shell,
          technical: [technical, shellProblem].filter((one) => one !== '').join('\n'),
        };
      },
      canRetry: () => this.#status?.canRetry === true,
      retry,
    });
  }

  show(status: AppStatus): void {
    this.#status = status;
    // For tests: the phase as it is.
    pageElement('status', HTMLButtonElement).dataset.phase = status.phase;
    drawPill(status.phase, status.label);
    this.#dialog.refresh();
  }
}
