// The listeners of a document and the observers of its types, which anybody may add. Yjs calls them in the middle of its own
// work: one that throws would keep it from telling anybody of this change and of every later one.

import type * as Y from 'yjs';
import { throwLater } from '../platform/guarded.js';
import { guardObservers } from './guarded-observers.js';

export interface DocumentGuard {
  /** How many calls of listeners are under way, one within the other. */
  readonly depth: number;
}

const guards = new WeakMap<Y.Doc, DocumentGuard>();

/**
 * From here on every listener and observer of the document is called, whatever the others throw. The first error is thrown by whatever
 * made the change, as Yjs does it, but when all are called; the others reach the page as uncaught errors. It stays so for
 * as long as the document lives. What a listener has stopped before goes on after this turn. Idempotent.
 */
export function guardDocument(doc: Y.Doc): DocumentGuard {
  const existing = guards.get(doc);
  if (existing !== undefined) return existing;
  const guard = { depth: 0 };
  guards.set(doc, guard);
  const thrown: unknown[] = [];
  const failed = (error: unknown): void => void thrown.push(error);
  doc.emit = (name, args) => {
    // A copy: a listener may add or remove others.
    const listeners = Array.from(doc._observers.get(name) ?? []);
    guard.depth++;
    for (const listener of listeners) {
      try {
        listener(...args);
      } catch (error) {
        failed(error);
      }
    }
    guard.depth--;
    if (name === 'beforeObserverCalls') guardObservers(args[0] as Y.Transaction, failed);
    if (thrown.length === 0 || isTelling(doc)) return;
    const [first, ...others] = thrown.splice(0);
    for (const error of others) throwLater(error);
    throw first;
  };
  queueMicrotask(() => goOn(doc));
  return guard;
}

/** Yjs tells of one transaction after the other, and of those that listeners make meanwhile. */
function isTelling(doc: Y.Doc): boolean {
  return doc._transactionCleanups.length > 0;
}

/** Has Yjs tell of the transactions that a listener had kept it from telling of. Not to be called from a listener. */
function goOn(doc: Y.Doc): void {
  if (!isTelling(doc)) return;
  // None is under way between turns: its end was skipped.
  doc._transaction = null;
  const untold = doc._transactionCleanups.filter(({ afterState }) => afterState.size === 0);
  doc._transactionCleanups = [];
  doc.transact(() => void doc._transactionCleanups.push(...untold));
}
