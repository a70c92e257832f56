// The pill that says where the text is. Both example pages draw theirs here, so that what the shared style reads is always set.

import { pageElement, say } from './page-elements.js';

/** What a pill can say. */
export type PillPhase =
  'loading' | 'offline' | 'connecting' | 'saved-here' | 'syncing' | 'synced' | 'refused';

/** The colour of each: styles/controls.css reads it from `data-tone`. A phase without a tone does not compile. */
const tones: Readonly<Record<PillPhase, 'good' | 'kept' | 'under-way' | 'waits' | 'bad'>> = {
  loading: 'under-way',
  connecting: 'under-way',
  syncing: 'under-way',
  offline: 'waits',
  'saved-here': 'kept',
  synced: 'good',
  refused: 'bad',
};

/** Draws the pill, and tells screen readers, once for the same words: not inside the button, where they may hear nothing. */
export function drawPill(phase: PillPhase, words: string): void {
  pageElement('status', HTMLButtonElement).dataset.tone = tones[phase];
  say('status-label', words);
  say('status-said', words);
}
