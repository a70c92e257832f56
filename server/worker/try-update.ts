// Tries an update on a document: applies it, encodes the result, loads that again and compares.

import * as Y from 'yjs';
import { mergeAccepted } from '../crdt/merge-updates.js';
import { fairMs } from '../room/load-cost.js';
import type { Tried, TryRequest } from '../room/document-worker.js';
import { SyncError } from '../../shared/errors.js';
import { buildDocument, refusePending, timed } from './build-document.js';
import { orderOf, type AnyType } from './list-order.js';

/**
 * `loaded` is called when the document is loaded and the update is about to be applied. Throws SyncError UPDATE_TOO_COSTLY or
 * UPDATE_INVALID.
 */
export function tryUpdate({ updates, update }: TryRequest, loaded: () => void): Tried {
  const state = mergeAccepted(updates);
  const before = timed(() => buildDocument([state], false));
  const doc = before.result;
  if (update === undefined) return { bytes: state.length, loadMs: reload(doc).ms };
  const texts = textsOf(doc);
  for (const name of texts) doc.getText(name);
  loaded();
  const budgetMs = fairMs(update.length);
  const applied = timed(() => Y.applyUpdate(doc, update));
  refusePending(doc);
  const after = reload(doc, texts);
  if (applied.ms > budgetMs || after.ms - before.ms > budgetMs) throw tooCostly();
  if (!isSame(doc, after.result) && isStable(state))
    throw new SyncError('UPDATE_INVALID', 'the document would be another one after loading it again');
  return { bytes: state.length + update.length, loadMs: after.ms };
}

export function tooCostly(): SyncError {
  return new SyncError('UPDATE_TOO_COSTLY', 'the update would hold up everybody who reads it');
}

/** Loads the document from its own encoding, as the next reader will. */
function reload(doc: Y.Doc, texts: readonly string[] = []): { result: Y.Doc; ms: number } {
  const encoded = Y.encodeStateAsUpdate(doc);
  const again = new Y.Doc({ gc: false });
  for (const name of texts) again.getText(name);
  const { ms } = timed(() => Y.applyUpdate(again, encoded));
  refusePending(again);
  return { result: again, ms };
}

/** Root types with formats. Readers open them as texts, and Yjs then tidies the formats after each update. */
function textsOf(doc: Y.Doc): string[] {
  return [...doc.share].filter(([, type]) => hasFormats(type)).map(([name]) => name);
}

function hasFormats(type: AnyType): boolean {
  for (let item = type._start; item !== null; item = item.right)
    if (item.content instanceof Y.ContentFormat) return true;
  return false;
}

/** Whether both have everything in the same order. What tidying formats deleted does not count. */
function isSame(one: Y.Doc, other: Y.Doc): boolean {
  const order = orderOf(one);
  const otherOrder = orderOf(other);
  return order.length === otherOrder.length && order.every((number, i) => number === otherOrder[i]);
}

/** Whether the document without the update stays what it is when it is loaded again; otherwise the update is not to blame. */
function isStable(state: Uint8Array): boolean {
  const doc = buildDocument([state], false);
  return isSame(doc, reload(doc).result);
}
