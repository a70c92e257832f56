// Draws the status: the pill, and the banner when something was refused.

import { pageElement } from './page-elements.js';
import { describeRefusal, type Refusal } from './refusal.js';
import type { SyncStatus } from './sync-status.js';

/** Shows a status in the pill, and for tests whether this device has every edit. Says nothing anew to screen readers unless it changed. */
export function showStatus(status: SyncStatus, saved: string): void {
  const pill = pageElement('status', HTMLElement);
  const label = pageElement('status-label', HTMLElement);
  pill.dataset.phase = status.phase;
  pill.dataset.saved = saved;
  pill.title = status.detail;
  if (label.textContent !== status.label) label.textContent = status.label;
}

/** Wires the banner's button, which is there when trying again can help. */
export function wireBanner(retry: () => void): void {
  pageElement('banner-retry', HTMLButtonElement).addEventListener('click', retry);
}

/** Shows why the server refused; hides the banner when it did not. */
export function showBanner(refusal: Refusal | undefined): void {
  pageElement('banner', HTMLElement).hidden = refusal === undefined;
  if (refusal === undefined) return;
  const text = pageElement('banner-text', HTMLElement);
  const sentence = describeRefusal(refusal);
  if (text.textContent !== sentence) text.textContent = sentence;
  pageElement('banner-retry', HTMLButtonElement).hidden = refusal.what !== 'connection';
}
