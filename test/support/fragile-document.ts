// A formatted document that Yjs tidies when it is read in causal parts, and not when it is read whole.

import * as Y from 'yjs';
import { splitUpdate } from '../../server/crdt/split-update.js';
import { makeFormattedHistory } from './formatted-histories.js';
import { SeededRandom } from './seeded-random.js';

/** A client that has taken its text before it reads, and how many edits it makes of its own accord. */
export function readerOf(parts: readonly Uint8Array[]): { readonly doc: Y.Doc; readonly edits: number } {
  const doc = new Y.Doc();
  doc.getText('text');
  let edits = 0;
  doc.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin !== 'server') edits++;
  });
  for (const part of parts) Y.applyUpdate(doc, part, 'server');
  return { doc, edits };
}

/** Whoever opens it in causal parts of this size edits it. */
export function fragileDocument(partBytes: number): Y.Doc {
  for (let seed = 1; ; seed++) {
    const { updates } = makeFormattedHistory(new SeededRandom(seed), { clients: 4, steps: 250 });
    let update = Y.mergeUpdates([...updates]);
    // The first to read it tidy what the history has left untidy.
    for (let i = 0; i < 3; i++) update = Y.encodeStateAsUpdate(readerOf([update]).doc);
    const { doc, edits } = readerOf([update]);
    if (edits === 0 && readerOf(splitUpdate(update, partBytes)).edits > 0) return doc;
  }
}
