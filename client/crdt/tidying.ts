// Which changes of a document Yjs has made of its own accord.

import * as Y from 'yjs';
import { guardDocument, type DocumentGuard } from './guarded-document.js';
import { structsIn } from './structs-in.js';

/**
 * Tells the transactions in which Yjs tidies formatted text after a change from elsewhere: it deletes marks that change
 * nothing. Nothing of such a transaction says so. Yjs begins it itself, when it has told of a transaction from elsewhere
 * (`afterTransaction`) and before it is done with that one (`afterTransactionCleanup`): what begins then, and not in a
 * listener, is of Yjs. An application's edits begin in its listeners and observers, which are called before or after.
 * Source: yjs/src/utils/Transaction.js, cleanupTransactions.
 */
export class Tidying {
  readonly #doc: Y.Doc;
  readonly #guard: DocumentGuard;
  readonly #found = new WeakSet<Y.Transaction>();
  /** The transaction from elsewhere that Yjs has told of and is not done with, and from how deep in listeners it tells. */
  #told: { readonly transaction: Y.Transaction; readonly depth: number } | undefined;
  readonly #begun = (transaction: Y.Transaction): void => {
    if (this.#told?.depth === this.#guard.depth) this.#found.add(transaction);
  };
  readonly #ended = (transaction: Y.Transaction): void => {
    if (!transaction.local) this.#told = { transaction, depth: this.#guard.depth };
    // A listener of its beginning may have added to it.
    else if (this.#found.has(transaction) && !deletesMarksOnly(transaction)) this.#found.delete(transaction);
  };
  readonly #done = (transaction: Y.Transaction): void => {
    if (transaction === this.#told?.transaction) this.#told = undefined;
  };

  constructor(doc: Y.Doc) {
    this.#doc = doc;
    this.#guard = guardDocument(doc);
    doc.on('beforeTransaction', this.#begun);
    doc.on('afterTransaction', this.#ended);
    doc.on('afterTransactionCleanup', this.#done);
  }

  /** To be asked from the transaction's `update` event on. */
  has(transaction: Y.Transaction | undefined): boolean {
    return transaction !== undefined && this.#found.has(transaction);
  }

  destroy(): void {
    this.#doc.off('beforeTransaction', this.#begun);
    this.#doc.off('afterTransaction', this.#ended);
    this.#doc.off('afterTransactionCleanup', this.#done);
  }
}

function deletesMarksOnly({ doc, beforeState, afterState, deleteSet }: Y.Transaction): boolean {
  for (const [client, clock] of afterState) if (beforeState.get(client) !== clock) return false;
  for (const [client, ranges] of deleteSet.clients) {
    for (const { clock, len } of ranges)
      for (const struct of structsIn(doc, client, clock, clock + len))
        if (!(struct instanceof Y.Item && struct.content instanceof Y.ContentFormat)) return false;
  }
  return deleteSet.clients.size > 0;
}
