// Draws the status: the pill, and the banner when something was refused.

import type { SyncStatus } from '../../client/index.js';
import { pageElement, say } from './page-elements.js';
import { drawPill } from './status-pill.js';
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
  drawPill(latest.phase, latest.label);
}

/** Wires the banner's button, which is there when trying again can help. */
export function wireBanner(retry: () => void): void {
  pageElement('banner-retry', HTMLButtonElement).addEventListener('click', retry);
}

/** Shows why the server refused; hides the banner when it did not. A reader cannot bring a document back. */
export function showBanner({ refused, detail }: StatusWords, isReader: boolean): void {
  pageElement('banner', HTMLElement).hidden = refused === undefined;
  if (refused === undefined) return;
  say('banner-text', detail);
  pageElement('banner-retry', HTMLButtonElement).hidden =
    refused === 'edit' || (refused === 'deleted' && isReader);
  say('banner-retry', refused === 'deleted' ? 'Bring it back' : 'Try again');
}
