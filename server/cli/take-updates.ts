// Takes Yjs updates from elsewhere into one document of a store, by the same rules as updates from a client.

import { systemClock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { CausalIndex } from '../crdt/causal-index.js';
import type { LevelStore } from '../store/level-store.js';

/** What updates bring to a document. */
export interface Taken {
  /** What is new, in an order in which each can be taken. */
  readonly updates: readonly Uint8Array[];
  /** So many of the updates depend on something that is neither among them nor in the document. */
  readonly incomplete: number;
}

/**
 * Judges updates in any order, and records in `index` what is new. An update whose dependencies come later is looked at again.
 * Throws SyncError for what is not a sound update.
 */
export function takeUpdates(index: CausalIndex, updates: readonly Uint8Array[]): Taken {
  const taken: Uint8Array[] = [];
  let waiting = updates;
  for (;;) {
    const before = taken.length;
    waiting = waiting.filter((update) => {
      const verdict = index.judge(update);
      if (verdict.outcome === 'new') {
        index.apply(verdict);
        taken.push(verdict.update.slice());
      }
      return verdict.isIncomplete;
    });
    if (waiting.length === 0 || taken.length === before) break;
  }
  return { updates: taken, incomplete: waiting.length };
}

/** Appends updates after the offset `head`. Resolves with the offset of the last one. Throws StoreError. */
export async function appendUpdates(
  store: LevelStore,
  document: DocumentName,
  head: number,
  updates: readonly Uint8Array[],
): Promise<number> {
  const time = systemClock.now();
  const records = updates.map((update, i) => ({ offset: head + 1 + i, time, author: '', update }));
  const [outcome] = await store.append([{ document, records }]);
  if (outcome?.kind === 'failed') throw outcome.error;
  return head + updates.length;
}
