// Which changes of a document Yjs has made of its own accord.

import * as Y from 'yjs';

/**
 * Tells the transactions in which Yjs tidies formatted text after a change from elsewhere: it deletes marks that change
 * nothing. Nothing of such a transaction says so. Yjs runs it after a transaction that was not local, before anybody can begin
 * a run of transactions anew; it has no origin, adds nothing and deletes nothing but marks.
 */
export class Tidying {
  readonly #doc: Y.Doc;
  readonly #found = new WeakSet<Y.Transaction>();
  /** The run of transactions that is under way had one from elsewhere. */
  #hasRemote = false;
  readonly #ended = (transaction: Y.Transaction): void => {
    if (!transaction.local) this.#hasRemote = true;
    else if (this.#hasRemote && transaction.origin === null && deletesMarksOnly(transaction))
      this.#found.add(transaction);
  };
  readonly #allEnded = (): void => {
    this.#hasRemote = false;
  };

  constructor(doc: Y.Doc) {
    this.#doc = doc;
    doc.on('afterTransaction', this.#ended);
    doc.on('afterAllTransactions', this.#allEnded);
  }

  /** To be asked from the transaction's `update` event on. */
  has(transaction: Y.Transaction | undefined): boolean {
    return transaction !== undefined && this.#found.has(transaction);
  }

  destroy(): void {
    this.#doc.off('afterTransaction', this.#ended);
    this.#doc.off('afterAllTransactions', this.#allEnded);
  }
}

function deletesMarksOnly({ doc, beforeState, afterState, deleteSet }: Y.Transaction): boolean {
  for (const [client, clock] of afterState) if (beforeState.get(client) !== clock) return false;
  for (const [client, ranges] of deleteSet.clients) {
    for (const { clock, len } of ranges) {
      for (let at = clock; at < clock + len;) {
        const { content, id, length } = Y.getItem(doc.store, Y.createID(client, at));
        if (!(content instanceof Y.ContentFormat)) return false;
        at = id.clock + length;
      }
    }
  }
  return deleteSet.clients.size > 0;
}
