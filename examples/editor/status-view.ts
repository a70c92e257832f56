// Draws the status: the pill, the banner when something was refused, and what is kept on this device.

import type { SyncStatus } from '../../client/index.js';
import { pageElement } from './page-elements.js';
import { savedHere, type StatusWords } from './status-words.js';

/** An edit is acknowledged within milliseconds: a pill that changes with every key helps nobody, least of all a screen reader. */
const briefMs = 1_000;

/** Runs while edits are on their way and the pill still says what was before. */
let brief: ReturnType<typeof setTimeout> | undefined;
let latest: StatusWords | undefined;

/** Shows the words in the pill; edits on their way are mentioned only when that takes longer than a moment. */
export function showStatus(words: StatusWords, status: SyncStatus): void {
  const pill = pageElement('status', HTMLElement);
  const isBrief = words.phase === 'syncing' && (pill.dataset.phase === 'synced' || brief !== undefined);
  // For tests: the phase as it is, and whether this device has everything.
  pill.dataset.phase = words.phase;
  pill.dataset.saved = savedHere(status);
  latest = words;
  if (isBrief) brief ??= setTimeout(showLatest, briefMs);
  else showLatest();
}

function showLatest(): void {
  clearTimeout(brief);
  brief = undefined;
  if (latest === undefined) return;
  const pill = pageElement('status', HTMLElement);
  pill.dataset.shown = latest.phase;
  pill.title = latest.detail;
  // Says nothing anew to screen readers unless it changed.
  const label = pageElement('status-label', HTMLElement);
  if (label.textContent !== latest.label) label.textContent = latest.label;
}

/** Wires the banner's button, which is there when trying again can help. */
export function wireBanner(retry: () => void): void {
  pageElement('banner-retry', HTMLButtonElement).addEventListener('click', retry);
}

/** Shows why the server refused; hides the banner when it did not. */
export function showBanner({ refused, detail }: StatusWords): void {
  pageElement('banner', HTMLElement).hidden = refused === undefined;
  if (refused === undefined) return;
  const text = pageElement('banner-text', HTMLElement);
  if (text.textContent !== detail) text.textContent = detail;
  pageElement('banner-retry', HTMLButtonElement).hidden = refused === 'edit';
}

/** Says below the text where it is kept, and why not. */
export function showDeviceNote({ phase, offlineError }: SyncStatus, slot: number): void {
  const device = slot === 1 ? 'this device' : `device ${slot} of this browser`;
  const sentence =
    offlineError === undefined
      ? `Kept on ${device}, with or without the network.`
      : `This browser keeps no copy: edits are safe only once they are synced. (${offlineError.message})`;
  const note = pageElement('device-note', HTMLElement);
  const text = phase === 'loading' ? '' : sentence;
  if (note.textContent !== text) note.textContent = text;
}
