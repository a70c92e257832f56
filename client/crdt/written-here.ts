// What this Y.Doc itself has written, by the ids that Yjs gives to content. Two documents that have written under the same
// ids hold different content for the same ids: Yjs takes the one for the other, and they differ for good.

import * as Y from 'yjs';

/** Content of one client id: clocks from `from` up to, and without, `to`. */
export interface WrittenRange {
  readonly clientId: number;
  readonly from: number;
  readonly to: number;
}

export class WrittenHere {
  readonly #doc: Y.Doc;
  readonly #onTransaction: (transaction: Y.Transaction) => void;
  readonly #ranges: WrittenRange[] = [];

  /** `foreign` is called when content of somebody else comes under a client id that this document has written under. */
  constructor(doc: Y.Doc, foreign: (clientId: number) => void) {
    this.#doc = doc;
    this.#onTransaction = ({ local, beforeState, afterState }) => {
      for (const clientId of local ? [doc.clientID] : this.#clientIds()) {
        const from = beforeState.get(clientId) ?? 0;
        const to = afterState.get(clientId) ?? 0;
        if (to === from) continue;
        if (local) this.#wrote({ clientId, from, to });
        else foreign(clientId);
      }
    };
    doc.on('afterTransaction', this.#onTransaction);
  }

  get ranges(): readonly WrittenRange[] {
    return this.#ranges;
  }

  destroy(): void {
    this.#doc.off('afterTransaction', this.#onTransaction);
  }

  #clientIds(): Set<number> {
    return new Set(this.#ranges.map(({ clientId }) => clientId));
  }

  #wrote(range: WrittenRange): void {
    const last = this.#ranges.at(-1);
    const isNext = last?.clientId === range.clientId && last.to === range.from;
    if (isNext) this.#ranges[this.#ranges.length - 1] = { ...last, to: range.to };
    else this.#ranges.push(range);
  }
}

/** A client id under which both have written the same clocks; undefined for none. */
export function writtenTwice(
  some: readonly WrittenRange[],
  others: readonly WrittenRange[],
): number | undefined {
  return some.find(({ clientId, from, to }) =>
    others.some((other) => other.clientId === clientId && other.from < to && from < other.to),
  )?.clientId;
}
