// What this Y.Doc itself has written, by the ids that Yjs gives to content. Two documents that have written under the same
// ids hold different content for the same ids: Yjs takes the one for the other, and they differ for good.

import * as Y from 'yjs';

/** Content of one client id: clocks from `from` up to, and without, `to`. */
export interface WrittenRange {
  readonly clientId: number;
  readonly from: number;
  readonly to: number;
}

type States = ReadonlyMap<number, number>;

export class WrittenHere {
  readonly #doc: Y.Doc;
  readonly #foreign: (clientId: number) => void;
  readonly #ranges: WrittenRange[] = [];
  /** The document's client id when the last run of transactions ended. */
  #clientId: number;
  readonly #onTransactions = (_doc: Y.Doc, run: readonly Y.Transaction[]): void => {
    const ids = new Set([
      this.#clientId,
      this.#doc.clientID,
      ...this.#ranges.map(({ clientId }) => clientId),
    ]);
    this.#clientId = this.#doc.clientID;
    run.forEach(({ local, beforeState, afterState }, at) => {
      // What an observer does within a transaction is a transaction of its own, and Yjs counts it to those before too.
      const after = run[at + 1]?.beforeState ?? afterState;
      for (const clientId of ids) this.#grew(clientId, local, beforeState, after);
    });
  };

  /** `foreign` is called when content of somebody else comes under a client id that this document has written under. */
  constructor(doc: Y.Doc, foreign: (clientId: number) => void) {
    this.#doc = doc;
    this.#foreign = foreign;
    this.#clientId = doc.clientID;
    doc.on('afterAllTransactions', this.#onTransactions);
  }

  get ranges(): readonly WrittenRange[] {
    return this.#ranges;
  }

  destroy(): void {
    this.#doc.off('afterAllTransactions', this.#onTransactions);
  }

  #grew(clientId: number, isLocal: boolean, before: States, after: States): void {
    const [from, to] = [before.get(clientId) ?? 0, after.get(clientId) ?? 0];
    if (to === from) return;
    if (isLocal) this.#wrote({ clientId, from, to });
    else if (this.#ranges.some((range) => range.clientId === clientId)) this.#foreign(clientId);
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
